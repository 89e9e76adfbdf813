import { parseClaudeEnvelope, replyValue } from './claude-envelope.js';

const envelope = (fields: object) => JSON.stringify({ type: 'result', ...fields });

describe('parseClaudeEnvelope', () => {
  it('reads a whole envelope', () => {
    const usage = { input_tokens: 1 };
    const text = envelope({
      result: 'hi',
      stop_reason: 'max_tokens',
      usage,
      total_cost_usd: 0.25,
      is_error: false,
    });
    expect(parseClaudeEnvelope(text)).toEqual({
      isError: false,
      result: 'hi',
      stopReason: 'max_tokens',
      usage,
      costUsd: 0.25,
    });
  });

  it('reads one that is spread over lines, or the last of several lines', () => {
    const pretty = JSON.stringify({ type: 'result', result: 'pretty' }, null, 2);
    expect(parseClaudeEnvelope(`\n${pretty}\n`)?.result).toBe('pretty');
    const lines = [
      'banner',
      envelope({ result: 'first' }),
      envelope({ result: 'last' }),
      '{"type":"other"}',
      '',
    ];
    expect(parseClaudeEnvelope(lines.join('\n'))?.result).toBe('last');
  });

  it('has defaults for what is left out', () => {
    expect(parseClaudeEnvelope(envelope({ result: '' }))).toEqual({
      isError: false,
      result: '',
      stopReason: 'end_turn',
      usage: null,
      costUsd: null,
    });
  });

  it.each([
    [{ result: 'it broke' }, 'it broke'],
    [{ errors: ['first', 'second'] }, 'first'],
    [{ subtype: 'error_max_turns' }, 'error_max_turns'],
    [{}, 'no message'],
  ])('tells the error of %j as %j', (fields, expected) => {
    expect(parseClaudeEnvelope(envelope({ is_error: true, ...fields }))).toMatchObject({
      isError: true,
      result: expected,
    });
  });

  it.each(['', 'garbage', '{', '[]', '{}', '{"type":"assistant","result":"x"}', '{"type":"result"}', 'null'])(
    'finds none in %j',
    (text) => {
      expect(parseClaudeEnvelope(text)).toBeUndefined();
    },
  );
});

describe('replyValue', () => {
  it.each<[string, unknown]>([
    ['{"a":[1]}', { a: [1] }],
    [' [1, 2]\n', [1, 2]],
    ['```json\n{"a":1}\n```', { a: 1 }],
    ['```json\r\n[]\r\n```\n', []],
    ['42', 42],
    ['null', null],
  ])('reads %j as JSON', (text, expected) => {
    expect(replyValue(text)).toEqual(expected);
  });

  it.each([
    'plain text',
    ' spaced ',
    '',
    '{"a":',
    'Here it is:\n```json\n{}\n```',
    '```\n{}\n```',
    '```json\n1\n```\nand\n```json\n2\n```',
  ])('leaves %j as it is', (text) => {
    expect(replyValue(text)).toBe(text);
  });
});
