import type { ClaudeStatus } from '../../core/claude/turn-progress.js';
import type { WatchedTerminal } from './watched-terminal.js';

/**
 * An interactive claude, as its turns need it. Stand-ins in tests take its place: they see the prompt as it was sent and
 * append to the transcript, so all above typing is the real thing.
 */
export interface ClaudeTerminal {
  readonly pid: number | undefined;
  readonly hasExited: boolean;
  readonly exited: Promise<unknown>;
  /** Null for a stand-in. */
  readonly watched: WatchedTerminal | null;
  /** Whether a person has pressed keys in it. */
  readonly wasTouched: boolean;
  /** Types a prompt, so that it arrives as text, and presses Enter. Ends early when the signal is aborted. */
  send(prompt: string, signal: AbortSignal): Promise<void>;
  pressEnter(): void;
  status(): Promise<ClaudeStatus>;
  /** The end of what it shows, for an error's message. */
  lastWords(): Promise<string>;
  /** Ends it and all that it started; idempotent. @throws never. */
  close(): Promise<void>;
}
