import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LiveSessionClient } from '../support/live-client.js';
import { ServerHome } from '../support/server-home.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const SLOW = 90_000;
const HOSTILE = `${process.execPath} ${join(__dirname, '../fixtures/agents/hostile.mjs')} resume close`;
const itOnLinux = process.platform === 'linux' ? it : it.skip;

describe('the built server with warm agents, as its own life goes on', () => {
  let home: ServerHome;
  afterEach(() => home.remove(), SLOW);

  it(
    'lets idle sessions hibernate without a process, and wakes them with their context',
    async () => {
      home = await ServerHome.make({ CLAWDFORGE_AGENT_IDLE_SECS: '1', CLAWDFORGE_AGENTS: 'echo' });
      await home.start();
      const app = await home.admin.mint('app');
      const sessions = await Promise.all(Array.from({ length: 6 }, () => LiveSessionClient.open(app)));
      for (const round of [1, 2]) {
        await Promise.all(
          sessions.map(async (session, index) => {
            expect(await session.say(`round ${round} of ${index}`)).toContain(`(turn ${2 * round - 1} of`);
          }),
        );
        await home.untilNoAgents();
        expect((await app.get('/healthz')).body.open_sessions).toBe(6);
        for (const [index, session] of sessions.entries()) {
          await session.expectToRemember(`round ${round} of ${index}`);
        }
      }
      const busy = await sessions[0]!.submit('/sleep 2500');
      expect(await sessions[0]!.ended(busy)).toMatchObject({ status: 'completed', context_lost: false });
      await home.untilNoAgents();
    },
    SLOW,
  );

  it(
    'keeps two agents going in turns where one process may live',
    async () => {
      home = await ServerHome.make({
        CLAWDFORGE_MAX_LIVE_AGENTS: '1',
        CLAWDFORGE_AGENTS: `echo,mine=${HOSTILE}`,
      });
      await home.start();
      const app = await home.admin.mint('app');
      const echo = await LiveSessionClient.open(app, 'echo');
      const mine = await LiveSessionClient.open(app, 'mine');
      for (let round = 1; round <= 3; round += 1) {
        expect(await echo.say(`round ${round}`)).toContain(`(turn ${round} of this conversation)`);
        expect((await home.markers()).size).toBe(1);
        expect(await mine.say('hello')).toBe('well');
        expect((await home.markers()).size).toBe(1);
      }
      const busy = await echo.submitUntil('/stream 40 25', 'message.delta');
      const waiting = await mine.submit('waits for the place');
      expect((await mine.turn(waiting)).status).toBe('running');
      expect(await echo.ended(busy)).toMatchObject({ status: 'completed' });
      expect(await mine.ended(waiting)).toMatchObject({ status: 'completed', context_lost: false });
      await echo.expectToRemember('3. round 3');
      await Promise.all([echo.expectOneEndEach(), mine.expectOneEndEach()]);
    },
    SLOW,
  );

  const limitFiles = (pid: number, bytes: number | 'unlimited') =>
    run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  /** From now on the server cannot write to its ledger; its agents are not concerned. */
  const fillDisk = async (pid: number, session: LiveSessionClient): Promise<void> => {
    await limitFiles(pid, (await stat(join(home.dataDir, 'clawdforge.db-wal'))).size);
    await until(
      'the disk is full',
      async () => (await session.app.call('POST', `${session.path}/turns`, { prompt: 'x' })).status === 503,
    );
  };

  itOnLinux(
    'loses nothing when the disk fills up while a turn streams',
    async () => {
      home = await ServerHome.make({ CLAWDFORGE_AGENTS: 'echo' });
      const { pid } = await home.start();
      const app = await home.admin.mint('app');
      const session = await LiveSessionClient.open(app);
      const stream = await session.follow();

      const turnId = await session.submit('/stream 200 10');
      await until('it streams', () => stream.events.length > 10);
      await fillDisk(pid, session);
      const told = stream.events.length;
      const whileFull = await session.log();
      expect(whileFull.length).toBeGreaterThanOrEqual(told);
      expect((await session.turn(turnId)).status).toBe('running');
      await limitFiles(pid, 'unlimited');

      expect(await session.ended(turnId)).toMatchObject({ status: 'completed' });
      const events = await session.eventsOf(turnId);
      const deltas = events.filter(({ type }) => type === 'message.delta');
      expect(deltas.map(({ data }) => data.text)).toEqual(
        Array.from({ length: 200 }, (_, index) => `chunk ${index + 1} of 200\n`),
      );
      const log = await session.log();
      expect(log.slice(0, whileFull.length)).toEqual(whileFull);
      await until('the follower has it all', () => stream.events.length === log.length);
      expect(stream.events.map(({ data }) => data)).toEqual(log);
      stream.leave();
      await session.expectToRemember('/stream 200 10');
      await session.expectOneEndEach();
    },
    SLOW,
  );

  itOnLinux(
    'fails the turn that says more than can be kept while the disk is full, and keeps all that it told',
    async () => {
      home = await ServerHome.make({ CLAWDFORGE_AGENTS: `mine=${HOSTILE}` });
      const { pid } = await home.start();
      const app = await home.admin.mint('app');
      const session = await LiveSessionClient.open(app, 'mine');
      await session.say('hello');
      const stream = await session.follow();
      const turnId = await session.submitUntil('/flood-after go 40000', 'message.delta');
      await fillDisk(pid, session);
      await writeFile(join(home.home, 'go'), '');
      // What cannot be kept is not let run on: its agent is asked to cancel.
      const calls = join(home.home, 'calls.jsonl');
      await until('it is cancelled', async () => (await readFile(calls, 'utf8')).includes('session/cancel'));
      expect((await session.turn(turnId)).status).toBe('running');
      await limitFiles(pid, 'unlimited');

      expect(await session.ended(turnId)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('storage'),
      });
      const said = (await session.eventsOf(turnId))
        .filter(({ type }) => type === 'message.delta')
        .map(({ data }) => data.text);
      expect(said.length).toBeLessThan(40_000);
      expect(said).toEqual(['ready', ...said.slice(1).map((_, index) => `chunk ${index}`)]);
      expect(await session.say('next')).toBe('well');
      await session.expectOneEndEach();
      const log = await session.log();
      await until('the follower has it all', () => stream.events.length === log.length);
      expect(stream.events.map(({ id }) => id)).toEqual(log.map(({ id }) => id));
      stream.leave();
    },
    SLOW,
  );

  it(
    'ends turns, then streams, at SIGTERM; what followed them goes on after the start',
    async () => {
      home = await ServerHome.make({ CLAWDFORGE_DRAIN_SECS: '1', CLAWDFORGE_AGENTS: 'echo' });
      const server = await home.start();
      const app = await home.admin.mint('app');
      const [short, long] = [await LiveSessionClient.open(app), await LiveSessionClient.open(app)];
      const streams = [await short.follow(), await long.follow()];
      await short.submitUntil('/stream 10 50', 'message.delta');
      await long.submitUntil('/stream 1000 20', 'message.delta');
      const queued = await long.submit('behind it');
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(await home.agents()).toEqual([]);
      await Promise.all(streams.map(({ ended }) => ended));
      expect(streams[0]!.events.at(-1)!.event).toBe('turn.completed');
      expect(streams[1]!.events.map(({ event }) => event)).toContain('turn.cancelled');

      await home.start();
      for (const [index, session] of [short, long].entries()) {
        const seen = streams[index]!.events;
        const rest = await session.follow({ 'last-event-id': seen.at(-1)!.id });
        await session.expectToRemember('1. /stream');
        await session.expectOneEndEach();
        const log = await session.log();
        await until('the rest came', () => rest.events.length === log.length - seen.length);
        expect([...seen, ...rest.events].map(({ data }) => data)).toEqual(log);
        rest.leave();
      }
      expect(await long.turn(queued)).toMatchObject({ status: 'cancelled', started_at: null });
    },
    SLOW,
  );
});
