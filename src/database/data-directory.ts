import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sqlite3 from 'sqlite3';
import type { AppConfig } from '../config/app-config.js';
import { messageOf } from '../core/errors.js';
import { StartError } from './start-error.js';

const LOCK_FILE = 'server.lock';
const PID_FILE = 'server.pid';

/**
 * Makes the directories of the settings, mode 0700.
 * @throws StartError when one cannot be made.
 */
export async function makeDirectories(config: AppConfig): Promise<void> {
  const directories = [
    config.dataDir,
    path.dirname(config.dbPath),
    config.runsDir,
    config.sessionsDir,
    config.filesDir,
  ];
  for (const directory of directories) {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new StartError(`cannot make the directory ${directory}: ${messageOf(error)}`, error);
    });
  }
}

/**
 * Makes the directories of the settings and locks the data directory for this process.
 * The lock is the kernel's, held by SQLite on a file of its own: it ends with the process, however that ends (docs/adr/0003).
 * @returns a function that releases the lock; repeated calls do nothing.
 * @throws StartError when another live server holds it or a directory cannot be made.
 */
export async function openDataDirectory(config: AppConfig): Promise<() => Promise<void>> {
  await makeDirectories(config);
  const lock = await acquireLock(config.dataDir);
  await writeFile(path.join(config.dataDir, PID_FILE), `${process.pid}\n`, { mode: 0o600 }).catch(
    () => undefined,
  );
  let released: Promise<void> | undefined;
  return () => (released ??= close(lock));
}

async function acquireLock(dataDir: string): Promise<sqlite3.Database> {
  const file = path.join(dataDir, LOCK_FILE);
  const lock = await open(file).catch((error: unknown) => {
    throw new StartError(`cannot open ${file}: ${messageOf(error)}`, error);
  });
  try {
    await exec(lock, 'BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    await close(lock);
    if (!messageOf(error).includes('SQLITE_BUSY')) {
      throw new StartError(`cannot lock the data directory ${dataDir}: ${messageOf(error)}`, error);
    }
    const pid = await readFile(path.join(dataDir, PID_FILE), 'utf8').catch(() => 'unknown');
    throw new StartError(
      `the data directory ${dataDir} is in use by another clawdforge server (pid ${pid.trim()}); stop it or set CLAWDFORGE_DATA_DIR`,
    );
  }
}

function open(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(database)));
  });
}

function exec(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(sql, (error) => (error ? reject(error) : resolve()));
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => {
    database.close(() => resolve());
  });
}
