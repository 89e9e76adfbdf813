/** What bounds the runner; times in milliseconds. */
export interface CliLimits {
  readonly createMs: number;
  readonly closeMs: number;
  /** How long one prompt that says nothing may keep others from starting. */
  readonly startMs: number;
  /** One `acpx cancel` command. */
  readonly cancelCommandMs: number;
  /** From the first `acpx cancel` until the turn must have been answered; then its processes are swept. */
  readonly cancelGraceMs: number;
  /** Between two `acpx cancel` of one turn. */
  readonly cancelAgainMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly killGraceMs: number;
  /** What an answered prompt's process may take to end by itself. */
  readonly drainMs: number;
  /** What `release` and `shutdown` give such processes before they sweep. */
  readonly releaseDrainMs: number;
  readonly versionProbeMs: number;
  readonly versionCacheMs: number;
  readonly maxLineBytes: number;
  /** All of a turn's output together. */
  readonly maxTurnBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_CLI_LIMITS: CliLimits = {
  createMs: 60_000,
  closeMs: 30_000,
  startMs: 10_000,
  cancelCommandMs: 5_000,
  cancelGraceMs: 8_000,
  cancelAgainMs: 500,
  killGraceMs: 2_500,
  // acpx waits 1 s for stragglers after a result, and 5 s at most.
  drainMs: 10_000,
  releaseDrainMs: 3_000,
  versionProbeMs: 10_000,
  versionCacheMs: 60_000,
  maxLineBytes: 64 * MIB,
  maxTurnBytes: 128 * MIB,
};

/** The most that a turn's error, its stderr and a failed command's message tell, in characters. */
export const MAX_TOLD_CHARS = 2_000;

/** Injection token of other limits, for tests. */
export const CLI_LIMITS = Symbol('limits of the acpx command line runner');
