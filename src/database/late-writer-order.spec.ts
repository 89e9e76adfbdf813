import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { Column, DataSource, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { LateWriter } from './late-writer.js';
import { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { storageUnavailable } from './storage-error.js';

@Entity('gateway_state')
class StateEntity {
  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  value!: string;
}

// What it logs is not looked at here.
beforeAll(() => Logger.overrideLogger(false));

let directory: string;
let ledger: Ledger;
let writer: LateWriter;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-late-'));
  ledger = await openLedger(path.join(directory, 'ledger.db'), [StateEntity]);
  writer = new LateWriter(ledger);
});
afterEach(async () => {
  await ledger.close();
  await rm(directory, { recursive: true });
});

const append = (text: string) => async (manager: EntityManager) => {
  const row = (await manager.findOneBy(StateEntity, { key: 'log' })) ?? { key: 'log', value: '' };
  await manager.save(StateEntity, { key: 'log', value: row.value + text });
};
const log = async () =>
  (await ledger.read((manager) => manager.findOneBy(StateEntity, { key: 'log' })))?.value;

describe('a late writer', () => {
  let isFull: boolean;
  beforeEach(() => {
    isFull = true;
    const commit = ledger.commit.bind(ledger);
    jest
      .spyOn(ledger, 'commit')
      .mockImplementation((work) => (isFull ? Promise.reject(storageUnavailable('full')) : commit(work)));
  });

  it('writes what waited first, then what came later, each once', async () => {
    await expect(writer.write('a', append('a'))).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(writer.write('b', append('b'))).rejects.toMatchObject({ code: 'storage_unavailable' });
    isFull = false;
    await writer.write('c', append('c'));
    expect(await log()).toBe('abc');
  });

  it('writes nothing twice and nothing not at all when flushes overlap', async () => {
    for (const text of ['a', 'b', 'c']) await writer.write(text, append(text)).catch(() => undefined);
    isFull = false;
    await Promise.all([writer.flush(), writer.flush(), writer.write('d', append('d')), writer.flush()]);
    expect(await log()).toBe('abcd');
  });

  it('does not hold everything up for a write that can never succeed', async () => {
    isFull = false;
    await expect(writer.write('bad', () => Promise.reject(new Error('no such column')))).rejects.toThrow(
      'no such column',
    );
    await writer.write('good', append('a'));
    isFull = true;
    await writer.write('b', append('b')).catch(() => undefined);
    await writer.write('bad', () => Promise.reject(new Error('bad'))).catch(() => undefined);
    await writer.write('c', append('c')).catch(() => undefined);
    isFull = false;
    await writer.flush();
    expect(await log()).toBe('abc');
  });
});

describe('a COMMIT that the storage fails', () => {
  it('does not turn all later writes into parts of a transaction that never ends', async () => {
    // SQLite rolls back by itself when the disk refuses a COMMIT; a ROLLBACK ahead of it looks the same to the driver.
    const failing = ledger.write(async (manager) => {
      await append('lost')(manager);
      await manager.query('ROLLBACK');
    });
    await expect(failing).rejects.toThrow('no transaction is active');
    await expect(ledger.write(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await ledger.write(append('kept'));

    const other = new DataSource({ type: 'sqlite', database: path.join(directory, 'ledger.db') });
    await other.initialize();
    const rows = await other.query<{ value: string }[]>("SELECT value FROM gateway_state WHERE key = 'log'");
    await other.destroy();
    expect(rows).toEqual([{ value: 'kept' }]);
  });
});
