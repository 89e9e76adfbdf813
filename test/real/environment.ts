import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findProcesses } from '../support/find-processes.js';
import { installRealAgents } from './install.js';

export const dummyApiKey = 'sk-ant-api03-dummy-key-of-the-tests-0123456789';

export interface IsolatedHome {
  home: string;
  /** Lies inside `home`: agents write to the temporary directory as well. */
  tmp: string;
  /** An empty directory to work in, outside `home`. */
  work: string;
  /** The whole environment of an agent process; nothing of this process's own is in it. */
  env: Record<string, string>;
  /** The processes alive that were started with this home, however far from here; none outside Linux. */
  processes(): Promise<number[]>;
  /** Ends those processes and removes the directories. */
  remove(): Promise<void>;
}

/**
 * All that claude and its adapter are to find in their environment, beside HOME and TMPDIR: their programs, a key that opens
 * nothing, and the model API at `modelBaseUrl` as the only one.
 */
export async function claudeVariables(modelBaseUrl: string): Promise<Record<string, string>> {
  const { claudeBin, adapterBinDir } = await installRealAgents();
  return {
    ...modelVariables(modelBaseUrl, adapterBinDir),
    CLAUDE_CODE_MAX_RETRIES: '2',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // The adapter's SDK brings a claude of another version; one version is under test here.
    CLAUDE_CODE_EXECUTABLE: claudeBin,
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    // Without it claude refuses to run as root with everything allowed.
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
  };
}

/** What any agent needs to be found in `binDir` and to ask the Messages API at `modelBaseUrl`. */
export function modelVariables(modelBaseUrl: string, binDir: string): Record<string, string> {
  return {
    PATH: [binDir, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    LANG: 'C.UTF-8',
    ANTHROPIC_API_KEY: dummyApiKey,
    ANTHROPIC_BASE_URL: modelBaseUrl,
  };
}

/**
 * A home directory for agent processes in which nothing of the person running the tests can be seen or
 * changed, and an environment that lets them reach nothing but the model API at `modelBaseUrl`.
 */
export async function isolatedHome(modelBaseUrl: string): Promise<IsolatedHome> {
  const variables = await claudeVariables(modelBaseUrl);
  const root = await realpath(await mkdtemp(join(tmpdir(), 'clawdforge-real-')));
  const home = join(root, 'home');
  const tmp = join(home, 'tmp');
  const work = join(root, 'work');
  await mkdir(tmp, { recursive: true });
  await mkdir(work);
  // The directory's name is random, so the variable identifies the processes that were given it.
  const processes = (): Promise<number[]> => findProcesses((environment) => environment.get('HOME') === home);
  return {
    home,
    tmp,
    work,
    env: { ...variables, HOME: home, TMPDIR: tmp },
    processes,
    async remove() {
      for (const pid of await processes()) killQuietly(pid);
      // What was just killed may still hold files open, and on the way out it may have made new ones.
      await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself since it was listed.
  }
}
