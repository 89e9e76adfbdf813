import { bodyFingerprint } from './body-fingerprint.js';

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('the fingerprint of a body', () => {
  it.each([
    ['the order of keys', { a: 1, b: { c: [1, 2], d: null } }, { b: { d: null, c: [1, 2] }, a: 1 }],
    ['how a number was written', JSON.parse('{"a":1.0}'), JSON.parse('{"a":1}')],
  ])('does not depend on %s', (_what, left, right) => {
    expect(bodyFingerprint(left)).toBe(bodyFingerprint(right));
  });

  it.each([
    ['the order of a list', [1, 2], [2, 1]],
    ['a type', { a: 1 }, { a: '1' }],
    ['a missing key and null', {}, { a: null }],
    ['a list and an object', [], {}],
    ['where an object ends', { a: { b: 1, c: 2 } }, { a: { b: 1 }, c: 2 }],
    ['quotes in a key', { 'a":1,"b': 1 }, { a: 1, b: 1 }],
  ])('tells apart by %s', (_what, left, right) => {
    expect(bodyFingerprint(left)).not.toBe(bodyFingerprint(right));
  });

  it('gives up on what is nested too deep, without overflowing the stack', () => {
    expect(bodyFingerprint(nested(500))).toMatch(/^[0-9a-f]{64}$/);
    expect(bodyFingerprint(nested(501))).toBeUndefined();
    expect(bodyFingerprint(nested(200_000))).toBeUndefined();
  });
});
