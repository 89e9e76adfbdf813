import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  baseUrl: string;
  pid: number;
  dataDir: string;
  stdout(): string;
  stderr(): string;
  /** Sends `signal` and waits for the exit; SIGKILL follows after `killAfterMs`. Repeated calls are safe. */
  stop(signal?: NodeJS.Signals): Promise<ServerExit>;
  /** SIGKILL, as in a crash. */
  kill(): Promise<ServerExit>;
}

export interface ServerOptions {
  /** Settings of the server. With its own directories and a PATH they are the whole environment. */
  env?: Record<string, string>;
  /** Default: a fresh directory, so that no `.env` is found. */
  cwd?: string;
  /** Default: the built server. */
  entryPoint?: string;
}

const builtServer = resolve(__dirname, '../../dist/main.js');
const readyWithinMs = 120_000;
const killAfterMs = 60_000;

/**
 * Starts the built server on a free port and resolves when it is ready for requests.
 * The data directory is a fresh one, removed after the exit, unless `env` names another.
 * @throws when the server exits first or is not ready in time, with what it printed.
 */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const root = await mkdtemp(join(tmpdir(), 'clawdforge-server-'));
  const home = join(root, 'home');
  const tmp = join(root, 'tmp');
  await Promise.all([home, tmp].map((directory) => mkdir(directory)));
  const environment: Record<string, string> = {
    PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    CLAWDFORGE_DATA_DIR: join(root, 'data'),
    ...options.env,
  };
  const child = spawn(process.execPath, [options.entryPoint ?? builtServer], {
    cwd: options.cwd ?? root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const exited = exitOf(child).finally(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

  const end = async (signal: NodeJS.Signals): Promise<ServerExit> => {
    child.kill(signal);
    const lastResort = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    return exited.finally(() => clearTimeout(lastResort));
  };
  const baseUrl = `http://127.0.0.1:${environment.PORT ?? ''}`;
  const outputRead = once(child, 'close').catch(() => undefined);
  const polling = new AbortController();
  try {
    const tooEarly = exited.then((exit) => Promise.reject(new Error(describe(exit))));
    await Promise.race([untilReady(baseUrl, polling.signal), tooEarly]);
  } catch (error) {
    await end('SIGKILL');
    // Agents that inherited the pipes could keep them open for ever.
    await Promise.race([outputRead, delay(1000)]);
    const output = `--- stdout\n${stdout()}\n--- stderr\n${stderr()}`;
    throw new Error(`the server did not start: ${messageOf(error)}\n${output}`, { cause: error });
  } finally {
    polling.abort();
  }
  return {
    baseUrl,
    pid: child.pid ?? 0,
    dataDir: environment.CLAWDFORGE_DATA_DIR ?? '',
    stdout,
    stderr,
    stop: (signal = 'SIGTERM') => end(signal),
    kill: () => end('SIGKILL'),
  };
}

/** Runs a program of the build to its end, with nothing in its environment but `env` and a PATH. */
export function runBuilt(
  program: 'main.js' | 'admin-reset.js',
  env: Record<string, string>,
  cwd: string,
  identity: { uid?: number; gid?: number } = {},
): Promise<ServerExit & { stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(dirname(builtServer), program)], {
    cwd,
    env: { PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...identity,
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const lastResort = setTimeout(() => child.kill('SIGKILL'), readyWithinMs);
  return exitOf(child)
    .finally(() => clearTimeout(lastResort))
    .then((exit) => ({ ...exit, stdout: stdout(), stderr: stderr() }));
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

async function untilReady(baseUrl: string, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline && !stop.aborted) {
    const answer = await fetch(`${baseUrl}/readyz`, { signal: stop }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await delay(50);
  }
  throw new Error(`not ready within ${readyWithinMs} ms`);
}

/** Resolves once the child is reaped. A child still alive when the tests' own process ends is killed. */
function exitOf(child: ChildProcess): Promise<ServerExit> {
  const killWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  return new Promise<ServerExit>((resolveExit, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => resolveExit({ code, signal }));
  }).finally(() => process.off('exit', killWithParent));
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function describe(exit: ServerExit): string {
  return exit.signal ? `ended by ${exit.signal}` : `exit ${exit.code ?? ''}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
