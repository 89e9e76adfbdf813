import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import type { DataSource, EntityManager } from 'typeorm';
import { LedgerTransaction } from './ledger-transaction.js';
import { toStorageError } from './storage-error.js';

/** Told after each transaction, well or not, how many milliseconds it took; waiting in the queue not included. */
export type WriteObserver = (tookMs: number) => void;

/**
 * The one way to the ledger. Writes are transactions that run one after the other: the SQLite driver has one connection,
 * so two transactions that await in between would share their rollbacks (docs/adr/0003). Reads use a connection of
 * their own that cannot write.
 */
export class Ledger {
  private readonly current = new AsyncLocalStorage<LedgerTransaction>();
  private tail: Promise<unknown> = Promise.resolve();
  private commits = 0;
  private undone = 0;
  private unfinished = 0;
  private observer: WriteObserver | undefined;

  constructor(
    private readonly writer: DataSource,
    private readonly readOnly: DataSource,
  ) {}

  /** Transactions that wait or run. */
  get queueDepth(): number {
    return this.unfinished;
  }

  /** Tells `observer` of every transaction from now on; one observer at a time. */
  observe(observer: WriteObserver): void {
    this.observer = observer;
  }

  /**
   * Runs `work` in a transaction of its own, or within the caller's when there is one. All of it is stored, or, when it
   * throws, nothing.
   * @throws GatewayError `storage_unavailable` on a full, broken or read-only storage; else what `work` throws.
   */
  write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.commit(async (transaction) => work(await transaction.manager()));
  }

  /** The same for what is mostly written without a look at results. @throws as `write`. */
  async commit<T>(work: (transaction: LedgerTransaction) => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer !== undefined && !outer.isOver) return work(outer);
    this.unfinished += 1;
    const result = this.tail.then(() => this.transact(work));
    this.tail = result.then(
      () => (this.commits += 1),
      () => undefined,
    );
    await this.tail;
    return result.catch((error: unknown) => {
      throw toStorageError(error);
    });
  }

  /** Rises with every commit of this server, before anyone is told of it. What was read at one version holds as long as it does. */
  get version(): number {
    return this.commits;
  }

  /** Rises with every transaction that was rolled back, before the next one begins. What was read of a transaction holds as long as it does. */
  get rollbacks(): number {
    return this.undone;
  }

  /** A query on the read connection, with storage faults as `storage_unavailable`. */
  async read<T>(query: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await query(this.readOnly.manager);
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** Waits for the writes so far, then closes both connections. Repeated calls do nothing. */
  async close(): Promise<void> {
    await this.tail;
    for (const source of [this.readOnly, this.writer]) {
      if (source.isInitialized) await source.destroy();
    }
  }

  private async transact<T>(work: (transaction: LedgerTransaction) => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const transaction = new LedgerTransaction(this.writer);
    try {
      await this.endBrokenTransaction();
      const result = await this.current.run(transaction, () => work(transaction));
      await transaction.commit();
      return result;
    } catch (error) {
      this.undone += 1;
      await transaction.rollback();
      throw error;
    } finally {
      transaction.isOver = true;
      this.unfinished -= 1;
      this.observer?.(performance.now() - startedMs);
    }
  }

  /**
   * When the storage fails a COMMIT, SQLite rolls back by itself and refuses the ROLLBACK after it. TypeORM then takes the
   * transaction for open, and would make all that follow parts of one that is never committed.
   */
  private async endBrokenTransaction(): Promise<void> {
    const runner = this.writer.createQueryRunner();
    if (!runner.isTransactionActive) return;
    await runner.query('ROLLBACK').catch(() => undefined);
    Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
  }
}
