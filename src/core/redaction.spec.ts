import { redact, tailOf } from './redaction.js';

describe('redact', () => {
  it('masks known secrets wherever they stand, the longer of two that begin alike first', () => {
    expect(redact('a hunter22 b hunter22long', ['hunter22', 'hunter22long'])).toBe(
      'a [redacted] b [redacted]',
    );
  });

  it('does not mask with secrets too short to be one', () => {
    expect(redact('on and on', ['on', ''])).toBe('on and on');
  });

  it.each([
    'cf_q8Zt0nYx2b5v7C1m3K9s4D6f8G0h2J4k6L8z0X2c4V6',
    'sk-ant-api03-AbCdEf0123456789_-x',
    'AIzaSyA0123456789012345678901234567890',
    'ghp_0123456789abcdefABCDEF',
  ])('masks what has the shape of a key: %s', (secret) => {
    expect(redact(`key=${secret} end`)).toBe('key=[redacted] end');
  });

  it.each([
    ['Authorization: Bearer abc.def end', 'Authorization: Bearer [redacted] end'],
    ['authorization: Basic dXNlcjpwYXNz end', 'authorization: Basic [redacted] end'],
    ['{"x-api-key":"abc","y":1}', '{"x-api-key":"[redacted]","y":1}'],
  ])('masks the value of a header: %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('leaves other text alone', () => {
    const text = 'cf_short sk-short ask-me-about-that-file authorization is needed';
    expect(redact(text)).toBe(text);
  });
});

it.each([
  ['abc', 5, 'abc'],
  ['abc', 3, 'abc'],
  ['abcdef', 3, 'def'],
])('keeps of %j at most %d characters at the end: %j', (text, max, expected) => {
  expect(tailOf(text, max)).toBe(expected);
});
