import { decodeCursor, encodeCursor } from './cursor.js';

it('gives back the position it was made of, safe in a query string', () => {
  const cursor = encodeCursor('files', [7, 'ü/+?']);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(decodeCursor('files', cursor, ['number', 'string'] as const)).toEqual([7, 'ü/+?']);
});

it.each([
  ['another list', encodeCursor('runs', [7])],
  ['more positions', encodeCursor('files', [7, 8])],
  ['none', encodeCursor('files', [])],
  ['another type', encodeCursor('files', ['7'])],
  ['no JSON', 'zzz'],
  ['nothing', ''],
  ['an object', Buffer.from('{"0":"files","1":7,"length":2}').toString('base64url')],
])('refuses a cursor of %s', (_, cursor) => {
  expect(() => decodeCursor('files', cursor, ['number'] as const)).toThrow(
    expect.objectContaining({ code: 'invalid_cursor' }),
  );
});
