/** What bounds the warm runner; times in milliseconds. */
export interface AcpLimits {
  /** From the start of an agent process to its answer to `initialize`. */
  readonly initializeMs: number;
  /** Any other request than a prompt: `session/new`, `session/resume`, `session/set_mode` and so on. */
  readonly requestMs: number;
  /** From `session/cancel` until the prompt must have been answered. */
  readonly cancelGraceMs: number;
  /** `session/close`, before the whole process has to go. */
  readonly closeMs: number;
  /** From the end of its stdin until a process must have ended. */
  readonly endInputMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly killGraceMs: number;
  /** What turns get to end when the runner shuts down, before their agents are stopped. */
  readonly shutdownMs: number;
  /** In line for an agent process. */
  readonly waitForAgentMs: number;
  readonly maxWaiting: number;
  readonly maxLineBytes: number;
  /** What is kept of a turn for a reader that lags; above either bound the agent is not read. */
  readonly maxBufferedMessages: number;
  readonly maxBufferedBytes: number;
  /** After a prewarmed process failed to start; doubled with each further failure, up to a minute. */
  readonly prewarmRetryMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_ACP_LIMITS: AcpLimits = {
  initializeMs: 30_000,
  requestMs: 60_000,
  cancelGraceMs: 3_000,
  closeMs: 3_000,
  endInputMs: 1_500,
  killGraceMs: 2_500,
  shutdownMs: 2_000,
  waitForAgentMs: 60_000,
  maxWaiting: 64,
  maxLineBytes: 64 * MIB,
  maxBufferedMessages: 4_096,
  maxBufferedBytes: 8 * MIB,
  prewarmRetryMs: 1_000,
};

/** The most that is told of what an agent said, in characters. */
export const MAX_TOLD_CHARS = 2_000;

/** Injection token of other limits, for tests. */
export const ACP_LIMITS = Symbol('limits of the warm runner');
