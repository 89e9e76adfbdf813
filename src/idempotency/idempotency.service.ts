import { Injectable } from '@nestjs/common';
import { GatewayError } from '../core/errors.js';
import { LateWriter } from '../database/late-writer.js';
import { IdempotencyLedger } from './idempotency-ledger.js';
import { isKeptStatus, type KeptAnswer } from './kept-answer.js';
import type { KeyedRequest } from './keyed-request.js';

/** What a keyed request is answered: by its own work, by that of an earlier request, or not at all. */
export type KeyedOutcome =
  { readonly kind: 'own' | 'replayed'; readonly answer: KeptAnswer } | { readonly kind: 'unknown' };

/** How the request that has a key ended; `released` when its answer is not kept, `lost` when what it did is not known. */
type FlightEnd = KeptAnswer | 'released' | 'lost';

interface Flight {
  readonly ended: Promise<FlightEnd>;
  readonly end: (end: FlightEnd) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Does the work of a keyed request once. A row without an answer that has no request in flight here was cut off by the end of an
 * earlier server: its outcome is unknown, and it is never run again.
 */
@Injectable()
export class IdempotencyService {
  private readonly flights = new Map<number, Flight>();

  constructor(
    private readonly keys: IdempotencyLedger,
    private readonly lateWriter: LateWriter,
  ) {}

  /**
   * Runs `work` when the key is free; else waits for the request that has it and gives its answer. The key is taken in the ledger
   * before `work` begins, its answer is committed before this resolves.
   * @throws GatewayError `idempotency_key_reused`, `storage_unavailable`; and what `work` throws, which makes the key free again.
   */
  async once(request: KeyedRequest, work: () => Promise<KeptAnswer>): Promise<KeyedOutcome> {
    for (;;) {
      const taken = await this.take(request);
      if (typeof taken === 'number') return { kind: 'own', answer: await this.run(taken, work) };
      if (taken.bodySha256 !== request.bodySha256) throw reusedError();
      const flight = taken.status === null ? this.flights.get(taken.id) : undefined;
      const end = flight === undefined ? await this.keys.answerOf(taken) : await flight.ended;
      if (end === undefined || end === 'lost') return { kind: 'unknown' };
      if (end !== 'released') return { kind: 'replayed', answer: end };
    }
  }

  /** Deletes what is kept no longer at a point in Unix milliseconds. @returns how many keys. */
  deleteExpired(nowMs: number): Promise<number> {
    return this.keys.deleteExpired(nowMs, (id) => this.flights.has(id));
  }

  /** At shutdown, once turns and runs have ended: resolves when their answers are committed. What else may run has deadlines of its own. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.flights.values()].map(({ ended }) => ended));
    await this.lateWriter.flush();
  }

  /** @returns the id of the row that is now ours, or the row of the request that has the key. */
  private async take(request: KeyedRequest) {
    let id: number | undefined;
    const isRunning = (rowId: number): boolean => this.flights.has(rowId);
    try {
      const found = await this.keys.take(request, isRunning, (rowId) => {
        id = rowId;
        this.flights.set(rowId, newFlight());
      });
      if (found !== null) return found;
    } catch (error) {
      if (id !== undefined) this.flights.delete(id);
      throw error;
    }
    if (id === undefined) throw new Error('a key was taken without a row');
    return id;
  }

  private async run(id: number, work: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
    let answer: KeptAnswer;
    try {
      answer = await work();
    } catch (error) {
      if (isLost(error)) this.land(id, 'lost');
      else await this.release(id);
      throw error;
    }
    if (isKeptStatus(answer.status)) await this.keep(id, answer);
    else await this.release(id);
    return answer;
  }

  private async keep(id: number, answer: KeptAnswer): Promise<void> {
    const flight = this.flights.get(id);
    try {
      await this.keys.keep(id, answer, () => this.flights.delete(id));
      flight?.end(answer);
    } catch {
      // Nobody is told what is not in the ledger yet; the flight stays until it is, so that no retry takes it for lost.
      const error = notRecordedError();
      flight?.fail(error);
      throw error;
    }
  }

  private async release(id: number): Promise<void> {
    const flight = this.flights.get(id);
    try {
      await this.keys.release(id, () => this.flights.delete(id));
      flight?.end('released');
    } catch {
      // The request has its own answer; others wait until the key is free in the ledger, too.
      flight?.fail(notRecordedError());
    }
  }

  private land(id: number, end: FlightEnd): void {
    this.flights.get(id)?.end(end);
    this.flights.delete(id);
  }
}

function newFlight(): Flight {
  const { promise, resolve, reject } = Promise.withResolvers<FlightEnd>();
  // Nobody may be waiting when it fails.
  promise.catch(() => undefined);
  return { ended: promise, end: resolve, fail: reject };
}

/** The work was done and its end could not be recorded: to run it again would do it twice. */
function isLost(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'storage_unavailable' && !error.retryable;
}

function reusedError(): GatewayError {
  return new GatewayError(
    'idempotency_key_reused',
    'Idempotency-Key: was sent before with another body; use a new key for a new request',
  );
}

function notRecordedError(): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    'the answer could not be recorded yet; ask again with the same key',
    {
      retryable: true,
      retryAfterSecs: 5,
    },
  );
}
