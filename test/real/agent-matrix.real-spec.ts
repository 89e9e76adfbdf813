import { readdir } from 'node:fs/promises';
import { FakeModelApi } from '../support/fake-model-api.js';
import { userTexts } from '../support/model-request.js';
import { followEvents } from '../support/event-stream.js';
import { parentOf } from '../support/find-processes.js';
import { LiveSessionClient } from '../support/live-client.js';
import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import type { LoggedEvent } from '../support/session-log.js';
import type { ServerProcess } from '../support/server-process.js';
import { until } from '../support/until.js';
import { MATRIX_AGENTS } from './matrix-agents.js';

/** Half a minute of a reply, were it not cut off. */
const LONG = 'slow:600:50';

describe.each(MATRIX_AGENTS)('the built server with the warm $name $version', (agent) => {
  const api = new FakeModelApi();
  let home: ServerHome;
  let server: ServerProcess;
  let app: ServerClient;

  beforeAll(async () => {
    await api.start();
    home = await ServerHome.make({
      ...(await agent.prepare(api.baseUrl)),
      CLAWDFORGE_AGENTS: agent.name,
      CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
      CLAWDFORGE_MAX_LIVE_SESSIONS: '64',
      // One process for all tests: it takes seconds to start.
      CLAWDFORGE_SESSIONS_PER_AGENT: '64',
    });
    await agent.furnish(home.home, api.baseUrl);
    server = await home.start();
    app = await home.admin.mint('app');
  }, 600_000);

  afterAll(async () => {
    await home.remove();
    await api.stop();
  });

  beforeEach(() => api.reset());

  const open = (more: object = {}) => LiveSessionClient.open(app, agent.name, more);
  /** What the end of a turn says in which the model tells the markers of all texts before. */
  const recall = async (session: LiveSessionClient): Promise<LoggedEvent['data']> => {
    const turnId = await session.submit('recall');
    expect(await session.ended(turnId)).toMatchObject({ status: 'completed' });
    return (await session.eventsOf(turnId)).at(-1)!.data;
  };
  /** The agent's processes: those that we started, those that they started, and so on. */
  const generations = async (): Promise<number[][]> => {
    const agents = await home.agents();
    const parents = await Promise.all(agents.map(parentOf));
    const childrenOf = (pids: number[]) => agents.filter((_, index) => pids.includes(parents[index]!));
    const found: number[][] = [];
    for (let next = childrenOf([server.pid]); next.length > 0; next = childrenOf(next)) found.push(next);
    return found;
  };
  /** The session was taken up again: what was said is known, or the turn says that it is not. */
  const expectRecalled = async (session: LiveSessionClient, said: RegExp): Promise<void> => {
    const { text, context_lost: isLost } = await recall(session);
    expect(isLost).toBe(agent.mayLoseContext && text === 'recalled: nothing');
    if (isLost !== true) expect(text).toMatch(said);
  };
  const typesOf = async (session: LiveSessionClient, turnId: string): Promise<string[]> =>
    (await session.eventsOf(turnId)).map(({ type }) => type);
  const untilAsked = (text: string): Promise<void> =>
    until('the model is asked', () => api.requests.some((request) => userTexts(request).at(-1) === text));
  const directoryOf = async (session: LiveSessionClient): Promise<string[]> =>
    readdir((await app.get(session.path)).body.cwd);

  it('keeps the context from turn to turn, and says its version', async () => {
    const session = await open();
    expect(await session.say('marker:FIRST remember this')).toBe('user texts: 1; first marker: FIRST');
    const second = await recall(session);
    expect(second).toMatchObject({ turn_index: 2, stop_reason: 'end_turn', text: 'recalled: FIRST' });
    expect(second.usage).toEqual(agent.tellsUsage ? expect.objectContaining({ input_tokens: 11 }) : null);
    expect(userTexts(api.conversationRequests.at(-1)!)).toEqual(['marker:FIRST remember this', 'recall']);
    const { agents } = (await app.get('/agents')).body;
    expect(agents).toMatchObject([{ name: agent.name, installed: true, version: agent.version }]);
  });

  it('streams the answer of a turn', async () => {
    const session = await open();
    const stream = await followEvents(`${app.baseUrl}${session.path}/turn`, {
      method: 'POST',
      headers: { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'slow:5:20' }),
    });
    await stream.ended;
    const text = 'part 1. part 2. part 3. part 4. part 5. ';
    const deltas = stream.events.filter(({ event }) => event === 'message.delta');
    expect(deltas.length).toBeGreaterThanOrEqual(5);
    expect(deltas.map(({ data }) => data.data.text).join('')).toBe(text);
    expect(stream.events.at(-1)).toMatchObject({ event: 'turn.completed', data: { data: { text } } });
  });

  it('is followed while it speaks, cancelled in the middle of it, and knows what was said before', async () => {
    const session = await open();
    await session.say('marker:BEFORE');
    const stream = await session.follow();
    const turnId = await session.submit(LONG);
    await until(
      'some of the reply is there',
      () =>
        stream.events.filter(({ event, data }) => event === 'message.delta' && data.turn_id === turnId)
          .length > 2,
    );
    expect((await session.turn(turnId)).status).toBe('running');
    expect(await session.cancel(turnId)).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled' });
    expect(await recall(session)).toMatchObject({ text: 'recalled: BEFORE', context_lost: false });
    const log = await session.log();
    await until('the follower has it all', () => stream.events.length === log.length);
    expect(stream.events.map(({ data }) => data)).toEqual(log);
    stream.leave();
    await session.expectOneEndEach();
  });

  it('is cancelled while its model is silent, and takes the next turn', async () => {
    const session = await open();
    await session.say('marker:KEPT');
    const turnId = await session.submit('hang');
    await untilAsked('hang');
    expect(await session.cancel(turnId)).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled' });
    expect(await recall(session)).toMatchObject({ text: 'recalled: KEPT', context_lost: false });
    await session.expectOneEndEach();
  });

  it('says what the provider refused, and takes the next turn', async () => {
    const session = await open();
    const { status, body } = await app.turn(session.id, 'error:400');
    expect([status, body.stop_reason]).toEqual([502, 'error']);
    expect(body.error).toContain('asked for 400');
    expect(await session.say('say:still here')).toBe('still here');
  });

  it.each([
    ['approve_all', 'allow_once', ['made']],
    ['deny_all', 'reject_once', []],
  ])('is answered by %s when it asks for permission', async (permissions, kind, made) => {
    const session = await open({ permissions });
    const turnId = await session.submit('tool:bash touch made');
    expect(await session.ended(turnId)).toMatchObject({ status: 'completed' });
    const events = await session.eventsOf(turnId);
    const [asked, ...others] = events.filter(({ type }) => type === 'permission.requested');
    expect(others).toEqual([]);
    const chosen = asked!.data.options.find((option: { kind: string }) => option.kind === kind);
    expect(events.find(({ type }) => type === 'permission.resolved')!.data).toMatchObject({
      outcome: 'selected',
      option_id: chosen.optionId,
    });
    expect(await directoryOf(session)).toEqual(made);
    expect(await session.say('say:next')).toBe('next');
  });

  it('takes a model and a mode, and names those that it has not', async () => {
    const { value, asked } = agent.model;
    const session = await open({ model: value, mode: agent.freeMode, permissions: 'deny_all' });
    const turnId = await session.submit('tool:bash touch made');
    expect(await session.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(api.conversationRequests[0]!.model).toBe(asked);
    // In this mode nobody is asked, so nothing is denied.
    expect(await typesOf(session, turnId)).not.toContain('permission.requested');
    expect(await directoryOf(session)).toEqual(['made']);

    for (const field of agent.refuses) {
      const change = await app.call('PATCH', session.path, { [field]: 'nonsense' });
      expect([change.status, change.body.errors]).toEqual([422, [expect.objectContaining({ field })]]);
      const refused = await app.call('POST', '/sessions', { agent: agent.name, [field]: 'nonsense' });
      expect([refused.status, refused.body.errors]).toEqual([422, [expect.objectContaining({ field })]]);
    }
    expect(await session.say('say:unharmed')).toBe('unharmed');
  });

  it.each(agent.deaths)('goes on when $of was killed in mid-turn', async ({ generation, end, recalled }) => {
    const session = await open();
    await session.say('marker:BEFORE');
    const turnId = await session.submitUntil(`marker:CUT off\n${LONG}`, 'message.delta', 2);
    const doomed = (await generations()).slice(generation);
    for (const pid of doomed[0]!) process.kill(pid, 'SIGKILL');
    expect(await session.ended(turnId)).toMatchObject(end);
    // A prompt that goes to an agent in its last moment may fail with it.
    const isGone = async (): Promise<boolean> => {
      const living = await home.agents();
      return doomed.flat().every((pid) => !living.includes(pid));
    };
    await until('all that it had started is gone', isGone);
    await expectRecalled(session, recalled);
    await session.expectOneEndEach();
  });

  it('goes on after the server was killed in mid-turn, hibernates without a process, and wakes', async () => {
    const session = await open();
    await session.say('marker:BEFORE');
    const turnId = await session.submitUntil(LONG, 'message.delta', 2);
    const before = await home.agents();
    await server.kill();
    server = await home.start({ CLAWDFORGE_AGENT_IDLE_SECS: '1' });
    const living = await home.agents();
    expect(before.filter((pid) => living.includes(pid))).toEqual([]);
    expect((await session.turn(turnId)).status).toBe('unknown');
    await expectRecalled(session, /^recalled: BEFORE$/);
    await session.say('marker:ASLEEP');
    await home.untilNoAgents();
    await expectRecalled(session, /ASLEEP$/);
    await session.expectOneEndEach();
    await app.close(session.id);
    await home.untilNoAgents();
  });
});
