import type { ContentBlock } from './chat-message.js';

/** Token counts as the model API names them; more keys may follow. */
export interface TokenUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
}

/** What a turn has used up, as far as claude tells. */
export interface Spent {
  readonly usage: TokenUsage;
  /** By claude's own price list, in US dollars; null where it tells none. */
  readonly costUsd: number | null;
}

export interface UserEvent {
  readonly type: 'user';
  /** The prompt as claude took it, or the results of tools. */
  readonly content: string | readonly ContentBlock[];
}

export interface AssistantEvent {
  readonly type: 'assistant';
  /** Neighbours with one id are parts of one message. Null when claude gave none. */
  readonly messageId: string | null;
  readonly model: string | null;
  readonly content: readonly ContentBlock[];
  /** The message's; null where the engine does not tell it with the block. */
  readonly stopReason: string | null;
  readonly usage: TokenUsage | null;
}

/**
 * A piece of what the assistant is saying, before the whole of it comes as an `AssistantEvent` with the same message id. When
 * claude asks the model again after a broken answer, the pieces of that answer stay without one.
 */
export interface DeltaEvent {
  readonly type: 'delta';
  readonly messageId: string | null;
  readonly block: 'text' | 'thinking';
  readonly text: string;
}

/** The last event of every completion that did not throw. */
export interface ResultEvent extends Spent {
  readonly type: 'result';
  readonly subtype: 'success' | 'cancelled';
  readonly stopReason: string;
  readonly durationMs: number;
  /** Turns that the live session has answered, this one included. */
  readonly numTurns: number;
  readonly sessionId: string;
}

export type TurnEvent = UserEvent | AssistantEvent | DeltaEvent;
export type BackendEvent = TurnEvent | ResultEvent;

export const NO_USAGE: TokenUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};

export const NOTHING_SPENT: Spent = { usage: NO_USAGE, costUsd: null };

/** Reads a usage object; counts that are missing are 0. Null when it is no object. */
export function readUsage(value: unknown): TokenUsage | null {
  if (typeof value !== 'object' || value === null) return null;
  const counts = value as Record<string, unknown>;
  const count = (name: keyof TokenUsage): number => (typeof counts[name] === 'number' ? counts[name] : 0);
  return {
    input_tokens: count('input_tokens'),
    output_tokens: count('output_tokens'),
    cache_creation_input_tokens: count('cache_creation_input_tokens'),
    cache_read_input_tokens: count('cache_read_input_tokens'),
  };
}

/** The usage of a whole turn: each message once, however many records it came in. */
export function usageOf(events: readonly TurnEvent[]): TokenUsage {
  const assistants = events.filter((event) => event.type === 'assistant');
  return assistants.reduce<TokenUsage>((sum, event, index) => {
    const next = assistants[index + 1];
    const isContinued = event.messageId !== null && next?.messageId === event.messageId;
    return isContinued || event.usage === null ? sum : addUsage(sum, event.usage);
  }, NO_USAGE);
}

export function addSpent(a: Spent, b: Spent): Spent {
  const costUsd = a.costUsd === null ? b.costUsd : a.costUsd + (b.costUsd ?? 0);
  return { usage: addUsage(a.usage, b.usage), costUsd };
}

function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cache_creation_input_tokens: a.cache_creation_input_tokens + b.cache_creation_input_tokens,
    cache_read_input_tokens: a.cache_read_input_tokens + b.cache_read_input_tokens,
  };
}
