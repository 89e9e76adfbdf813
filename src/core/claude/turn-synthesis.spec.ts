import { usageOf, type AssistantEvent, type BackendEvent } from './backend-event.js';
import type { ContentBlock } from './chat-message.js';
import { synthesizeTurnMessages } from './turn-synthesis.js';

const said = (content: ContentBlock[], messageId: string | null = 'msg_x', output = 1): AssistantEvent => ({
  type: 'assistant',
  messageId,
  model: 'claude-test',
  content,
  stopReason: 'end_turn',
  usage: {
    input_tokens: 10,
    output_tokens: output,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  },
});
const text = (value: string): ContentBlock => ({ type: 'text', text: value });
const call: ContentBlock = { type: 'tool_use', id: 'tu_1', name: 'Read', input: { q: 'x' } };
const answer: BackendEvent = {
  type: 'user',
  content: [{ type: 'tool_result', tool_use_id: 'tu_1', content: 'result body' }],
};

describe('synthesizeTurnMessages', () => {
  it('covers a whole tool cycle, without the echo of the prompt', () => {
    const events: BackendEvent[] = [
      { type: 'user', content: 'look up X' },
      said([call]),
      answer,
      said([text('done')]),
      {
        type: 'result',
        subtype: 'success',
        stopReason: 'end_turn',
        durationMs: 10,
        numTurns: 1,
        sessionId: 'S0',
        costUsd: null,
        usage: {
          input_tokens: 1,
          output_tokens: 1,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
        },
      },
    ];
    expect(synthesizeTurnMessages(events)).toEqual([
      { role: 'assistant', content: [call] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'tu_1', content: 'result body', is_error: null }],
      },
      { role: 'assistant', content: [text('done')] },
    ]);
  });

  it('joins the neighbouring records of one message, and no others', () => {
    const events = [
      said([text('a')], 'm1'),
      said([text('b')], 'm1'),
      said([text('c')], 'm2'),
      said([text('d')], null),
    ];
    expect(synthesizeTurnMessages(events).map(({ content }) => content)).toEqual([
      [text('a'), text('b')],
      [text('c')],
      [text('d')],
    ]);
  });
});

describe('usageOf', () => {
  it('counts every message once, however many records it came in and whatever its id', () => {
    const events = [said([text('a')], 'm', 1), said([text('b')], 'm', 3), said([call], 'n', 5)];
    expect(usageOf(events)).toMatchObject({ input_tokens: 20, output_tokens: 8 });
  });
});
