import { Injectable } from '@nestjs/common';
import { GatewayError } from '../core/errors.js';

/** Turns that may wait behind the running one of a session. */
export const MAX_WAITING_TURNS = 16;

/** A place in a session's queue; `leave` must be called in every case. */
export interface Ticket {
  /** Whether nobody was before: the turn may run at once. */
  readonly isFirst: boolean;
  /** Aborted when the turn is to be cancelled. */
  readonly signal: AbortSignal;
  /** Resolves when the turn's time has come; rejects when it was called off before. */
  readonly ready: Promise<void>;
  /** Cancels the turn if it runs; calls it off with `error` if it waits. */
  cancel(error: GatewayError): void;
  leave(): void;
}

interface Place {
  readonly ticket: Ticket;
  readonly begin: () => void;
}

/** The queue of one session: turns run one at a time, in the order of arrival. */
class TurnQueue {
  private readonly places: Place[] = [];
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly onEmpty: () => void) {}

  /** Turns that wait or run. */
  get pendingTurns(): number {
    return this.places.length;
  }

  enter(): Ticket {
    if (this.places.length > MAX_WAITING_TURNS) {
      throw new GatewayError('queue_full', `${MAX_WAITING_TURNS} turns of this session are waiting already`, {
        retryable: true,
        retryAfterSecs: 5,
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    // A ticket may be given up before anyone waits for it.
    promise.catch(() => undefined);
    const abort = new AbortController();
    const ticket: Ticket = {
      isFirst: this.places.length === 0,
      signal: abort.signal,
      ready: promise,
      cancel: (error) => {
        if (this.places[0]?.ticket === ticket) abort.abort(error);
        else reject(error);
      },
      leave: () => this.leave(ticket),
    };
    this.places.push({ ticket, begin: () => resolve(undefined) });
    if (ticket.isFirst) resolve(undefined);
    return ticket;
  }

  /** Calls off the turns that wait and cancels the one that runs. */
  end(error: GatewayError): void {
    // From the back, so that none that waits becomes the running one meanwhile.
    for (const { ticket } of this.places.toReversed()) ticket.cancel(error);
  }

  /** Resolves when nothing runs or waits. */
  whenIdle(): Promise<void> {
    if (this.places.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private leave(ticket: Ticket): void {
    const index = this.places.findIndex((place) => place.ticket === ticket);
    if (index === -1) return;
    this.places.splice(index, 1);
    if (index === 0) this.places[0]?.begin();
    if (this.places.length > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
    this.onEmpty();
  }
}

/** The queues of all sessions that have a turn queued or running. */
@Injectable()
export class TurnQueues {
  private readonly queues = new Map<string, TurnQueue>();

  /** Takes a place in a session's queue. @throws GatewayError `queue_full`. */
  enter(sessionId: string): Ticket {
    let queue = this.queues.get(sessionId);
    if (queue === undefined) {
      queue = new TurnQueue(() => this.queues.delete(sessionId));
      this.queues.set(sessionId, queue);
    }
    return queue.enter();
  }

  /** Turns of one session that wait or run. */
  pendingTurns(sessionId: string): number {
    return this.queues.get(sessionId)?.pendingTurns ?? 0;
  }

  /** Over all sessions. */
  counts(): { running: number; waiting: number } {
    let waiting = 0;
    for (const queue of this.queues.values()) waiting += queue.pendingTurns - 1;
    return { running: this.queues.size, waiting };
  }

  /** Calls off what waits and cancels what runs in one session; resolves when its queue is empty. */
  async end(sessionId: string, error: GatewayError): Promise<void> {
    const queue = this.queues.get(sessionId);
    queue?.end(error);
    await queue?.whenIdle();
  }

  /** Calls off what waits and cancels what runs in all sessions. */
  endAll(error: GatewayError): void {
    for (const queue of this.queues.values()) queue.end(error);
  }

  /** Resolves when no session has a turn queued or running. */
  async whenIdle(): Promise<void> {
    while (this.queues.size > 0) {
      await Promise.all([...this.queues.values()].map((queue) => queue.whenIdle()));
    }
  }
}
