import type { Clock } from '../common/clock.js';

/** How a turn went, in milliseconds; `overheadMs` is what the gateway added to the agent's own time. */
export interface TurnTimes {
  readonly agent: string;
  readonly status: string;
  readonly durationMs: number;
  readonly overheadMs: number;
}

/**
 * Measures what the gateway adds to a turn: all time from the request on, less the time in which it only waits, for the turn's
 * place in its queue or for the runner. A turn that is refused is never ended and leaves nothing.
 */
export class TurnTimer {
  private readonly startedMs: number;
  private outsideMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly record: (times: TurnTimes) => void,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  /** Takes the time of `wait` as not ours. */
  async outside<T>(wait: Promise<T>): Promise<T> {
    const fromMs = this.clock.monotonicMs();
    try {
      return await wait;
    } finally {
      this.outsideMs += this.clock.monotonicMs() - fromMs;
    }
  }

  /** The same items; the time until each comes is taken as not ours. */
  watch<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const iterator = items[Symbol.asyncIterator]();
        return {
          next: () => {
            const fromMs = this.clock.monotonicMs();
            return iterator.next().then((step) => {
              this.outsideMs += this.clock.monotonicMs() - fromMs;
              return step;
            });
          },
          return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value },
        };
      },
    };
  }

  /** @param durationMs of the turn as its client is told. */
  end(agent: string, status: string, durationMs: number): void {
    const overheadMs = Math.max(0, this.clock.monotonicMs() - this.startedMs - this.outsideMs);
    this.record({ agent, status, durationMs, overheadMs });
  }
}
