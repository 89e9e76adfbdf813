import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChatMessage } from '../core/claude/chat-message.js';
import { synthesizeTurnMessages } from '../core/claude/turn-synthesis.js';
import { assistant, BackendHarness, resultIn, saidIn, user } from '../../test/support/backend-harness.js';
import {
  answer,
  apiErrorRecord,
  assistantRecord,
  ScriptedFactory,
  SCRIPTED_COST_USD,
  toolResultRecord,
  toolUseRecord,
  userRecord,
  type TurnScript,
} from '../../test/support/scripted-claude.js';
import { until } from '../../test/support/until.js';
import { CLAUDE_ENGINES } from '../config/app-config.js';

describe.each(CLAUDE_ENGINES)('ClaudeCodeBackend, engine %s', (engine) => {
  let harness: BackendHarness;
  let factory: ScriptedFactory;

  const open = async (scripts: TurnScript[][], more: Record<string, string> = {}): Promise<void> => {
    factory = new ScriptedFactory(scripts);
    harness = await BackendHarness.open({ CLAWDFORGE_CLAUDE_ENGINE: engine, ...more }, factory);
  };

  afterEach(async () => {
    await harness.close();
    expect(factory.spawned.every(({ wasClosed }) => wasClosed)).toBe(true);
    expect(harness.backend.liveSessions).toEqual([]);
  });

  describe('refuses before anything is started', () => {
    const refused = async (messages: unknown[]): Promise<unknown> => {
      await open([]);
      const error: unknown = await harness
        .complete(messages as ChatMessage[])
        .catch((thrown: unknown) => thrown);
      expect(factory.spawned).toEqual([]);
      return error;
    };

    it('an empty history', async () => {
      expect(await refused([])).toMatchObject({
        code: 'validation_failed',
        errors: [{ field: 'messages', message: expect.stringContaining('empty') }],
      });
    });

    it('a history whose last message is not the user’s', async () => {
      expect(await refused([assistant('hi')])).toMatchObject({
        code: 'validation_failed',
        errors: [{ field: 'messages', message: expect.stringContaining('user') }],
      });
    });

    it('a tool result that answers no call', async () => {
      const stray = user([{ type: 'tool_result', tool_use_id: 'nobody', content: 'x' }]);
      expect(await refused([stray, user('hi')])).toMatchObject({
        errors: [{ field: 'messages[0].content[0]' }],
      });
    });

    it('everything once it is closed', async () => {
      await open([]);
      await harness.backend.close();
      await expect(harness.complete([user('hi')])).rejects.toMatchObject({ code: 'draining' });
    });

    it('everything where claude is missing', async () => {
      await open([]);
      factory.isInstalled = false;
      await expect(harness.complete([user('hi')])).rejects.toThrow('not installed');
    });
  });

  it('answers one message from a fresh session, with the events and a result at the end', async () => {
    await open([[answer('hi', 'hello there')]]);
    const events = await harness.complete([user('hi')]);
    expect(events.map(({ type }) => type)).toEqual(['user', 'assistant', 'result']);
    expect(saidIn(events)).toBe('hello there');
    expect(resultIn(events)).toMatchObject({
      subtype: 'success',
      stopReason: 'end_turn',
      numTurns: 1,
      durationMs: expect.any(Number),
      sessionId: factory.spawned[0]?.spec.id,
      usage: { input_tokens: 1, output_tokens: 1 },
    });
    expect(factory.spawned).toHaveLength(1);
    expect(factory.spawned[0]?.writes).toEqual(['hi']);
    expect(factory.seeds).toEqual([]);
  });

  it('shows a session during its turn and while it waits, and no longer once closed', async () => {
    await open([[answer('hi', 'hello there')]]);
    const seen: boolean[] = [];
    for await (const event of harness.backend.complete({ app: 'app', messages: [user('hi')] })) {
      if (event.type !== 'result') seen.push(...harness.backend.liveSessions.map(({ isBusy }) => isBusy));
    }
    expect(seen).toEqual([true, true]);
    expect(harness.backend.liveSessions).toMatchObject([
      { id: factory.spawned[0]?.spec.id, app: 'app', engine, isBusy: false, numTurns: 1 },
    ]);
    await harness.backend.close();
    expect(harness.backend.liveSessions).toEqual([]);
  });

  it('continues a history from the session that holds it, with no new process and no seed', async () => {
    await open([[answer('hi', 'hello there'), answer('again', 'hi again')]]);
    await harness.complete([user('hi')]);
    const events = await harness.complete([
      user('hi'),
      assistant([{ type: 'text', text: 'hello there' }]),
      user('again'),
    ]);
    expect(factory.spawned).toHaveLength(1);
    expect(factory.spawned[0]?.writes).toEqual(['hi', 'again']);
    expect(factory.seeds).toEqual([]);
    expect(resultIn(events).numTurns).toBe(2);
  });

  const cycle = (): TurnScript => [
    userRecord('look up X'),
    toolUseRecord('tu_1'),
    toolResultRecord('tu_1', 'result body'),
    assistantRecord('done'),
  ];

  it('finds the session by a whole tool cycle, whatever of it is null or absent', async () => {
    await open([[cycle(), answer('now what', 'ack')]]);
    await harness.complete([user('look up X')]);
    const result = {
      type: 'tool_result',
      tool_use_id: 'tu_1',
      content: 'result body',
      is_error: null,
    } as const;
    await harness.complete([
      user('look up X'),
      assistant([{ type: 'tool_use', id: 'tu_1', name: 'Read', input: { q: 'x' } }]),
      user([result]),
      assistant([{ type: 'text', text: 'done' }]),
      user('now what'),
    ]);
    expect(factory.spawned).toHaveLength(1);
    expect(factory.spawned[0]?.writes).toEqual(['look up X', 'now what']);
  });

  it('finds the session by the final text, or by what else the dialect showed', async () => {
    await open([[cycle(), answer('more', 'and more'), answer('last', 'end')]]);
    await harness.complete([user('look up X')]);
    const shown = [user('look up X'), assistant('done'), user('more')];
    await harness.complete(shown, {}, { echoOf: () => [assistant('shown otherwise')] });
    await harness.complete([...shown, assistant('shown otherwise'), user('last')]);
    expect(factory.spawned).toHaveLength(1);
  });

  it('plants a history that no session holds and sends only the last message', async () => {
    await open([[answer('how are you?', 'good')]]);
    const events = await harness.complete([user('remember beaver'), assistant('ok'), user('how are you?')]);
    expect(factory.spawned[0]?.writes).toEqual(['how are you?']);
    const records = factory.seeds[0]!.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ type }) => type)).toEqual([
      'permission-mode',
      'file-history-snapshot',
      'user',
      'assistant',
    ]);
    expect(records[2].message.content).toBe('remember beaver');
    expect(records[3].message.content).toEqual([{ type: 'text', text: 'ok' }]);
    expect(saidIn(events)).toBe('good');
    expect(resultIn(events).numTurns).toBe(1);
  });

  it('tells the history in the prompt instead, when asked to', async () => {
    await open([[answer('how are you?', 'good')]]);
    const history = [user('remember beaver'), assistant('ok'), user('how are you?')];
    await harness.complete(history, { historyMode: 'concat_message' });
    expect(factory.seeds).toEqual([]);
    const [sent] = factory.spawned[0]!.writes;
    for (const part of [
      'Previous conversation context:',
      '[User]: remember beaver',
      '[Assistant]: ok',
      'Continue from here. New user message: how are you?',
    ]) {
      expect(sent).toContain(part);
    }
  });

  describe('never meets in one session', () => {
    const history = [user('hi'), assistant('hello'), user('again')];

    it.each([
      ['two apps with one history', { app: 'other' }],
      ['two models', { model: 'another' }],
      ['two system texts', { system: 'be brief' }],
      ['two sets of tools', { disallowedTools: ['Bash'] }],
      ['two permission modes', { permissionMode: 'plan' as const }],
      ['two sets of MCP servers', { mcpServers: { echo: { command: '/bin/echo' } } }],
    ])('%s', async (_name, more) => {
      await open([[answer('hi', 'hello')], [answer('again', 'anew')]]);
      await harness.complete([user('hi')]);
      await harness.complete(history, more);
      expect(factory.spawned).toHaveLength(2);
      expect(factory.seeds).toHaveLength(1);
    });

    it('two requests with one history at once', async () => {
      await open([[answer('hi', 'hello'), answer('again', 'one')], [answer('again', 'two')]]);
      await harness.complete([user('hi')]);
      const answers = await Promise.all([harness.complete(history), harness.complete(history)]);
      expect(factory.spawned.map(({ writes }) => writes)).toEqual([['hi', 'again'], ['again']]);
      expect(answers.map(saidIn).sort()).toEqual(['one', 'two']);
    });
  });

  it('closes a session whose turn failed, and never uses it again', async () => {
    await open([[[userRecord('hi'), apiErrorRecord(529, 'Overloaded')]], [answer('hi', 'hello')]]);
    await expect(harness.complete([user('hi')])).rejects.toMatchObject({
      name: 'ClaudeTurnError',
      fault: 'api_error',
      apiStatus: 529,
      message: 'Overloaded',
    });
    expect(harness.backend.liveSessions).toEqual([]);
    expect(factory.spawned[0]?.wasClosed).toBe(true);
    expect(saidIn(await harness.complete([user('hi')]))).toBe('hello');
  });

  it('closes a session that compacted its history', async () => {
    const boundary = { type: 'system', subtype: 'compact_boundary' };
    await open([[[userRecord('hi'), boundary, assistantRecord('hello')]]]);
    expect(saidIn(await harness.complete([user('hi')]))).toBe('hello');
    expect(harness.backend.liveSessions).toEqual([]);
  });

  it('closes a session whose claude hangs and never takes the prompt', async () => {
    await open([[answer('hi', 'hello'), []], [answer('again', 'anew')]]);
    await harness.complete([user('hi')]);
    const continuation = [user('hi'), assistant('hello'), user('again')];
    await expect(harness.complete(continuation)).rejects.toMatchObject({ fault: 'not_acknowledged' });
    expect(harness.backend.liveSessions).toEqual([]);
    expect(saidIn(await harness.complete(continuation))).toBe('anew');
  });

  it('tells with a failure what the turn had used up', async () => {
    const script = [userRecord('hi'), toolUseRecord('t1'), toolResultRecord('t1', 'x')];
    await open([[[...script, apiErrorRecord(529, 'Overloaded')]]]);
    const error: unknown = await harness.complete([user('hi')]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ spent: { usage: { input_tokens: 1, output_tokens: 1 } } });
  });

  it('closes a session whose claude ended in the middle', async () => {
    await open([[[]]]);
    const running = harness.complete([user('hi')]);
    const failed = expect(running).rejects.toMatchObject({ fault: 'process_exit' });
    await until('it is asked', () => factory.spawned[0]?.writes.length === 1);
    factory.spawned[0]?.exit();
    await failed;
    expect(harness.backend.liveSessions).toEqual([]);
  });

  it('forgets a waiting session whose claude ended, and plants its history anew', async () => {
    await open([[answer('hi', 'hello')], [answer('again', 'anew')]]);
    await harness.complete([user('hi')]);
    factory.spawned[0]?.exit();
    await until('it is gone', () => harness.backend.liveSessions.length === 0);
    await harness.complete([user('hi'), assistant('hello'), user('again')]);
    expect(factory.seeds).toHaveLength(1);
  });

  it('ends a turn whose client goes away, leaves nothing, and answers the next call', async () => {
    await open([[[]], [answer('hi', 'hello')]]);
    const client = new AbortController();
    const running = harness.complete([user('hi')], {}, { signal: client.signal });
    await until('it is asked', () => factory.spawned[0]?.writes.length === 1);
    client.abort();
    expect(resultIn(await running)).toMatchObject({
      subtype: 'cancelled',
      stopReason: 'cancelled',
      sessionId: factory.spawned[0]?.spec.id,
    });
    expect(factory.spawned[0]?.wasClosed).toBe(true);
    expect(harness.backend.liveSessions).toEqual([]);
    expect(resultIn(await harness.complete([user('hi')]))).toMatchObject({ subtype: 'success', numTurns: 1 });
    expect(factory.spawned).toHaveLength(2);
  });

  it('ends a turn whose reader leaves', async () => {
    await open([[answer('hi', 'hello')]]);
    for await (const event of harness.backend.complete({ app: 'app', messages: [user('hi')] })) {
      expect(event.type).toBe('user');
      break;
    }
    expect(factory.spawned[0]?.wasClosed).toBe(true);
    expect(harness.backend.liveSessions).toEqual([]);
  });

  it('fails a turn at its deadline', async () => {
    await open([[[]]]);
    const turn = harness.complete([user('hi')], {}, { timeoutMs: 100 });
    await expect(turn).rejects.toMatchObject({
      fault: 'timeout',
      message: expect.stringContaining('100 ms'),
    });
    expect(harness.backend.liveSessions).toEqual([]);
  });

  it('ends what runs when it is closed, and closing again does nothing', async () => {
    await open([[[]]]);
    const running = harness.complete([user('hi')]);
    const failed = expect(running).rejects.toMatchObject({ code: 'draining' });
    await until('it is asked', () => factory.spawned[0]?.writes.length === 1);
    await Promise.all([harness.backend.close(), harness.backend.close()]);
    await failed;
    expect(factory.spawned[0]?.wasClosed).toBe(true);
  });

  it('keeps no more claudes than the setting allows; the one that waited longest goes', async () => {
    await open([[answer('a', 'A')], [answer('b', 'B')], [answer('c', 'C')], [answer('more', 'x')]], {
      CLAWDFORGE_CLAUDE_POOL: '2',
    });
    for (const text of ['a', 'b', 'c']) await harness.complete([user(text)]);
    expect(factory.spawned.map(({ wasClosed }) => wasClosed)).toEqual([true, false, false]);
    await harness.complete([user('a'), assistant('A'), user('more')]);
    expect(factory.spawned.map(({ wasClosed }) => wasClosed)).toEqual([true, true, false, false]);
  });

  it('lets requests wait for room, and starts no more than there is', async () => {
    await open([[answer('a', 'A')], [answer('b', 'B')], [answer('c', 'C')]], { CLAWDFORGE_CLAUDE_POOL: '1' });
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => harness.complete([user(text)])));
    expect(answers.map(saidIn).sort()).toEqual(['A', 'B', 'C']);
    expect(factory.spawned.map(({ wasClosed }) => wasClosed)).toEqual([true, true, false]);
  });

  it('closes sessions that nobody continued for the setting’s time', async () => {
    await open([[answer('hi', 'hello')]], { CLAWDFORGE_CLAUDE_POOL_TTL_SECS: '1' });
    await harness.complete([user('hi')]);
    await harness.backend.discardExpired();
    expect(harness.backend.liveSessions).toHaveLength(1);
    await until('it is too old', async () => {
      await harness.backend.discardExpired();
      return harness.backend.liveSessions.length === 0;
    });
    expect(factory.spawned[0]?.wasClosed).toBe(true);
  });

  it('hands MCP servers over in one private file, none without them, and removes it', async () => {
    await open([[answer('a', 'A')], [answer('b', 'B')], [answer('c', 'C')]]);
    const mcpServers = { echo: { command: '/bin/echo', args: [] } };
    await harness.complete([user('a')], { mcpServers });
    await harness.complete([user('b')], { mcpServers });
    await harness.complete([user('c')]);
    const [first, second, none] = factory.mcpConfigs;
    expect([second, none]).toEqual([first, null]);
    expect(JSON.parse(await readFile(first!, 'utf8'))).toEqual({ mcpServers });
    await harness.backend.close();
    expect(existsSync(first!)).toBe(false);
  });

  it('masks what looks like a key in the message of an error', async () => {
    await open([[[userRecord('hi'), apiErrorRecord(401, 'bad key sk-ant-0123456789abcdefghij')]]]);
    await expect(harness.complete([user('hi')])).rejects.toMatchObject({
      fault: 'api_error',
      apiStatus: 401,
      message: 'bad key [redacted]',
    });
  });

  it('refuses a directory that is none, and says when its own files cannot be written', async () => {
    await open([]);
    const nowhere = harness.complete([user('hi')], { cwd: '/no/such/directory' });
    await expect(nowhere).rejects.toMatchObject({ errors: [{ field: 'cwd' }] });
    await writeFile(path.join(harness.directory, 'claude-code'), 'a file where a directory should be');
    await expect(harness.complete([user('hi')])).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(factory.spawned).toEqual([]);
  });

  it('removes at its start what a server that was killed left', async () => {
    await open([]);
    const left = ['sessions/left-over/config', 'mcp/keys.json'].map((name) =>
      path.join(harness.directory, 'claude-code', name),
    );
    for (const directory of left) await mkdir(directory, { recursive: true });
    await harness.backend.start();
    expect(left.map((directory) => existsSync(directory))).toEqual([false, false]);
  });

  it('counts the turns of each session by itself', async () => {
    await open([[answer('hi', 'a'), answer('x', 'b')], [answer('hi', 'c')]]);
    const first = await harness.complete([user('hi')]);
    const more = [user('hi'), ...synthesizeTurnMessages(first), user('x')];
    expect(resultIn(await harness.complete(more)).numTurns).toBe(2);
    expect(resultIn(await harness.complete([user('hi')])).numTurns).toBe(1);
  });

  it('counts its processes, and where histories were', async () => {
    await open([[answer('hi', 'a'), answer('x', 'b')], [answer('y', 'c')], [answer('z', 'd')]]);
    const first = await harness.complete([user('hi')]);
    await harness.complete([user('hi'), ...synthesizeTurnMessages(first), user('x')]);
    const planted = [user('a'), assistant('b'), user('y')];
    await harness.complete(planted);
    await harness.complete(planted, { historyMode: 'concat_message' });
    expect(harness.backend.stats()).toEqual({
      processes: { busy: 0, waiting: 3 },
      queued: 0,
      histories: { live: 1, planted: 1, told: 1, none: 1 },
    });
  });

  it('gives its waits for claude, and those only, to who measures its own time', async () => {
    await open([[answer('hi', 'a')]]);
    let waits = 0;
    const outside = async <T>(wait: Promise<T>): Promise<T> => {
      const value = await wait;
      waits += 1;
      return value;
    };
    const events = await harness.complete([user('hi')], {}, { outside });
    // Room, a process, and each event of the turn with its end.
    expect(waits).toBe(2 + events.length);
  });

  it('tells the costs of each turn by itself, where claude tells them', async () => {
    await open([[answer('hi', 'a'), answer('x', 'b')]]);
    const first = await harness.complete([user('hi')]);
    const second = await harness.complete([user('hi'), ...synthesizeTurnMessages(first), user('x')]);
    const costs = [first, second].map((events) => resultIn(events).costUsd);
    const cost = engine === 'terminal' ? null : SCRIPTED_COST_USD;
    expect(costs).toEqual([cost, cost]);
  });
});
