import { promptLine, readStreamLine } from './stream-messages.js';

const read = (line: object): unknown => readStreamLine(JSON.stringify(line));

describe('readStreamLine', () => {
  it('reads the echo of a prompt, what the assistant says and what tools answer', () => {
    expect(
      read({ type: 'user', isReplay: true, uuid: 'u', message: { role: 'user', content: 'hi' } }),
    ).toEqual({
      kind: 'acknowledged',
      uuid: 'u',
    });
    const message = { id: 'm', content: [{ type: 'text', text: 'a' }], stop_reason: null };
    expect(read({ type: 'assistant', message, parent_tool_use_id: null })).toMatchObject({
      kind: 'assistant',
      event: { messageId: 'm', stopReason: null, content: [{ type: 'text', text: 'a' }] },
    });
    const content = [{ type: 'tool_result', tool_use_id: 't', content: 'x', is_error: true }];
    expect(read({ type: 'user', message: { content } })).toEqual({
      kind: 'tool-result',
      event: { type: 'user', content },
    });
  });

  it('reads what is said piece by piece', () => {
    const event = (inner: object): unknown => read({ type: 'stream_event', event: inner });
    expect(event({ type: 'message_start', message: { id: 'm' } })).toEqual({
      kind: 'message-start',
      messageId: 'm',
    });
    const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } };
    expect(event(delta)).toEqual({ kind: 'delta', block: 'text', text: 'a' });
    const thought = { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'b' } };
    expect(event(thought)).toEqual({ kind: 'delta', block: 'thinking', text: 'b' });
  });

  it('reads results, failed ones with their status', () => {
    const result = { type: 'result', subtype: 'success', session_id: 's' };
    expect(
      read({
        ...result,
        result: 'a',
        stop_reason: 'end_turn',
        usage: { output_tokens: 2 },
        total_cost_usd: 0.5,
      }),
    ).toMatchObject({
      kind: 'result',
      result: {
        isError: false,
        stopReason: 'end_turn',
        sessionId: 's',
        usage: { output_tokens: 2 },
        totalCostUsd: 0.5,
      },
    });
    expect(read({ ...result, is_error: true, result: 'no', api_error_status: 401 })).toMatchObject({
      result: { isError: true, text: 'no', apiStatus: 401 },
    });
    expect(read({ ...result, is_error: true, errors: ['gone'] })).toMatchObject({ result: { text: 'gone' } });
    expect(read({ type: 'result', subtype: 'error_during_execution', is_error: true })).toMatchObject({
      result: { text: 'error_during_execution' },
    });
  });

  it.each([
    'no json',
    '[]',
    '{"type":"system","subtype":"init"}',
    '{"type":"system","subtype":"api_retry"}',
    '{"type":"assistant","message":{"content":[]},"error":"authentication_failed"}',
    '{"type":"assistant","message":{"content":[]},"parent_tool_use_id":"a subagent"}',
    '{"type":"user","message":{"content":"a local command"}}',
    '{"type":"stream_event"}',
    '{"type":"stream_event","event":{"type":"message_stop"}}',
    '{"type":"stream_event","event":{"type":"content_block_delta","delta":{"partial_json":"{"}}}',
  ])('takes %j for no part of the conversation', (line) => {
    expect(readStreamLine(line)).toBeUndefined();
  });
});

describe('promptLine', () => {
  it('is one line whatever the prompt holds, and no command', () => {
    const line = promptLine(
      [
        { type: 'text', text: '/clear\n"x"' },
        { type: 'image', source: { a: 1 } },
      ],
      'u',
    );
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({
      type: 'user',
      uuid: 'u',
      message: {
        content: [
          { type: 'text', text: ' /clear\n"x"' },
          { type: 'image', source: { a: 1 } },
        ],
      },
    });
  });
});
