import type { JsonObject } from './json-rpc.js';
import { TerminalLineReader } from './terminal-line.js';

const echo = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'session/prompt', params: {} });
const reply = (id: unknown, stopReason: unknown = 'end_turn') => ({
  jsonrpc: '2.0',
  id,
  result: { stopReason },
});
const update = { jsonrpc: '2.0', method: 'session/update', params: {} };
const error = (id: unknown) => ({ jsonrpc: '2.0', id, error: { code: -1, message: 'late' } });

/** The index of the line that ended the turn, or what the end of the output made of it. */
function decide(messages: JsonObject[]): number | JsonObject | undefined {
  const reader = new TerminalLineReader();
  const index = messages.findIndex((message) => reader.read(message));
  return index === -1 ? reader.end() : index;
}

describe('with an echoed session/prompt', () => {
  it.each([2, 'prompt-2', 0])('the reply of its id (%j) ends the turn at once', (id) => {
    expect(decide([echo(id), update, reply(id), update])).toBe(2);
  });

  it('a reply of another id, of another type of id, or before the echo does not', () => {
    expect(decide([reply(2), echo(2), reply(1), reply('2'), reply(2)])).toBe(4);
  });

  it('a reply without a string stop reason does not, and the end of the output decides nothing', () => {
    expect(decide([echo(2), reply(2, null)])).toBeUndefined();
    expect(decide([echo(2), reply(3)])).toBeUndefined();
  });

  it('an error line does not, nor does one that comes later undo the end', () => {
    expect(decide([echo(2), error(2)])).toBeUndefined();
    expect(decide([echo(2), reply(2), error(2)])).toBe(1);
  });
});

describe('without an echo', () => {
  it('the last object decides when it carries a stop reason', () => {
    expect(decide([reply(1, 'refusal'), update, reply(2)])).toEqual(reply(2));
  });

  it.each([[[reply(1), update]], [[reply(1), error(1)]], [[]]])(
    'anything else at the end does not: %j',
    (messages) => {
      expect(decide(messages)).toBeUndefined();
    },
  );
});
