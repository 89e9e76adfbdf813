import { blocksOf, type ChatMessage } from '../../core/claude/chat-message.js';
import type { Faults } from './faults.js';

/** The agent answers the user: the last message must be the user's and say something that is no result of a tool. */
export function checkLastMessage(messages: readonly ChatMessage[], field: string, faults: Faults): void {
  const last = messages.at(-1);
  if (last === undefined) return;
  if (last.role !== 'user') {
    faults.add(
      `${field}.role`,
      'the last message must be the user’s; an answer cannot be begun for the agent',
    );
    return;
  }
  const blocks = blocksOf(last.content);
  if (blocks.some(({ type }) => type === 'tool_result')) {
    faults.add(
      `${field}.content`,
      'the last message must be what the user says; the agent has no calls open',
    );
  } else if (!blocks.some((block) => block.type !== 'text' || block.text.trim() !== '')) {
    faults.add(`${field}.content`, 'must say something');
  }
}
