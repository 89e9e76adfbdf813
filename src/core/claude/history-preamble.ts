import { blocksOf, type ChatMessage, type ContentBlock } from './chat-message.js';

const SPEAKERS = { user: '[User]', assistant: '[Assistant]' } as const;

/** A history and the new prompt as one text, for claude to read instead of having its own transcript of it. */
export function promptWithHistory(history: readonly ChatMessage[], prompt: string): string {
  if (history.length === 0) return prompt;
  const said = history.map(
    ({ role, content }) => `${SPEAKERS[role]}: ${blocksOf(content).map(asText).join('\n')}`,
  );
  return [
    'Previous conversation context:',
    '',
    ...said,
    '',
    `Continue from here. New user message: ${prompt}`,
  ].join('\n');
}

function asText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'thinking':
      return '';
    case 'tool_use':
      return `(called ${block.name} with ${JSON.stringify(block.input)})`;
    case 'tool_result':
      return `(the tool answered: ${blocksOf(block.content).map(asText).join('\n')})`;
    case 'image':
    case 'document':
      return `(an attached ${block.type})`;
  }
}
