import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProcesses } from '../../support/find-processes.js';

/** The directory of the package: this file runs from dist-bench/test/bench/support. */
export const PACKAGE_ROOT = path.resolve(import.meta.dirname, '../../../..');

const ENDS_WITHIN_MS = 8_000;

/** A place of a benchmark's own: directories below one root, and an environment built from nothing. */
export interface Lab {
  readonly root: string;
  /** The whole environment of the programs that are measured; its HOME marks them as this benchmark's. */
  readonly env: Readonly<Record<string, string>>;
  directory(name: string): Promise<string>;
}

/**
 * Runs `work` in a fresh lab and removes it afterwards.
 * @throws what `work` throws, or when processes of the lab outlive it; those are killed.
 */
export async function inLab<T>(work: (lab: Lab) => Promise<T>): Promise<T> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'clawdforge-bench-')));
  const directory = async (name: string): Promise<string> => {
    const made = path.join(root, name);
    await mkdir(made, { recursive: true });
    return made;
  };
  const env = {
    PATH: [path.dirname(process.execPath), '/usr/bin', '/bin'].join(path.delimiter),
    HOME: await directory('home'),
    TMPDIR: await directory('tmp'),
    LANG: 'C.UTF-8',
  };
  let left: number[] = [];
  try {
    return await work({ root, env, directory });
  } finally {
    left = await killLeftovers(env.HOME);
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) console.error(`${left.length} processes outlived the benchmark and were killed`);
  }
}

/** Gives the processes of a lab time to end, then kills them; tells which had to be. */
async function killLeftovers(home: string): Promise<number[]> {
  const ours = (): Promise<number[]> => findProcesses((environment) => environment.get('HOME') === home);
  const deadline = Date.now() + ENDS_WITHIN_MS;
  let alive = await ours();
  while (alive.length > 0 && Date.now() < deadline) {
    await sleep(50);
    alive = await ours();
  }
  for (const pid of alive) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return alive;
}
