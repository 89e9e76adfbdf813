import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './lab.js';
import type { Question } from './probe.js';

const READY_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 20_000;
const PROBE = path.resolve(import.meta.dirname, 'probe.js');

/** A server in a process of its own, its log written to a file, as a service manager would. */
export interface MeasuredServer {
  readonly baseUrl: string;
  /** Asks the probe in the server. */
  ask(question: Question): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a server program with `HOST` and `PORT` in its environment and waits until `readyPath` answers with `readyStatus`.
 * @throws with what it wrote when it is not ready in time.
 */
export async function startMeasuredServer(
  lab: Lab,
  name: string,
  script: string,
  env: Readonly<Record<string, string>>,
  readyPath: string,
  readyStatus = 200,
): Promise<MeasuredServer> {
  const port = await freePort();
  const logFile = path.join(lab.root, `${name}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, ['--expose-gc', '--import', PROBE, script], {
    cwd: lab.root,
    env: { ...lab.env, HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const baseUrl = `http://127.0.0.1:${port}`;
  const stop = (): Promise<void> => stopChild(child);
  if (!(await isReady(child, `${baseUrl}${readyPath}`, readyStatus))) {
    await stop();
    throw new Error(`${name} did not start:\n${readFileSync(logFile, 'utf8')}`);
  }
  return { baseUrl, ask: (question) => ask(child, question), stop };
}

async function ask(child: ChildProcess, question: Question): Promise<number> {
  const answer = once(child, 'message');
  child.send(question);
  const [figure] = (await answer) as [number];
  return figure;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

async function isReady(child: ChildProcess, url: string, status: number): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === status) return true;
    await sleep(50);
  }
  return false;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
