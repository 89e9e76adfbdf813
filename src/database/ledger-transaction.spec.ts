import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import type { LedgerTransaction } from './ledger-transaction.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { sql } from './sql-text.js';

const directory = useTempDir();
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), []);
});
afterEach(() => ledger.close());

const put = (transaction: LedgerTransaction, key: string): void =>
  transaction.add(sql`INSERT INTO gateway_state (key, value) VALUES (${key},'v')`);
const commit = (write: (transaction: LedgerTransaction) => void): Promise<void> =>
  ledger.commit((transaction) => {
    write(transaction);
    return Promise.resolve();
  });
const rows = (keys = 'SELECT key FROM gateway_state ORDER BY key') =>
  ledger.read(async (manager) => (await manager.query<{ key: string }[]>(keys)).map(({ key }) => key));

describe('a transaction that is written as text', () => {
  it('stores all of it', async () => {
    await commit((transaction) => ['a', 'b', 'c'].forEach((key) => put(transaction, key)));
    expect(await rows()).toEqual(['a', 'b', 'c']);
  });

  it('stores nothing of it when a statement in the middle fails, and the next one is whole', async () => {
    const failed = commit((transaction) => ['a', 'b', 'a', 'c'].forEach((key) => put(transaction, key)));
    await expect(failed).rejects.toThrow('SQLITE_CONSTRAINT');
    await commit((transaction) => put(transaction, 'next'));
    expect(await rows()).toEqual(['next']);
  });

  it('is whole or not there when it is too long for one script', async () => {
    const keys = Array.from(
      { length: 40 },
      (_, index) => `${String(index).padStart(2, '0')}${'x'.repeat(10_000)}`,
    );
    const failed = commit((transaction) => [...keys, keys[39]!].forEach((key) => put(transaction, key)));
    await expect(failed).rejects.toThrow('SQLITE_CONSTRAINT');
    expect(await rows()).toEqual([]);
    await commit((transaction) => keys.forEach((key) => put(transaction, key)));
    expect(await rows()).toEqual(keys);
  });

  it('stores nothing when the work that writes it throws', async () => {
    const failed = commit((transaction) => {
      put(transaction, 'a');
      throw new Error('changed its mind');
    });
    await expect(failed).rejects.toThrow('changed its mind');
    await commit((transaction) => put(transaction, 'next'));
    expect(await rows()).toEqual(['next']);
  });

  it('keeps the foreign keys', async () => {
    const orphan = sql`INSERT INTO turns (id, session_id, turn_index, status, created_at) VALUES ('t','none',1,'queued',0)`;
    await expect(commit((transaction) => transaction.add(orphan))).rejects.toThrow('FOREIGN KEY');
  });

  it('does nothing for nothing', async () => {
    await commit(() => undefined);
    expect(await rows()).toEqual([]);
  });

  it('does not mix with one that waits for results', async () => {
    const slow = ledger.write(async (manager) => {
      await manager.query(`INSERT INTO gateway_state (key, value) VALUES ('slow', 'v')`);
      await new Promise(setImmediate);
      throw new Error('rolled back');
    });
    const quick = commit((transaction) => put(transaction, 'quick'));
    await expect(slow).rejects.toThrow('rolled back');
    await quick;
    expect(await rows()).toEqual(['quick']);
  });
});

describe('a transaction of text and of results', () => {
  const counted = async (transaction: LedgerTransaction): Promise<number> => {
    const manager = await transaction.manager();
    return (await manager.query<unknown[]>('SELECT 1 FROM gateway_state')).length;
  };

  it('has run what was added when it is asked for results, and runs the rest behind it', async () => {
    const seen = await ledger.commit(async (transaction) => {
      put(transaction, 'a');
      const first = await counted(transaction);
      put(transaction, 'b');
      const second = await counted(transaction);
      put(transaction, 'c');
      return [first, second];
    });
    expect(seen).toEqual([1, 2]);
    expect(await rows()).toEqual(['a', 'b', 'c']);
  });

  it('stores nothing of either when the text behind the results fails', async () => {
    const failed = ledger.commit(async (transaction) => {
      put(transaction, 'a');
      await counted(transaction);
      put(transaction, 'a');
    });
    await expect(failed).rejects.toThrow('SQLITE_CONSTRAINT');
    await commit((transaction) => put(transaction, 'next'));
    expect(await rows()).toEqual(['next']);
  });

  it('is one with the writes that are made within it', async () => {
    const failed = ledger.commit(async (transaction) => {
      put(transaction, 'outer');
      await ledger.write((manager) =>
        manager.query(`INSERT INTO gateway_state (key, value) VALUES ('inner', 'v')`),
      );
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await rows()).toEqual([]);
  });
});
