import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import { loadConfig } from '../config/load-config.js';
import { openDataDirectory } from './data-directory.js';
import { StartError } from './start-error.js';

const directory = useTempDir();
const children: ChildProcess[] = [];

const dataDir = () => path.join(directory.path, 'data');
const config = () => loadConfig({ CLAWDFORGE_DATA_DIR: dataDir() }, directory.path);

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/**
 * Another process that holds the directory as a server does: it takes the lock, writes its pid, and says so.
 * It is no server, so that this spec needs no build; that the lock file is the same is what the tests here prove.
 */
async function holdInAnotherProcess(): Promise<ChildProcess> {
  await mkdir(dataDir(), { recursive: true });
  const program = `
    const sqlite3 = require(${JSON.stringify(createRequire(__filename).resolve('sqlite3'))});
    const fs = require('node:fs');
    const lock = new sqlite3.Database(${JSON.stringify(path.join(dataDir(), 'server.lock'))});
    lock.exec('BEGIN EXCLUSIVE', (error) => {
      if (error) throw error;
      fs.writeFileSync(${JSON.stringify(path.join(dataDir(), 'server.pid'))}, process.pid + '\\n');
      process.stdout.write('locked');
    });
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function refusal(): Promise<StartError> {
  const error: unknown = await openDataDirectory(config()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  return error as StartError;
}

it('makes every directory for nobody else to look into', async () => {
  const release = await openDataDirectory(config());
  for (const name of ['', 'runs', 'acpx-cwds', 'files']) {
    expect((await stat(path.join(dataDir(), name))).mode & 0o777).toBe(0o700);
  }
  expect((await stat(path.join(dataDir(), 'server.pid'))).mode & 0o777).toBe(0o600);
  await release();
});

it('refuses a directory that another process has, and names the process', async () => {
  const child = await holdInAnotherProcess();
  const { message } = await refusal();
  expect(message).toContain(dataDir());
  expect(message).toContain(`pid ${child.pid}`);
  expect(message).toContain('CLAWDFORGE_DATA_DIR');
});

it('does not count the lock of a process that was killed', async () => {
  const child = await holdInAnotherProcess();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const release = await openDataDirectory(config());
  await release();
});

it('keeps the directory until it is released; releasing twice does nothing', async () => {
  const release = await openDataDirectory(config());
  expect((await refusal()).message).toContain(`pid ${process.pid}`);
  await release();
  await release();
  await (
    await openDataDirectory(config())
  )();
});

it('names the directory that it cannot make', async () => {
  await mkdir(dataDir());
  await writeFile(path.join(dataDir(), 'runs'), 'a file');
  expect((await refusal()).message).toContain(path.join(dataDir(), 'runs'));
});
