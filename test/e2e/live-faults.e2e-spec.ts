import { join } from 'node:path';
import { LiveSessionClient } from '../support/live-client.js';
import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { until } from '../support/until.js';

const SLOW = 90_000;
const HOSTILE = join(__dirname, '../fixtures/agents/hostile.mjs');

describe('the warm runner over HTTP, when its agents fail', () => {
  let home: ServerHome;
  let app: ServerClient;

  beforeAll(async () => {
    const hostile = `${process.execPath} ${HOSTILE}`;
    home = await ServerHome.make({
      CLAWDFORGE_MAX_LIVE_SESSIONS: '64',
      CLAWDFORGE_AGENTS: `echo,hostile=${hostile} resume close,unclosable=${hostile} resume`,
    });
    await home.start();
    app = await home.admin.mint('app');
  }, SLOW);
  afterAll(() => home.remove(), SLOW);
  afterEach(async () => {
    const { body } = await app.get('/sessions?open=true');
    for (const { session_id: id } of body.sessions) await app.close(id);
    await home.untilNoAgents();
  }, SLOW);

  /** A prompt that goes to an agent in its last moment is another matter: that turn may fail. */
  const untilAllEndsAreKnown = (): Promise<void> =>
    until('the server has seen the end of those that are gone', async () => {
      const { length } = await home.agents();
      return (await app.get('/metrics')).body.includes(`\nclawdforge_agents_live ${length}\n`);
    });
  const killAgents = async (): Promise<void> => {
    const pids = await home.agents();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('they are gone', async () => !(await home.agents()).some((pid) => pids.includes(pid)));
    await untilAllEndsAreKnown();
  };
  const prompts = async (session: LiveSessionClient): Promise<number> =>
    (await session.log()).filter(({ raw }) => raw?.method === 'session/prompt').length;

  describe('an agent that is killed', () => {
    let session: LiveSessionClient;
    beforeEach(async () => {
      session = await LiveSessionClient.open(app);
      await session.say('said before');
    }, SLOW);
    afterEach(async () => {
      await session.expectToRemember('1. said before');
      await session.expectOneEndEach();
    }, SLOW);

    it('between turns costs nothing but its next start', async () => {
      await killAgents();
      expect(await session.say('after')).toContain('(turn 2 of this conversation)');
    });

    it('while the next turn begins ends that turn once, well or not', async () => {
      const killed = killAgents();
      const turnId = await session.submit('in the moment');
      await killed;
      const { status, error_code } = await session.ended(turnId);
      expect([
        ['completed', null],
        ['failed', 'agent_died'],
      ]).toContainEqual([status, error_code]);
    });

    it('before the first event fails the turn, and the prompt is not sent again', async () => {
      const turnId = await session.submit('/hang');
      await session.prompted(turnId);
      const before = await prompts(session);
      await killAgents();
      expect(await session.ended(turnId)).toMatchObject({ status: 'failed', error_code: 'agent_died' });
      expect(await prompts(session)).toBe(before);
    });

    it('in the middle of its reply fails the turn, with all that it said in the log', async () => {
      const turnId = await session.submitUntil('/stream 1000 20', 'message.delta', 3);
      await killAgents();
      const { status, error } = await session.ended(turnId);
      expect([status, error]).toEqual(['failed', expect.stringContaining('SIGKILL')]);
      const events = await session.eventsOf(turnId);
      const deltas = events.filter(({ type }) => type === 'message.delta').map(({ data }) => data.text);
      expect(deltas.length).toBeGreaterThanOrEqual(3);
      expect(deltas).toEqual(deltas.map((_, index) => `chunk ${index + 1} of 1000\n`));
      expect(events.at(-1)!.data).toMatchObject({ ok: false, text: deltas.join('') });
    });
  });

  it('fails the turn whose agent dies with a permission request pending, which is in the log', async () => {
    const session = await LiveSessionClient.open(app, 'hostile');
    await session.say('first');
    const turnId = await session.submit('/ask-and-die');
    expect(await session.ended(turnId)).toMatchObject({ status: 'failed', error_code: 'agent_died' });
    const types = (await session.eventsOf(turnId)).map(({ type }) => type);
    expect(types).toContain('permission.requested');
    expect(await session.say('next')).toBe('well');
    await session.expectOneEndEach();
  });

  it('completes the turn whose agent dies right behind its answer', async () => {
    const session = await LiveSessionClient.open(app, 'hostile');
    for (let n = 0; n < 5; n += 1) {
      expect(await session.say('/answer-and-die')).toBe('well');
      await home.untilNoAgents();
      await untilAllEndsAreKnown();
    }
    const turns = (await app.get(`${session.path}/turns`)).body.turns;
    expect(turns.map((turn: { context_lost: boolean }) => turn.context_lost)).toEqual(Array(5).fill(false));
    await session.expectOneEndEach();
  });

  it('skips garbage and arrays, and hears what is behind them', async () => {
    const session = await LiveSessionClient.open(app, 'hostile');
    expect(await session.say('/garbage')).toBe('clear');
    expect(await session.say('next')).toBe('well');
    await session.expectOneEndEach();
  });

  it(
    'carries a line of 40 MB, and ends a turn whose line is over the limit',
    async () => {
      const session = await LiveSessionClient.open(app, 'hostile');
      const long = await session.submit('/long 40');
      expect(await session.ended(long)).toMatchObject({ status: 'completed' });
      const [delta] = (await app.get(`${session.path}/events?turn_id=${long}&types=message.delta`)).body
        .events;
      expect(delta.data.text).toHaveLength(40 * 1024 * 1024);
      const tooLong = await session.submit('/long 65');
      expect(await session.ended(tooLong)).toMatchObject({
        status: 'failed',
        error_code: 'output_too_large',
        error: expect.stringContaining('67108864 bytes'),
      });
      expect(await session.say('next')).toBe('well');
    },
    SLOW,
  );

  it('answers a permission request that comes while the turn is cancelled, and ends the turn', async () => {
    const session = await LiveSessionClient.open(app, 'hostile', { permissions: 'approve_all' });
    const turnId = await session.submitUntil('/ask-when-cancelled', 'message.delta');
    expect(await session.cancel(turnId)).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled' });
    const events = await session.eventsOf(turnId);
    expect(events.find(({ type }) => type === 'permission.resolved')!.data).toMatchObject({
      outcome: 'cancelled',
    });
    expect(await session.say('next')).toBe('well');
    await session.expectOneEndEach();
  });

  it.each(['cancel', 'DELETE'] as const)(
    'spares the other session of a process when one is deaf to its %s',
    async (how) => {
      const [deaf, other] = [await LiveSessionClient.open(app), await LiveSessionClient.open(app)];
      await deaf.say('of the deaf');
      await other.say('of the other');
      expect(await home.markers()).toHaveProperty('size', 1);
      const stuck = await deaf.submit('/hang-deaf');
      await deaf.prompted(stuck);
      const running = await other.submitUntil('/stream 250 20', 'message.delta');
      if (how === 'cancel') await deaf.cancel(stuck);
      else await app.close(deaf.id);
      expect(await deaf.ended(stuck)).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled' });
      expect(await other.ended(running)).toMatchObject({ status: 'completed' });
      await other.expectToRemember('1. of the other');
      if (how === 'cancel') await deaf.expectToRemember('1. of the deaf');
      await Promise.all([deaf.expectOneEndEach(), other.expectOneEndEach()]);
    },
    SLOW,
  );

  it(
    'stops a process whose agent cannot close the deaf session alone, and says so to the other',
    async () => {
      const [deaf, other] = [
        await LiveSessionClient.open(app, 'unclosable'),
        await LiveSessionClient.open(app, 'unclosable'),
      ];
      await deaf.say('hello');
      await other.say('hello');
      const stuck = await deaf.submit('/silent');
      await deaf.prompted(stuck);
      const bystander = await other.submitUntil('/speak-then-silent', 'message.delta');
      expect(await deaf.cancel(stuck)).toMatchObject({ status: 'cancelled' });
      expect(await other.ended(bystander)).toMatchObject({ status: 'failed', error_code: 'agent_stopped' });
      for (const session of [deaf, other]) {
        const next = await session.submit('next');
        expect(await session.ended(next)).toMatchObject({ status: 'completed', context_lost: false });
        await session.expectOneEndEach();
      }
    },
    SLOW,
  );

  it('leaves no process when sessions are closed while their agents are at work', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, () => LiveSessionClient.open(app)));
    const turns = await Promise.all(sessions.map((session) => session.submit('/stream 1000 20')));
    await Promise.all(sessions.map(({ id }) => app.close(id)));
    for (const [index, session] of sessions.entries()) {
      expect(await session.ended(turns[index]!)).toMatchObject({ status: 'cancelled' });
      await session.expectOneEndEach();
      await until('its log has ended', async () => (await session.log()).at(-1)!.type === 'session.closed');
    }
    await home.untilNoAgents();
  });
});
