import { stat } from 'node:fs/promises';
import sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions, type EntitySchema, type MixedList } from 'typeorm';
import { messageOf } from '../core/errors.js';
import { Ledger } from './ledger.js';
import { migrations } from './migrations/index.js';
import { StartError } from './start-error.js';

/** Files up to this size are checked whole at start; SQLite reads some 300 MB a second for it. */
const MAX_CHECKED_BYTES = 256 * 1024 * 1024;

/**
 * The commit that takes the write-ahead log over this many pages of 4 KiB moves them into the database and waits for the disk. A turn
 * writes some 25 pages; SQLite's own 1000 would hold up one turn in 40.
 */
const PAGES_A_CHECKPOINT = 8192;

/**
 * TypeORM turns the driver's long stack traces on. They cost every statement a stack and a print of its parameters, and
 * put these, prompts and hashes among them, into the stack of every error.
 */
const DRIVER = Object.create(sqlite3, { verbose: { value: () => sqlite3 } }) as typeof sqlite3;

/**
 * Opens the SQLite file, brings its schema up to date and returns the ledger over it.
 * @throws StartError when the file is no database, is damaged, or cannot be written.
 */
export async function openLedger(
  dbPath: string,
  entities: MixedList<string | EntitySchema | (new () => object)>,
): Promise<Ledger> {
  const common = {
    type: 'sqlite',
    database: dbPath,
    driver: DRIVER,
    entities,
    busyTimeout: 5000,
  } satisfies DataSourceOptions;
  const writer = new DataSource({
    ...common,
    enableWAL: true,
    migrations,
    migrationsTransactionMode: 'each',
  });
  const reader = new DataSource(common);
  try {
    await writer.initialize();
    await writer.query('PRAGMA synchronous = NORMAL');
    await writer.query(`PRAGMA wal_autocheckpoint = ${PAGES_A_CHECKPOINT}`);
    await checkIntegrity(writer, dbPath);
    await writer.runMigrations();
    // A file that opens but cannot be written shows only now.
    await writer.query('CREATE TABLE IF NOT EXISTS write_probe (at INTEGER)');
    await writer.query('DROP TABLE write_probe');
    await reader.initialize();
    await reader.query('PRAGMA query_only = ON');
  } catch (error) {
    for (const source of [reader, writer])
      if (source.isInitialized) await source.destroy().catch(() => undefined);
    throw error instanceof StartError
      ? error
      : new StartError(`cannot use the database ${dbPath}: ${describe(error)}`, error);
  }
  return new Ledger(writer, reader);
}

async function checkIntegrity(writer: DataSource, dbPath: string): Promise<void> {
  const { size } = await stat(dbPath);
  if (size > MAX_CHECKED_BYTES) return;
  const rows = await writer.query<{ quick_check: string }[]>('PRAGMA quick_check(1)');
  const verdict = rows[0]?.quick_check ?? 'no answer';
  if (verdict !== 'ok') {
    throw new StartError(
      `the database ${dbPath} is damaged (${verdict}); restore it from a copy or move it away`,
    );
  }
}

function describe(error: unknown): string {
  const message = messageOf(error);
  if (message.includes('SQLITE_NOTADB')) return 'the file is not an SQLite database';
  if (message.includes('SQLITE_CORRUPT'))
    return 'the file is damaged; restore it from a copy or move it away';
  if (message.includes('SQLITE_READONLY')) return 'the file cannot be written';
  if (message.includes('SQLITE_CANTOPEN'))
    return 'the file cannot be opened; DB_PATH takes the path of a file in a directory that can be written';
  if (message.includes('SQLITE_FULL')) return 'the disk is full';
  return message;
}
