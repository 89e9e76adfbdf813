import { isJsonObject } from '../json-rpc.js';

/** The blocks of a message as the Messages API names them, so the keys are the wire's. */
export interface TextBlock {
  readonly type: 'text';
  readonly text: string;
}

export interface ThinkingBlock {
  readonly type: 'thinking';
  readonly thinking: string;
  readonly signature?: string;
}

export interface ToolUseBlock {
  readonly type: 'tool_use';
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export interface ToolResultBlock {
  readonly type: 'tool_result';
  readonly tool_use_id: string;
  readonly content: string | readonly ContentBlock[];
  /** Absent, null and false mean the same. */
  readonly is_error?: boolean | null;
}

/** An image or a document; `source` is handed on as it came. */
export interface MediaBlock {
  readonly type: 'image' | 'document';
  readonly source: Readonly<Record<string, unknown>>;
}

export type ContentBlock = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | MediaBlock;

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly ContentBlock[];
}

/** The content as blocks: a string is one text block. */
export function blocksOf(content: string | readonly ContentBlock[]): readonly ContentBlock[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** The text blocks joined by newlines; '' when there are none. */
export function textOf(content: string | readonly ContentBlock[]): string {
  return blocksOf(content)
    .filter((block) => block.type === 'text')
    .map((block) => block.text)
    .join('\n');
}

/** The blocks of a record that claude wrote; kinds that we do not know (redacted thinking, server tools) are left out. */
export function readBlocks(content: unknown): ContentBlock[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => {
    const read = readBlock(block);
    return read === undefined ? [] : [read];
  });
}

function readBlock(block: unknown): ContentBlock | undefined {
  if (!isJsonObject(block)) return undefined;
  const { type, text, thinking, signature, id, name, tool_use_id, source } = block;
  if (type === 'text' && typeof text === 'string') return { type, text };
  if (type === 'thinking' && typeof thinking === 'string') {
    return typeof signature === 'string' ? { type, thinking, signature } : { type, thinking };
  }
  if (type === 'tool_use' && typeof id === 'string' && typeof name === 'string') {
    return { type, id, name, input: block.input ?? {} };
  }
  if (type === 'tool_result' && typeof tool_use_id === 'string') {
    const content = typeof block.content === 'string' ? block.content : readBlocks(block.content);
    return { type, tool_use_id, content, is_error: block.is_error === true ? true : null };
  }
  if ((type === 'image' || type === 'document') && isJsonObject(source)) return { type, source };
  return undefined;
}
