import { setTimeout as sleep } from 'node:timers/promises';
import type { PromptOptions, PromptResult } from '../acpx-runner.js';

/** What a scripted turn waits for before its last event. */
export interface TurnWait {
  /** Milliseconds. */
  readonly delayMs?: number;
  /** See `FakeAcpxRunner.hold`. */
  readonly until?: Promise<void>;
}

/** What no scripted turn says. */
export const NOTHING_ELSE = {
  errorCode: null,
  usage: null,
  costUsd: null,
  contextLost: false,
  agentSessionId: null,
};

export const CANCELLED: Omit<PromptResult, 'stderr'> = {
  status: 'cancelled',
  stopReason: 'cancelled',
  error: null,
  ...NOTHING_ELSE,
  deadline: null,
};

/**
 * Waits for what a scripted turn waits for, the turn's deadline or its cancellation.
 * @returns null when the turn goes on, else how it was stopped.
 */
export async function endOf(
  turn: TurnWait,
  options: PromptOptions,
): Promise<Omit<PromptResult, 'stderr'> | null> {
  const settled = new AbortController();
  const ends = AbortSignal.any([settled.signal, options.signal]);
  const cancelled = new Promise<'cancelled'>((resolve) => {
    if (options.signal.aborted) resolve('cancelled');
    else
      options.signal.addEventListener('abort', () => resolve('cancelled'), {
        once: true,
        signal: settled.signal,
      });
  });
  const late = sleep(options.deadlines.totalSecs * 1000, 'timed_out' as const, { signal: ends, ref: false });
  const ready = Promise.all([turn.until, sleep(turn.delayMs ?? 0, undefined, { signal: ends })]);
  // Whatever loses the race is rejected by the abort below; that is no error.
  for (const waiting of [late, ready]) waiting.catch(() => undefined);
  const never = new Promise<never>(() => undefined);
  const end = await Promise.race([
    cancelled,
    late.catch(() => never),
    ready.then(() => 'ready' as const).catch(() => never),
  ]);
  settled.abort();
  if (end === 'ready') return null;
  return end === 'cancelled'
    ? CANCELLED
    : {
        status: 'timed_out',
        stopReason: 'timeout',
        error: `acpx turn timed out after ${options.deadlines.totalSecs}s`,
        ...NOTHING_ELSE,
        deadline: 'total',
      };
}
