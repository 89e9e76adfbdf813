import { isJsonObject } from '../json-rpc.js';
import type { FieldError } from '../errors.js';

const USER_BLOCKS = new Set(['text', 'image', 'document', 'tool_result']);
const ASSISTANT_BLOCKS = new Set(['text', 'thinking', 'tool_use']);
const RESULT_BLOCKS = new Set(['text', 'image', 'document']);

/**
 * What is wrong with a history, a field of `messages` each; empty when it can be sent. It must end in a message of the
 * user's that says something, and every tool result must answer a call before it.
 */
export function messageFaults(messages: readonly unknown[]): FieldError[] {
  if (messages.length === 0) return [{ field: 'messages', message: 'must not be empty' }];
  const calls = new Set<string>();
  const faults = messages.flatMap((message, index) => faultsOf(message, `messages[${index}]`, calls));
  const last = messages.at(-1);
  if (isJsonObject(last) && last.role !== 'user') {
    faults.push({ field: 'messages', message: 'the last message must be a user message' });
  } else if (isJsonObject(last) && !saysSomething(last.content)) {
    faults.push({ field: 'messages', message: 'the last message must hold text, an image or a document' });
  }
  return faults;
}

function faultsOf(message: unknown, field: string, calls: Set<string>): FieldError[] {
  if (!isJsonObject(message) || (message.role !== 'user' && message.role !== 'assistant')) {
    return [{ field: `${field}.role`, message: 'must be user or assistant' }];
  }
  const { role, content } = message;
  if (typeof content === 'string') return [];
  if (!Array.isArray(content)) return [{ field: `${field}.content`, message: 'must be text or blocks' }];
  const known = role === 'user' ? USER_BLOCKS : ASSISTANT_BLOCKS;
  return content.flatMap((block: unknown, index) => {
    const fault = blockFault(block, known, calls);
    return fault === undefined ? [] : [{ field: `${field}.content[${index}]`, message: fault }];
  });
}

function blockFault(block: unknown, known: ReadonlySet<string>, calls: Set<string>): string | undefined {
  if (!isJsonObject(block) || typeof block.type !== 'string') return 'must be a block with a type';
  const { type } = block;
  if (!known.has(type)) return `a block of type ${type.slice(0, 40)} cannot stand here`;
  if (type === 'text' && typeof block.text !== 'string') return 'text must be a string';
  if (type === 'thinking' && typeof block.thinking !== 'string') return 'thinking must be a string';
  if ((type === 'image' || type === 'document') && !isJsonObject(block.source)) {
    return `a block of type ${type} needs a source`;
  }
  if (type === 'tool_use') {
    if (typeof block.id !== 'string' || typeof block.name !== 'string') return 'tool_use needs id and name';
    calls.add(block.id);
  }
  return type === 'tool_result' ? resultFault(block, calls) : undefined;
}

function resultFault(block: Record<string, unknown>, calls: ReadonlySet<string>): string | undefined {
  const { tool_use_id, content } = block;
  if (typeof tool_use_id !== 'string' || !calls.has(tool_use_id)) {
    return 'answers no tool_use block before it';
  }
  if (content === undefined || content === null || typeof content === 'string') return undefined;
  if (!Array.isArray(content)) return 'content must be text or blocks';
  const inner = new Set<string>();
  const faults = content.map((part: unknown) => blockFault(part, RESULT_BLOCKS, inner));
  return faults.find((fault) => fault !== undefined);
}

function saysSomething(content: unknown): boolean {
  if (typeof content === 'string') return content.trim() !== '';
  if (!Array.isArray(content) || content.some((block: unknown) => isOfType(block, 'tool_result')))
    return false;
  return content.some(
    (block: unknown) =>
      isOfType(block, 'image') ||
      isOfType(block, 'document') ||
      (isOfType(block, 'text') && typeof block.text === 'string' && block.text.trim() !== ''),
  );
}

function isOfType(block: unknown, type: string): block is Record<string, unknown> {
  return isJsonObject(block) && block.type === type;
}
