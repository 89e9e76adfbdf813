import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './lab.js';

const READY_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 20_000;

/** A server in a process of its own, its log written to a file, as a service manager would. */
export interface Server {
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts a server by `run`, which gets a free port of loopback and the descriptor of the log, and waits until `readyPath`
 * answers with `readyStatus`.
 * @throws with what it wrote when it is not ready in time.
 */
export async function startServer(
  lab: Lab,
  name: string,
  run: (port: number, log: number) => ChildProcess,
  readyPath: string,
  readyStatus = 200,
): Promise<Server & { readonly child: ChildProcess }> {
  const port = await freePort();
  const logFile = path.join(lab.root, `${name}.log`);
  const log = openSync(logFile, 'w');
  const child = run(port, log);
  closeSync(log);
  const baseUrl = `http://127.0.0.1:${port}`;
  const stop = (): Promise<void> => stopChild(child);
  if (!(await isReady(child, `${baseUrl}${readyPath}`, readyStatus))) {
    await stop();
    throw new Error(`${name} did not start:\n${readFileSync(logFile, 'utf8')}`);
  }
  return { baseUrl, child, stop };
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
