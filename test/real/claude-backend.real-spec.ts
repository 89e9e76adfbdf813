import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { synthesizeTurnMessages } from '../../src/core/claude/turn-synthesis.js';
import { TESTED_CLAUDE_VERSION } from '../../src/claude-code/tested-version.js';
import { assistant, BackendHarness, resultIn, saidIn, user } from '../support/backend-harness.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { systemText, userTexts } from '../support/model-request.js';
import { until } from '../support/until.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { claudeCodeVersion, installRealAgents } from './install.js';

describe.each(CLAUDE_ENGINES)('the Claude Code backend with the real claude, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let harness: BackendHarness;

  beforeAll(async () => {
    await installRealAgents();
    await api.start();
  }, 600_000);

  afterAll(() => api.stop());

  beforeEach(async () => {
    api.reset();
    home = await isolatedHome(api.baseUrl);
    const { claudeBin } = await installRealAgents();
    harness = await BackendHarness.open({
      ...home.env,
      CLAUDE_BIN: claudeBin,
      CLAWDFORGE_CLAUDE_ENGINE: engine,
      CLAWDFORGE_CLAUDE_POOL: '3',
      CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
    });
  });

  afterEach(async () => {
    await harness.close();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  const lastTexts = (): string[] => userTexts(api.conversationRequests.at(-1)!);

  it('answers a first message, and its continuation from the same process', async () => {
    const first = await harness.complete([user('marker:ONE say')]);
    expect(saidIn(first)).toBe('user texts: 1; first marker: ONE');
    expect(first[0]).toEqual({ type: 'user', content: 'marker:ONE say' });
    expect(resultIn(first)).toMatchObject({
      subtype: 'success',
      stopReason: 'end_turn',
      numTurns: 1,
      usage: { input_tokens: 11, output_tokens: 1 },
    });
    const pid = harness.backend.liveSessions[0]?.pid;

    const history = [user('marker:ONE say'), ...synthesizeTurnMessages(first)];
    const second = await harness.complete([...history, user('recall')]);

    expect(saidIn(second)).toBe('recalled: ONE');
    expect(resultIn(second)).toMatchObject({ numTurns: 2, sessionId: resultIn(first).sessionId });
    expect(harness.backend.liveSessions).toMatchObject([{ pid, isBusy: false, numTurns: 2 }]);
    expect(lastTexts()).toEqual(['marker:ONE say', 'recall']);
  });

  it('tells what each turn cost by itself, planted histories included, where claude tells it', async () => {
    const asked = [user('say:one'), assistant('one'), user('say:two')];
    const first = await harness.complete(asked);
    const second = await harness.complete([...asked, ...synthesizeTurnMessages(first), user('say:three')]);
    const [cost, next] = [first, second].map((events) => resultIn(events).costUsd);
    if (engine === 'terminal') expect([cost, next]).toEqual([null, null]);
    else expect(cost).toBeGreaterThan(0);
    expect(next ?? 0).toBeCloseTo(cost ?? 0, 9);
  });

  it('tells what is said piece by piece to those who want it, where the engine has the pieces', async () => {
    const events = await harness.complete([user('slow:4:50')], {}, { deltas: true });
    const pieces = events.filter((event) => event.type === 'delta').map(({ text }) => text);
    expect(pieces).toEqual(engine === 'terminal' ? [] : ['part 1. ', 'part 2. ', 'part 3. ', 'part 4. ']);
    expect(saidIn(events)).toBe('part 1. part 2. part 3. part 4. ');
  });

  it('finds the session again by a whole tool cycle, and by its final text alone', async () => {
    const first = await harness.complete([user('tool:bash echo from a tool')]);
    expect(saidIn(first)).toBe('tool said: from a tool');
    const turn = synthesizeTurnMessages(first);
    expect(turn.map(({ role }) => role)).toEqual(['assistant', 'user', 'assistant']);

    const second = await harness.complete([user('tool:bash echo from a tool'), ...turn, user('say:two')]);
    expect(resultIn(second)).toMatchObject({ numTurns: 2 });

    const third = await harness.complete([
      user('tool:bash echo from a tool'),
      ...turn,
      user('say:two'),
      assistant('two'),
      user('say:three'),
    ]);
    expect(resultIn(third)).toMatchObject({ numTurns: 3 });
    expect(saidIn(third)).toBe('three');
  });

  it('plants a history with a tool cycle that claude has never seen', async () => {
    const call = { type: 'tool_use', id: 'toolu_0', name: 'Lookup', input: { q: 'x' } } as const;
    const answer = { type: 'tool_result', tool_use_id: 'toolu_0', content: 'marker:RESULT' } as const;
    const events = await harness.complete([
      user('marker:PLANTED remember'),
      assistant([{ type: 'text', text: 'looking' }, call]),
      user([answer]),
      assistant('done'),
      user('marker:SECOND too'),
      assistant('ok'),
      user('recall'),
    ]);
    expect(saidIn(events)).toBe('recalled: PLANTED SECOND');
    const request = JSON.stringify(api.conversationRequests.at(-1)!.messages);
    for (const part of ['looking', 'Lookup', 'marker:RESULT', 'done']) expect(request).toContain(part);
    expect(lastTexts()).toEqual(['marker:PLANTED remember', 'marker:SECOND too', 'recall']);
  });

  it('tells a history in the prompt when asked to', async () => {
    const events = await harness.complete(
      [user('remember beaver'), assistant('ok'), user('what now?\nsay:told')],
      {
        historyMode: 'concat_message',
      },
    );
    expect(saidIn(events)).toContain('told');
    expect(lastTexts()[0]).toContain('[User]: remember beaver');
  });

  it('passes the model and the system text on', async () => {
    await harness.complete([user('say:hi')], { model: 'claude-test-model', system: 'SYSTEM-MARK-7' });
    const request = api.conversationRequests.at(-1)!;
    expect(request.model).toBe('claude-test-model');
    expect(systemText(request)).toContain('SYSTEM-MARK-7');
  });

  it.each(['error:400', 'error:401', 'half'])(
    'throws after %s, pools no ruin, and takes the next',
    async (prompt) => {
      await expect(harness.complete([user(prompt)])).rejects.toMatchObject({
        name: 'ClaudeTurnError',
        fault: 'api_error',
        apiStatus: prompt === 'half' ? null : Number(prompt.slice(6)),
      });
      expect(harness.backend.liveSessions).toEqual([]);
      expect(saidIn(await harness.complete([user('say:still here')]))).toBe('still here');
    },
  );

  it('ends a turn whose client goes away while the model is silent, and takes the next', async () => {
    const client = new AbortController();
    const running = harness.complete([user('hang')], {}, { signal: client.signal });
    await until('the model is asked', () => api.conversationRequests.length > 0);
    client.abort();
    expect(resultIn(await running)).toMatchObject({ subtype: 'cancelled', stopReason: 'cancelled' });
    expect(harness.backend.liveSessions).toEqual([]);
    expect(await home.processes()).toEqual([]);
    expect(saidIn(await harness.complete([user('say:next')]))).toBe('next');
  });

  it('leaves no tool running, not even one in a session of its own', async () => {
    const client = new AbortController();
    const prompt = 'tool:bash setsid sleep 600 & echo > started; sleep 600';
    const running = harness.complete([user(prompt)], { cwd: home.work }, { signal: client.signal });
    await until('the tool runs', async () => (await readdir(home.work)).includes('started'));
    client.abort();
    await running;
    expect(await home.processes()).toEqual([]);
  });

  it('gives up at the deadline', async () => {
    const turn = harness.complete([user('hang')], {}, { timeoutMs: 6000 });
    await expect(turn).rejects.toMatchObject({ fault: 'timeout' });
    expect(await home.processes()).toEqual([]);
  });

  it('starts anew when the waiting claude was killed', async () => {
    const first = await harness.complete([user('marker:LOST x')]);
    const pid = harness.backend.liveSessions[0]?.pid;
    process.kill(pid!, 'SIGKILL');
    await until('the session is gone', () => harness.backend.liveSessions.length === 0);
    const history = [user('marker:LOST x'), ...synthesizeTurnMessages(first)];
    const second = await harness.complete([...history, user('recall')]);
    expect(saidIn(second)).toBe('recalled: LOST');
    expect(resultIn(second).numTurns).toBe(1);
  });

  it('keeps nothing of a closed session on the disk', async () => {
    await harness.complete([user('say:hi')]);
    expect(await readdir(path.join(harness.directory, 'claude-code', 'sessions'))).toHaveLength(1);
    await harness.backend.close();
    expect(await readdir(path.join(harness.directory, 'claude-code', 'sessions'))).toEqual([]);
  });

  it('knows the version that it was tested with', async () => {
    await harness.version.check();
    expect(harness.version.state).toEqual({
      isPresent: true,
      found: claudeCodeVersion,
      tested: TESTED_CLAUDE_VERSION,
      isTested: true,
    });
  });
});
