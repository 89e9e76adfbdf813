import { isJsonObject, type JsonObject } from '../json-rpc.js';
import { readUsage, type AssistantEvent, type UserEvent } from './backend-event.js';
import { readBlocks, textOf } from './chat-message.js';

/** What one line of a transcript tells about a turn. */
export type TranscriptRecord =
  | { readonly kind: 'prompt'; readonly event: UserEvent }
  | { readonly kind: 'tool-result'; readonly event: UserEvent }
  | { readonly kind: 'assistant'; readonly event: AssistantEvent }
  | { readonly kind: 'api-error'; readonly status: number | null; readonly message: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'turn-ended' }
  | { readonly kind: 'compacted' };

/** Lines of these kinds can be megabytes long; they are known by their first key and never parsed. */
const NOISE = /^\s*\{"type":"(?!user"|assistant"|system")/;
const INTERRUPTED = '[Request interrupted by user';

/**
 * Reads a line of claude's transcript (internal to claude, measured with 2.1.329). Undefined for everything that is no part
 * of the conversation: lines that are no JSON object, side chains, meta records, summaries, modes, snapshots.
 */
export function readTranscriptLine(line: string): TranscriptRecord | undefined {
  if (line.trim() === '' || NOISE.test(line)) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(record)) return undefined;
  if (record.type === 'system') return readSystem(record);
  if (record.isMeta === true || record.isCompactSummary === true || record.isSidechain === true)
    return undefined;
  const { message } = record;
  if (!isJsonObject(message)) return undefined;
  if (record.type === 'user') return readUser(message);
  return record.type === 'assistant' ? readAssistant(record, message) : undefined;
}

function readSystem({ subtype }: JsonObject): TranscriptRecord | undefined {
  if (subtype === 'turn_duration') return { kind: 'turn-ended' };
  return subtype === 'compact_boundary' ? { kind: 'compacted' } : undefined;
}

function readUser(message: JsonObject): TranscriptRecord {
  const content = typeof message.content === 'string' ? message.content : readBlocks(message.content);
  const event: UserEvent = { type: 'user', content };
  const isResult = typeof content !== 'string' && content.some((block) => block.type === 'tool_result');
  if (isResult) return { kind: 'tool-result', event };
  return textOf(content).startsWith(INTERRUPTED) ? { kind: 'interrupted' } : { kind: 'prompt', event };
}

function readAssistant(record: JsonObject, message: JsonObject): TranscriptRecord {
  const event = readAssistantMessage(message);
  if (record.isApiErrorMessage !== true) return { kind: 'assistant', event };
  const status = typeof record.apiErrorStatus === 'number' ? record.apiErrorStatus : null;
  return { kind: 'api-error', status, message: textOf(event.content) };
}

/** An assistant's message, as claude writes it to its transcript and to its stream. */
export function readAssistantMessage(message: JsonObject): AssistantEvent {
  const { id, model, stop_reason, usage } = message;
  return {
    type: 'assistant',
    messageId: typeof id === 'string' ? id : null,
    model: typeof model === 'string' ? model : null,
    content:
      typeof message.content === 'string'
        ? [{ type: 'text', text: message.content }]
        : readBlocks(message.content),
    stopReason: typeof stop_reason === 'string' ? stop_reason : null,
    usage: readUsage(usage),
  };
}
