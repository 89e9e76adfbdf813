import type { Ledger } from './ledger.js';

interface Entry<T> {
  readonly version: number;
  readonly value: Promise<T>;
}

/** Answers of queries that hold until the next commit: those who poll cost a query only when something may have changed. */
export class ReadCache<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly ledger: Pick<Ledger, 'version'>,
    private readonly maxEntries: number,
  ) {}

  /** The answer for `key`: the one that is known if nothing was committed since it was asked for, else that of `query`. */
  read(key: string, query: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    if (known?.version === this.ledger.version) return known.value;
    const entry = { version: this.ledger.version, value: query() };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.value.catch(() => this.forget(key, entry));
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.maxEntries) break;
      this.entries.delete(oldest);
    }
    return entry.value;
  }

  private forget(key: string, entry: Entry<T>): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }
}
