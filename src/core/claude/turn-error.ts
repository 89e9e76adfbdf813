import type { Spent } from './backend-event.js';

/** Why a turn has no answer. */
export type TurnFault =
  /** The model API refused or failed, after claude's own retries. */
  | 'api_error'
  /** Not within the deadline. */
  | 'timeout'
  /** claude could not be started, or never became ready for a prompt. */
  | 'not_ready'
  /** The prompt was sent and claude never took it. */
  | 'not_acknowledged'
  /** claude asked somebody something; nobody is there. */
  | 'blocked'
  /** Somebody pressed Esc in the terminal. */
  | 'interrupted'
  /** claude went over to another session, or somebody else wrote to this one. */
  | 'session_changed'
  /** The transcript was deleted or cut short, or claude cannot write it. */
  | 'transcript_lost'
  /** claude ended. */
  | 'process_exit'
  /** claude said something we cannot read. */
  | 'protocol';

/** A turn that failed after its session was started. The session is closed, never used again. */
export class ClaudeTurnError extends Error {
  /** The HTTP status that the model API answered with, where claude tells it. */
  readonly apiStatus: number | null;
  /** What the turn had used up; null where that is not known. */
  readonly spent: Spent | null;

  constructor(
    readonly fault: TurnFault,
    message: string,
    options: { apiStatus?: number | null; spent?: Spent | null; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ClaudeTurnError';
    this.apiStatus = options.apiStatus ?? null;
    this.spent = options.spent ?? null;
  }
}
