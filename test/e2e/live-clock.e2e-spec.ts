import { SweeperService } from '../../src/sweeper/sweeper.service.js';
import { LiveSessionClient } from '../support/live-client.js';
import { agentsOf, ServerClient } from '../support/server-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const HOUR = 3600;

describe('a wall clock that steps', () => {
  let server: TestApp;
  let app: ServerClient;

  beforeEach(async () => {
    server = await startTestApp({
      withRealRunner: true,
      env: { CLAWDFORGE_AGENTS: 'echo', CLAWDFORGE_SESSION_TTL_SECS: String(2 * HOUR) },
    });
    app = new ServerClient(server.baseUrl, (await server.mint('app')).replace('Bearer ', ''));
  });
  afterEach(async () => {
    await server.close();
    const left = await agentsOf(server.dataDir);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect(left).toEqual([]);
  });

  it('may step the times of events, never their order, their cursors or the durations of turns', async () => {
    const session = await LiveSessionClient.open(app);
    const stream = await session.follow();
    for (const step of [-HOUR, 3 * HOUR, -24 * HOUR, HOUR]) {
      const turnId = await session.submitUntil('/stream 20 10', 'message.delta', 2);
      server.clock.advanceSecs(step);
      const ended = await session.ended(turnId);
      expect(ended).toMatchObject({ status: 'completed', deadline: null });
      expect(ended.duration_ms).toBeLessThan(30_000);
    }
    const log = await session.log();
    const times = log.map(({ at_ms }) => at_ms);
    expect(times).not.toEqual([...times].sort((one, other) => one - other));
    expect(log.flatMap(({ turn_index }) => turn_index ?? [])).toEqual(
      log.flatMap(({ turn_index }) => turn_index ?? []).sort((one, other) => one - other),
    );
    await until('the follower has it all', () => stream.events.length === log.length);
    expect(stream.events.map(({ data }) => data)).toEqual(log);
    stream.leave();
    for (const [index, { id }] of log.entries()) {
      if (index % 10 !== 0) continue;
      const { body } = await app.get(`${session.path}/events?limit=1&after=${id}`);
      expect(body.events).toEqual(log.slice(index + 1, index + 2));
    }
    await session.expectOneEndEach();
    await session.expectToRemember('4. /stream 20 10');
  });

  it('lets the sweeper close what is idle by it, but no session with a turn', async () => {
    const [busy, idle] = [await LiveSessionClient.open(app), await LiveSessionClient.open(app)];
    await idle.say('hello');
    const turnId = await busy.submit('/hang');
    await busy.prompted(turnId);
    const sweeper = server.app.get(SweeperService);

    server.clock.advanceSecs(-48 * HOUR);
    expect(await sweeper.sweep()).toEqual({ soft_closed: 0, hard_deleted: 0 });
    server.clock.advanceSecs(48 * HOUR + 3 * HOUR);
    expect(await sweeper.sweep()).toEqual({ soft_closed: 1, hard_deleted: 0 });
    expect((await app.get(idle.path)).body.closed).toBe(true);
    expect((await busy.turn(turnId)).status).toBe('running');
    expect(await busy.cancel(turnId)).toMatchObject({ status: 'cancelled' });
    // The end of the turn began its idle time anew.
    expect(await sweeper.sweep()).toEqual({ soft_closed: 0, hard_deleted: 0 });
    await busy.say('still here');
    await busy.expectOneEndEach();
  });
});
