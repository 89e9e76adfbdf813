import { mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import { openLedger } from './open-ledger.js';
import { StartError } from './start-error.js';

const directory = useTempDir();
const dbPath = () => path.join(directory.path, 'ledger.db');

async function refusal(): Promise<StartError> {
  const error: unknown = await openLedger(dbPath(), []).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  return error as StartError;
}

/** A ledger with some pages of rows, closed again. */
async function makeLedger(): Promise<void> {
  const ledger = await openLedger(dbPath(), []);
  await ledger.write(async (manager) => {
    for (let row = 0; row < 200; row += 1) {
      await manager.query('INSERT INTO gateway_state VALUES (?, ?)', [`key-${row}`, 'v'.repeat(500)]);
    }
  });
  await ledger.close();
}

it('makes a new file with the whole schema, in WAL mode, and opens it again as it is', async () => {
  await makeLedger();
  const ledger = await openLedger(dbPath(), []);
  const query = (sql: string) => ledger.read((manager) => manager.query<Record<string, unknown>[]>(sql));
  expect(await query('SELECT count(*) AS n FROM gateway_state')).toEqual([{ n: 200 }]);
  expect(await query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  expect(await query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  const tables = await query(`SELECT name FROM sqlite_master WHERE type = 'table'`);
  for (const name of ['tokens', 'sessions', 'turns', 'session_events', 'runs', 'files', 'processes']) {
    expect(tables).toContainEqual({ name });
  }
  await ledger.close();
});

it('refuses a file that is no database, and leaves it as it is', async () => {
  await writeFile(dbPath(), 'garbage '.repeat(1000));
  const { message } = await refusal();
  expect(message).toContain(dbPath());
  expect(message).toContain('not an SQLite database');
  expect(await readFile(dbPath(), 'utf8')).toBe('garbage '.repeat(1000));
});

it.each([0.3, 0.7])('refuses a file cut off at %d of its length', async (share) => {
  await makeLedger();
  const { size } = await stat(dbPath());
  await truncate(dbPath(), Math.floor(size * share));
  expect((await refusal()).message).toMatch(/damaged.*restore it from a copy or move it away/);
});

it('refuses a file with pages overwritten in the middle', async () => {
  await makeLedger();
  const { size } = await stat(dbPath());
  const file = await open(dbPath(), 'r+');
  await file.write(Buffer.alloc(Math.floor(size / 2), 0xaa), 0, undefined, 4096);
  await file.close();
  expect((await refusal()).message).toMatch(/damaged/);
});

it('refuses a directory in the place of the file', async () => {
  await mkdir(dbPath());
  const { message } = await refusal();
  expect(message).toContain(dbPath());
  expect(message).toContain('cannot be opened');
});
