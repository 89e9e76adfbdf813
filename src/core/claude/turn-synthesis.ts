import type { BackendEvent } from './backend-event.js';
import { blocksOf, type ChatMessage, type ContentBlock } from './chat-message.js';

/**
 * What a turn added to its history, as messages in block form: what the assistant said and called, and what its tools
 * answered. The echo of the prompt is left out, for the caller has it. Neighbouring parts with one message id are one
 * message; a later message that repeats the id is its own.
 */
export function synthesizeTurnMessages(events: readonly BackendEvent[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let openId: string | null = null;
  for (const event of events) {
    if (event.type === 'assistant') {
      const previous = messages.at(-1);
      if (openId !== null && event.messageId === openId && previous !== undefined) {
        messages[messages.length - 1] = join(previous, event.content);
      } else {
        messages.push({ role: 'assistant', content: [...event.content] });
      }
      openId = event.messageId;
    } else if (event.type === 'user') {
      const results = blocksOf(event.content).filter((block) => block.type === 'tool_result');
      if (results.length === 0) continue;
      messages.push({
        role: 'user',
        content: results.map((block) => ({ ...block, is_error: block.is_error ?? null })),
      });
      openId = null;
    }
  }
  return messages;
}

/** What a chat client that is shown the final text alone sends back: one text, or nothing when there was none. */
export function finalTextOf(messages: readonly ChatMessage[]): ChatMessage[] {
  const last = messages.findLast(({ role }) => role === 'assistant');
  const text = blocksOf(last?.content ?? [])
    .filter((block) => block.type === 'text')
    .map((block) => block.text)
    .join('');
  return text === '' ? [] : [{ role: 'assistant', content: [{ type: 'text', text }] }];
}

function join(message: ChatMessage, more: readonly ContentBlock[]): ChatMessage {
  return { role: message.role, content: [...blocksOf(message.content), ...more] };
}
