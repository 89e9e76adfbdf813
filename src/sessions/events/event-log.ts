import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import { Ledger } from '../../database/ledger.js';
import type { LedgerTransaction } from '../../database/ledger-transaction.js';
import { EventHub } from './event-hub.js';
import { EventStore } from './event-store.js';
import type { NewSessionEvent, SessionEvent } from './session-event.js';

/** Above this the agents' side has to wait until the ledger has caught up. */
const MAX_PENDING_CHARS = 512 * 1024;
const RETRY_EVERY_MS = 1000;

/** Adds an event to the transaction that is being written; returns its place in the log. */
export type Emit = (event: NewSessionEvent) => number;

/** What is written with the events before it, in one transaction. It checks before it writes: a refusal undoes nothing. */
export type CommitStep<T> = (transaction: LedgerTransaction, emit: Emit) => T | Promise<T>;

interface Step {
  readonly run: CommitStep<unknown>;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
  /** Has happened already: when the storage does not take it, the caller is told, and it is tried again. */
  readonly isLate: boolean;
}

type Item = { readonly event: NewSessionEvent } | { readonly step: Step };

/**
 * The event log's writer. Everything that comes while a transaction is written goes into the next one, across sessions, which
 * starts when the last one ends: no timer, no waiting. Nobody hears of an event before it is committed.
 */
@Injectable()
export class EventLog implements OnModuleInit {
  private readonly logger = new Logger(EventLog.name);
  private pending: Item[] = [];
  private pendingChars = 0;
  /** When the oldest of what is not committed came. */
  private oldestMs: number | undefined;
  private nextSeq = 1;
  /** Readers see a commit before it is told here that it is done. */
  private seenSeq = 0;
  private isWriting = false;
  private nextRound: NodeJS.Immediate | undefined;
  private fault: GatewayError | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private waitingForRoom: ((value: undefined) => void)[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly store: EventStore,
    private readonly hub: EventHub,
  ) {}

  async onModuleInit(): Promise<void> {
    this.seenSeq = await this.store.lastSeq();
    this.nextSeq = this.seenSeq + 1;
  }

  /** The highest place of the log that a reader may have seen. */
  get lastSeq(): number {
    return this.seenSeq;
  }

  /** Age in milliseconds of the oldest event or step that is not committed yet; 0 when all are. */
  get lagMs(): number {
    return this.oldestMs === undefined ? 0 : performance.now() - this.oldestMs;
  }

  /** Puts an event behind all others; it is committed soon. */
  append(event: NewSessionEvent): void {
    this.pending.push({ event });
    this.pendingChars += event.dataJson.length + (event.raw?.length ?? 0);
    this.schedule();
  }

  /** Runs a step in the transaction that commits all events appended before it. @throws what the step throws, `storage_unavailable`. */
  commit<T>(run: CommitStep<T>): Promise<T> {
    return this.push(run, false);
  }

  /** The same for what has happened already: after a `storage_unavailable` it is tried again until it is written. */
  commitLate<T>(run: CommitStep<T>): Promise<T> {
    return this.push(run, true);
  }

  /** Undefined when there is room for more events; else resolves when there is. @throws GatewayError `storage_unavailable`. */
  room(): Promise<void> | undefined {
    if (this.pendingChars < MAX_PENDING_CHARS) return undefined;
    if (this.fault !== undefined) return Promise.reject(this.fault);
    return new Promise<undefined>((resolve) => this.waitingForRoom.push(resolve)).then(() => {
      if (this.fault !== undefined) throw this.fault;
    });
  }

  /** Writes what is pending, once more where the storage failed before; for shutdown. */
  async flush(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    await this.commit(() => undefined).catch(() => undefined);
  }

  /** By a call, since more may have come while a batch was written. */
  private hasPending(): boolean {
    return this.pending.length > 0;
  }

  private push<T>(run: CommitStep<T>, isLate: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.pending.push({
        step: { run, done: (value) => resolve(value as T), failed: reject, isLate },
      });
      this.schedule(true);
    });
  }

  /**
   * A step starts a transaction at once. An event does after the next round of I/O, so that what an agent wrote in two pieces, and the end
   * behind them, share one: it is in the pipe by now, and a round costs microseconds.
   */
  private schedule(isStep = false): void {
    this.oldestMs ??= performance.now();
    if (this.isWriting || this.retryTimer !== undefined) return;
    if (isStep) {
      void this.writeAll();
      return;
    }
    this.nextRound ??= setImmediate(() => {
      this.nextRound = setImmediate(() => void this.writeAll());
    });
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    clearImmediate(this.nextRound);
    this.nextRound = undefined;
    while (this.hasPending() && this.retryTimer === undefined) {
      const batch = this.pending;
      this.pending = [];
      this.pendingChars = 0;
      const takenMs = performance.now();
      try {
        await this.writeBatch(batch);
        this.oldestMs = this.hasPending() ? takenMs : undefined;
        this.fault = undefined;
      } catch (error) {
        this.keepForLater(batch, error);
      }
      for (const resume of this.waitingForRoom.splice(0)) resume(undefined);
    }
    this.isWriting = false;
  }

  private async writeBatch(batch: readonly Item[]): Promise<void> {
    const events: SessionEvent[] = [];
    const outcomes: (() => void)[] = [];
    await this.ledger.commit(async (transaction) => {
      let seq = this.nextSeq;
      const emit: Emit = (event) => {
        events.push({ ...event, seq });
        return seq++;
      };
      for (const item of batch) {
        if ('event' in item) emit(item.event);
        else outcomes.push(await runStep(item.step, transaction, emit));
      }
      this.seenSeq = seq - 1;
      this.store.insert(transaction, events);
    });
    this.nextSeq += events.length;
    this.hub.publish(events);
    for (const settle of outcomes) settle();
  }

  /** Events of the agents and late steps stay in line; other steps are refused, as nobody was told of them yet. */
  private keepForLater(batch: readonly Item[], cause: unknown): void {
    this.logger.error({ err: cause }, 'events could not be written; tried again in a second');
    this.fault = new GatewayError('storage_unavailable', 'the storage cannot be written now', {
      retryable: true,
      retryAfterSecs: 5,
      cause,
    });
    const kept: Item[] = [];
    for (const item of batch) {
      if ('event' in item) kept.push(item);
      else {
        item.step.failed(this.fault);
        if (item.step.isLate) kept.push(item);
      }
    }
    this.pending = [...kept, ...this.pending];
    for (const item of kept)
      if ('event' in item) this.pendingChars += item.event.dataJson.length + (item.event.raw?.length ?? 0);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      if (this.pending.length > 0) this.schedule();
    }, RETRY_EVERY_MS).unref();
  }
}

/** Runs one step; a refusal of its own concerns its caller alone, a storage fault the whole transaction. */
async function runStep(step: Step, transaction: LedgerTransaction, emit: Emit): Promise<() => void> {
  try {
    const value = await step.run(transaction, emit);
    return () => step.done(value);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return () => step.failed(error);
  }
}
