import { GatewayError } from '../core/errors.js';

/** Requests that may wait for a slot; each holds a whole history in memory. */
const MAX_WAITING = 64;
const RETRY_AFTER_SECS = 5;

interface Waiter {
  readonly admit: () => void;
}

/** How many processes may be alive at a time. Who comes when all slots are taken waits its turn. */
export class LiveSlots {
  private taken = 0;
  private readonly waiters: Waiter[] = [];

  constructor(private readonly count: number) {}

  get waiting(): number {
    return this.waiters.length;
  }

  /** Whether the next `acquire` gets a slot at once. */
  get isFree(): boolean {
    return this.taken < this.count;
  }

  /**
   * Resolves with a slot, in order of arrival; `release` gives it back.
   * @throws GatewayError `queue_full`, or the signal's reason.
   */
  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.isFree) {
      this.taken += 1;
      return;
    }
    if (this.waiters.length >= MAX_WAITING) {
      throw new GatewayError('queue_full', `${MAX_WAITING} requests are waiting for a claude process`, {
        retryable: true,
        retryAfterSecs: RETRY_AFTER_SECS,
      });
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        // The reason is an error of whoever aborted.
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiters.push(waiter);
    });
  }

  /** Gives a slot back, or to the first who waits. */
  release(): void {
    const next = this.waiters.shift();
    if (next === undefined) this.taken -= 1;
    else next.admit();
  }
}
