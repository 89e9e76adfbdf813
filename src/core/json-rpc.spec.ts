import { isJsonObject, parseMessage, parseNdjson } from './json-rpc.js';

describe('parseMessage', () => {
  it('reads an object, white space around it and fields of the agent’s own included', () => {
    expect(parseMessage(' {"id":1,"_own":{"x":null}}\r')).toEqual({
      raw: '{"id":1,"_own":{"x":null}}',
      value: { id: 1, _own: { x: null } },
    });
  });

  it.each(['', '   ', 'banner', '[{"id":1}]', '1', 'null', '"text"', '{"id":', '{} {}', '\u0000{}'])(
    'finds no message in %j',
    (text) => {
      expect(parseMessage(text)).toBeUndefined();
    },
  );
});

it('reads NDJSON and skips what is no object', () => {
  expect(parseNdjson('banner\n{"a":1}\n\n[2]\n{"b":2}')).toEqual([{ a: 1 }, { b: 2 }]);
});

it.each([
  [{}, true],
  [[], false],
  [null, false],
  ['x', false],
  [undefined, false],
])('tells of %j whether it is an object: %s', (value, expected) => {
  expect(isJsonObject(value)).toBe(expected);
});
