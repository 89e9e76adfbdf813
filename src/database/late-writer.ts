import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { GatewayError } from '../core/errors.js';
import type { LedgerTransaction } from './ledger-transaction.js';
import { Ledger } from './ledger.js';
import { storageUnavailable } from './storage-error.js';

const RETRY_EVERY_MS = 1000;

type Write = (transaction: LedgerTransaction) => Promise<void>;

/**
 * Writes what has happened already and so must not be lost: when the storage does not take it now, it is tried again
 * until it does, in order. After a crash before that the ledger says `unknown`, which is true.
 */
@Injectable()
export class LateWriter {
  private readonly logger = new Logger(LateWriter.name);
  private readonly waiting: { what: string; write: Write }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(private readonly ledger: Ledger) {}

  /**
   * @param what names the fact in the log and in the error, such as `the end of turn 3`.
   * @throws GatewayError `storage_unavailable` when it could not be written now; what `write` itself throws is not retried.
   */
  write(what: string, write: (manager: EntityManager) => Promise<void>): Promise<void> {
    return this.commit(what, async (transaction) => write(await transaction.manager()));
  }

  /** The same for what is written without a look at results. @throws as `write`. */
  async commit(what: string, write: Write): Promise<void> {
    try {
      // What waits happened before this, and is written before it.
      if (this.waiting.length > 0) await this.flush();
      if (this.waiting.length > 0) throw storageUnavailable(`${this.waiting.length} writes wait before it`);
      await this.ledger.commit(write);
    } catch (cause) {
      if (!isStorageUnavailable(cause)) throw cause;
      this.logger.error({ err: cause }, `${what} could not be written; it will be tried again`);
      this.waiting.push({ what, write });
      this.schedule();
      throw new GatewayError('storage_unavailable', `${what} could not be recorded yet`, { cause });
    }
  }

  /** Tries once more what waits; at shutdown for the last time. Calls that overlap share one try. */
  flush(): Promise<void> {
    this.flushing ??= this.writeWaiting().finally(() => (this.flushing = undefined));
    return this.flushing;
  }

  private async writeWaiting(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      try {
        await this.ledger.commit(next.write);
      } catch (error) {
        if (isStorageUnavailable(error)) {
          this.logger.warn({ err: error }, `${next.what} still could not be written`);
          this.schedule();
          return;
        }
        // It can never be written; what waits behind it can.
        this.logger.error({ err: error }, `${next.what} is lost`);
      }
      this.waiting.shift();
    }
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), RETRY_EVERY_MS).unref();
  }
}

function isStorageUnavailable(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'storage_unavailable';
}
