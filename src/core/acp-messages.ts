import { isJsonObject, type JsonObject } from './json-rpc.js';

/** Tokens of one turn, as far as the agent reported them (ACP, prompt result `usage`). */
export interface TokenUsage {
  input_tokens: number | null;
  output_tokens: number | null;
  cached_read_tokens: number | null;
  cached_write_tokens: number | null;
  total_tokens: number | null;
}

/** The update inside a `session/update` notification: today's nested shape or the older flat one. */
export function sessionUpdateOf(message: JsonObject): JsonObject | undefined {
  if (message.method !== 'session/update' || !isJsonObject(message.params)) return undefined;
  const { params } = message;
  if (isJsonObject(params.update)) return params.update;
  return typeof params.sessionUpdate === 'string' ? params : undefined;
}

/** The text of an agent message chunk; undefined for every other message. */
export function messageTextOf(message: JsonObject): string | undefined {
  const update = sessionUpdateOf(message);
  if (update?.sessionUpdate !== 'agent_message_chunk' || !isJsonObject(update.content)) return undefined;
  const { content } = update;
  return content.type === 'text' && typeof content.text === 'string' ? content.text : undefined;
}

/** Joins the agent's message chunks in order. */
export function textOf(messages: Iterable<JsonObject>): string {
  let text = '';
  for (const message of messages) text += messageTextOf(message) ?? '';
  return text;
}

/** The `result.stopReason` string of a prompt's reply; undefined for every other message. */
export function stopReasonOf(message: JsonObject): string | undefined {
  const result = message.result;
  return isJsonObject(result) && typeof result.stopReason === 'string' ? result.stopReason : undefined;
}

/** The token counts in a prompt's reply; null when it reports none. */
export function usageOf(message: JsonObject): TokenUsage | null {
  const result = message.result;
  const usage = isJsonObject(result) ? result.usage : undefined;
  if (!isJsonObject(usage)) return null;
  const count = (name: string): number | null => {
    const value = usage[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  return {
    input_tokens: count('inputTokens'),
    output_tokens: count('outputTokens'),
    cached_read_tokens: count('cachedReadTokens'),
    cached_write_tokens: count('cachedWriteTokens'),
    total_tokens: count('totalTokens'),
  };
}

/** The message of a JSON-RPC error reply; undefined when the message is none. */
export function errorTextOf(message: JsonObject): string | undefined {
  const error = message.error;
  if (!isJsonObject(error)) return undefined;
  const text = typeof error.message === 'string' ? error.message : 'agent error';
  const details = isJsonObject(error.data) ? error.data.details : undefined;
  // Some agents say the same in both places.
  return typeof details === 'string' && details !== text ? `${text}: ${details}` : text;
}

/** The cost of the session so far in US dollars, in a `usage_update`; undefined for every other message and currency. */
export function costUsdOf(message: JsonObject): number | undefined {
  const update = sessionUpdateOf(message);
  if (update?.sessionUpdate !== 'usage_update' || !isJsonObject(update.cost)) return undefined;
  const { amount, currency } = update.cost;
  return currency === 'USD' && typeof amount === 'number' && Number.isFinite(amount) ? amount : undefined;
}
