import {
  readUsage,
  type AssistantEvent,
  type TokenUsage,
  type UserEvent,
} from '../../core/claude/backend-event.js';
import { readBlocks, type ChatMessage, type ContentBlock } from '../../core/claude/chat-message.js';
import { readAssistantMessage } from '../../core/claude/transcript-record.js';
import { withoutCommand } from '../../core/claude/typed-prompt.js';
import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';

/** What a line of `--output-format stream-json` tells about a turn. */
export type StreamMessage =
  /** claude has taken the prompt of this uuid. */
  | { readonly kind: 'acknowledged'; readonly uuid: string }
  | { readonly kind: 'tool-result'; readonly event: UserEvent }
  | { readonly kind: 'assistant'; readonly event: AssistantEvent }
  | { readonly kind: 'message-start'; readonly messageId: string | null }
  | { readonly kind: 'delta'; readonly block: 'text' | 'thinking'; readonly text: string }
  | { readonly kind: 'compacted' }
  | { readonly kind: 'result'; readonly result: StreamResult };

export interface StreamResult {
  readonly isError: boolean;
  /** The error's text when `isError`. */
  readonly text: string;
  readonly apiStatus: number | null;
  readonly stopReason: string | null;
  readonly usage: TokenUsage | null;
  /** Of all turns of the process together. */
  readonly totalCostUsd: number | null;
  readonly sessionId: string | null;
}

/** Reads a line; undefined for what is no part of the conversation: retries, hooks, the errors that the result repeats. */
export function readStreamLine(line: string): StreamMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(message) || typeof message.parent_tool_use_id === 'string') return undefined;
  switch (message.type) {
    case 'assistant':
      return readAssistant(message);
    case 'user':
      return readUser(message);
    case 'system':
      return message.subtype === 'compact_boundary' ? { kind: 'compacted' } : undefined;
    case 'stream_event':
      return readStreamEvent(message.event);
    case 'result':
      return { kind: 'result', result: readResult(message) };
    default:
      return undefined;
  }
}

/** The line that sends a prompt; its echo carries `uuid`. */
export function promptLine(prompt: ChatMessage['content'], uuid: string): string {
  const message = { role: 'user', content: withoutLeadingCommand(prompt) };
  return `${JSON.stringify({ type: 'user', message, parent_tool_use_id: null, session_id: '', uuid })}\n`;
}

function withoutLeadingCommand(prompt: ChatMessage['content']): string | ContentBlock[] {
  if (typeof prompt === 'string') return withoutCommand(prompt);
  return prompt.map((block) =>
    block.type === 'text' ? { ...block, text: withoutCommand(block.text) } : block,
  );
}

function readAssistant(line: JsonObject): StreamMessage | undefined {
  const { message, error } = line;
  if (!isJsonObject(message) || typeof error === 'string') return undefined;
  return { kind: 'assistant', event: readAssistantMessage(message) };
}

function readUser(line: JsonObject): StreamMessage | undefined {
  const { message, uuid, isReplay } = line;
  if (isReplay === true) return typeof uuid === 'string' ? { kind: 'acknowledged', uuid } : undefined;
  if (!isJsonObject(message)) return undefined;
  const content = readBlocks(message.content);
  const isResult = content.some((block) => block.type === 'tool_result');
  return isResult ? { kind: 'tool-result', event: { type: 'user', content } } : undefined;
}

/** An event of the model's stream as it came: only what was said, piece by piece, is of use. */
function readStreamEvent(event: unknown): StreamMessage | undefined {
  if (!isJsonObject(event)) return undefined;
  const { type, message, delta } = event;
  if (type === 'message_start' && isJsonObject(message)) {
    return { kind: 'message-start', messageId: typeof message.id === 'string' ? message.id : null };
  }
  if (type !== 'content_block_delta' || !isJsonObject(delta)) return undefined;
  if (typeof delta.text === 'string') return { kind: 'delta', block: 'text', text: delta.text };
  if (typeof delta.thinking === 'string') return { kind: 'delta', block: 'thinking', text: delta.thinking };
  return undefined;
}

function readResult(line: JsonObject): StreamResult {
  const { result, errors, subtype, api_error_status, stop_reason, usage, total_cost_usd, session_id } = line;
  const firstError = Array.isArray(errors) && typeof errors[0] === 'string' ? errors[0] : undefined;
  return {
    isError: line.is_error === true,
    text: typeof result === 'string' ? result : (firstError ?? String(subtype)),
    apiStatus: typeof api_error_status === 'number' ? api_error_status : null,
    stopReason: typeof stop_reason === 'string' ? stop_reason : null,
    usage: readUsage(usage),
    totalCostUsd: typeof total_cost_usd === 'number' ? total_cost_usd : null,
    sessionId: typeof session_id === 'string' ? session_id : null,
  };
}
