import { assistant, BackendHarness, resultIn, saidIn, user } from '../../test/support/backend-harness.js';
import {
  answer,
  assistantRecord,
  ScriptedFactory,
  type ScriptedStream,
  type ScriptedTerminal,
  toolUseRecord,
  userRecord,
  type TurnScript,
} from '../../test/support/scripted-claude.js';
import type { ClaudeEngine } from '../config/app-config.js';

let harness: BackendHarness;
let factory: ScriptedFactory;

const open = async (engine: ClaudeEngine, scripts: TurnScript[][]): Promise<void> => {
  factory = new ScriptedFactory(scripts);
  harness = await BackendHarness.open({ CLAWDFORGE_CLAUDE_ENGINE: engine }, factory);
};

afterEach(() => harness.close());

describe('ClaudeCodeBackend in a terminal', () => {
  const terminal = (): ScriptedTerminal => factory.spawned[0] as ScriptedTerminal;
  const continuation = [user('hi'), assistant('hello'), user('again')];

  it('plants anew when somebody else wrote to the transcript meanwhile', async () => {
    await open('terminal', [[answer('hi', 'hello')], [answer('again', 'anew')]]);
    await harness.complete([user('hi')]);
    terminal().append(answer('from elsewhere', 'indeed'));
    await harness.complete(continuation);
    expect(factory.spawned).toHaveLength(2);
  });

  it('tells what a cancelled turn had used up', async () => {
    await open('terminal', [[[userRecord('hi'), toolUseRecord('t1')]]]);
    const client = new AbortController();
    const events = [];
    const asked = { app: 'app', messages: [user('hi')] };
    for await (const event of harness.backend.complete(asked, { signal: client.signal })) {
      events.push(event);
      if (event.type === 'assistant') client.abort();
    }
    expect(resultIn(events)).toMatchObject({ subtype: 'cancelled', usage: { output_tokens: 1 } });
  });

  it('plants anew when a person pressed keys', async () => {
    await open('terminal', [[answer('hi', 'hello')], [answer('again', 'anew')]]);
    await harness.complete([user('hi')]);
    terminal().watched.type('x');
    await harness.complete(continuation);
    expect(factory.spawned).toHaveLength(2);
  });

  it('cannot type images: they go to the other engine, or are refused when this one was asked for', async () => {
    const image = user([
      { type: 'image', source: { type: 'base64', data: 'AA==' } },
      { type: 'text', text: 'hi' },
    ]);
    await open('terminal', [[answer('hi', 'hello')]]);
    await expect(harness.complete([image], { engine: 'terminal' })).rejects.toMatchObject({
      code: 'validation_failed',
    });
    await harness.complete([image]);
    expect(factory.spawned.map(({ spec }) => spec.engine)).toEqual(['stream-json']);
  });
});

describe('ClaudeCodeBackend over stream-json', () => {
  it('tells pieces only to those who want them, and keeps none in the history', async () => {
    const event = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'hel' } };
    const script = [userRecord('hi'), { type: 'stream_event', event }, assistantRecord('hello')];
    await open('stream-json', [[script, answer('again', 'hi again')], [script]]);
    const first = await harness.complete([user('hi')], {}, { deltas: true });
    expect(first[1]).toEqual({ type: 'delta', messageId: null, block: 'text', text: 'hel' });
    await harness.complete([user('hi'), assistant('hello'), user('again')]);
    expect(factory.spawned).toHaveLength(1);
    const other = await harness.complete([user('hi')]);
    expect(other.map(({ type }) => type)).toEqual(['user', 'assistant', 'result']);
  });

  it('reads nothing of a turn that nobody asked for', async () => {
    await open('stream-json', [[answer('hi', 'hello'), answer('again', 'hi again')]]);
    await harness.complete([user('hi')]);
    const stream = factory.spawned[0] as ScriptedStream;
    stream.say({ ...assistantRecord('unasked') });
    stream.say({ type: 'result', is_error: false, result: 'unasked', session_id: 'x' });
    const events = await harness.complete([user('hi'), assistant('hello'), user('again')]);
    expect(saidIn(events)).toBe('hi again');
  });
});
