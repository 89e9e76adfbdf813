import type { Spent, TurnEvent } from '../core/claude/backend-event.js';
import type { ChatMessage } from '../core/claude/chat-message.js';
import type { WatchedTerminal } from './terminal/watched-terminal.js';

export interface TurnEnd extends Spent {
  readonly stopReason: string;
}

/** One live `claude` with one conversation, however it is driven. Turns come one at a time. */
export interface ClaudeSession {
  readonly pid: number | undefined;
  /** Resolves when the process has ended, by itself or by `close`; never rejects. */
  readonly ended: Promise<void>;
  /** What a person can watch; null for an engine without a screen. */
  readonly terminal: WatchedTerminal | null;

  /**
   * Sends a prompt and tells what comes of it. A session whose turn threw or was left early is fit for `close` only.
   * @throws ClaudeTurnError, or the reason of `signal` when that is aborted.
   */
  turn(prompt: ChatMessage['content'], signal: AbortSignal): AsyncGenerator<TurnEvent, TurnEnd, undefined>;

  /**
   * Whether it still holds the very conversation that its turns made: false once claude has ended, compacted the history,
   * changed its session, or somebody else has written to it. Never rejects.
   */
  isReusable(): Promise<boolean>;

  /** Ends the process and all that it started; idempotent, bounded by some 20 s. @throws never. */
  close(): Promise<void>;
}
