import {
  errorTextOf,
  messageTextOf,
  sessionUpdateOf,
  stopReasonOf,
  textOf,
  usageOf,
} from './acp-messages.js';
import type { JsonObject } from './json-rpc.js';

const chunk = (text: unknown, sessionUpdate = 'agent_message_chunk') => ({
  sessionUpdate,
  content: { type: 'text', text },
});
const nested = (update: JsonObject) => ({ method: 'session/update', params: { sessionId: 's', update } });
const flat = (update: JsonObject) => ({ method: 'session/update', params: { sessionId: 's', ...update } });

describe.each([
  ['nested', nested],
  ['flat', flat],
])('a %s session/update', (_, wrap) => {
  it('gives its update and its text', () => {
    expect(sessionUpdateOf(wrap(chunk('hi')))).toMatchObject(chunk('hi'));
    expect(messageTextOf(wrap(chunk('hi')))).toBe('hi');
  });

  it.each([
    ['a thought', chunk('hm', 'agent_thought_chunk')],
    ['an image', { sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: '' } }],
    ['a text that is none', chunk(7)],
    ['no content', { sessionUpdate: 'agent_message_chunk' }],
  ])('has no text when it is %s', (_kind, update) => {
    expect(messageTextOf(wrap(update))).toBeUndefined();
  });

  it('is joined in order with the others', () => {
    const messages = [wrap(chunk('a')), { id: 1 }, wrap(chunk('t', 'agent_thought_chunk')), wrap(chunk('b'))];
    expect(textOf(messages)).toBe('ab');
  });
});

it.each<JsonObject>([
  {},
  { method: 'session/update' },
  { method: 'session/update', params: [] },
  { method: 'session/update', params: {} },
  { method: 'session/other', params: { update: chunk('x') } },
])('finds no update in %j', (message) => {
  expect(sessionUpdateOf(message)).toBeUndefined();
});

it.each<[JsonObject, string | undefined]>([
  [{ id: 1, result: { stopReason: 'end_turn' } }, 'end_turn'],
  [{ id: 1, result: { stopReason: 3 } }, undefined],
  [{ id: 1, result: null }, undefined],
  [{ id: 1, stopReason: 'end_turn' }, undefined],
])('reads the stop reason of %j as %j', (message, expected) => {
  expect(stopReasonOf(message)).toBe(expected);
});

it('reads the usage that a reply reports, null for what it leaves out or garbles', () => {
  expect(usageOf({ result: { usage: { inputTokens: 3, outputTokens: '4', totalTokens: 7 } } })).toEqual({
    input_tokens: 3,
    output_tokens: null,
    cached_read_tokens: null,
    cached_write_tokens: null,
    total_tokens: 7,
  });
  for (const result of [{}, null, { usage: [] }]) expect(usageOf({ result })).toBeNull();
});

it.each<[JsonObject, string | undefined]>([
  [
    { error: { code: -32603, message: 'Internal error', data: { details: 'no key' } } },
    'Internal error: no key',
  ],
  [{ error: { message: 'plain', data: 'text' } }, 'plain'],
  [{ error: {} }, 'agent error'],
  [{ result: {} }, undefined],
  [{ error: 'text' }, undefined],
])('reads the error text of %j as %j', (message, expected) => {
  expect(errorTextOf(message)).toBe(expected);
});
