import { readTranscriptLine } from './transcript-record.js';

const read = (record: object): unknown => readTranscriptLine(JSON.stringify(record));
const user = (content: unknown, more: object = {}): object => ({
  ...more,
  type: 'user',
  message: { role: 'user', content },
});

describe('readTranscriptLine', () => {
  it('reads prompts and tool results', () => {
    expect(read(user('hi'))).toEqual({ kind: 'prompt', event: { type: 'user', content: 'hi' } });
    expect(read(user([{ type: 'tool_result', tool_use_id: 't', content: 'x' }]))).toEqual({
      kind: 'tool-result',
      event: {
        type: 'user',
        content: [{ type: 'tool_result', tool_use_id: 't', content: 'x', is_error: null }],
      },
    });
  });

  it('reads what the assistant said, with stop reason and usage', () => {
    const message = {
      id: 'm',
      model: 'claude-x',
      content: [
        { type: 'text', text: 'a' },
        { type: 'redacted_thinking', data: 'b' },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 4, service_tier: 'standard' },
    };
    expect(read({ parentUuid: 'p', type: 'assistant', message })).toEqual({
      kind: 'assistant',
      event: {
        type: 'assistant',
        messageId: 'm',
        model: 'claude-x',
        content: [{ type: 'text', text: 'a' }],
        stopReason: 'end_turn',
        usage: {
          input_tokens: 3,
          output_tokens: 4,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
        },
      },
    });
  });

  it('reads errors of the model API, interrupts, compactions and the end of a turn', () => {
    const message = { content: [{ type: 'text', text: 'Overloaded' }] };
    expect(read({ type: 'assistant', isApiErrorMessage: true, apiErrorStatus: 529, message })).toEqual({
      kind: 'api-error',
      status: 529,
      message: 'Overloaded',
    });
    expect(read(user([{ type: 'text', text: '[Request interrupted by user]' }]))).toEqual({
      kind: 'interrupted',
    });
    expect(read({ type: 'system', subtype: 'compact_boundary' })).toEqual({ kind: 'compacted' });
    expect(read({ type: 'system', subtype: 'turn_duration' })).toEqual({ kind: 'turn-ended' });
  });

  it.each([
    '',
    'no json',
    '[1]',
    '"text"',
    '{"type":"mode","mode":"normal"}',
    '{"type":"api-request","message":{"role":"user","content":"a request, not a prompt"}}',
    '{"type":"system","subtype":"informational"}',
    '{"type":"user"}',
    JSON.stringify(user('meta', { isMeta: true })),
    JSON.stringify(user('a summary', { isCompactSummary: true })),
    JSON.stringify(user('a subagent’s', { isSidechain: true })),
  ])('takes %j for no part of the conversation', (line) => {
    expect(readTranscriptLine(line)).toBeUndefined();
  });
});
