import type { ClaudeEngine } from '../../config/app-config.js';
import type { ChatMessage } from '../../core/claude/chat-message.js';
import type { OutputCheck } from './output-format.js';

/** A request of either dialect, checked and translated. */
export interface DialectRequest {
  /** The model's name as the client gave it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly system: string | null;
  readonly isStream: boolean;
  /** Null for any text. */
  readonly output: OutputCheck | null;
  /** Parameters that are set and not honoured, as the answer's header reports them. */
  readonly ignored: readonly string[];
  /** Whether a stream ends in a chunk with the usage, for the dialect in which that is asked for. */
  readonly includeUsage: boolean;
}

/** The same, with what its headers ask for. */
export interface AskedCompletion extends DialectRequest {
  /** The setting's when it is not given. */
  readonly engine: ClaudeEngine | undefined;
}

/** The names under which claude's own default model goes. */
export const DEFAULT_MODELS: readonly string[] = ['claude-code', 'default'];

/** The model to start claude with; null for its default. */
export function claudeModelOf(model: string): string | null {
  return DEFAULT_MODELS.includes(model) ? null : model;
}
