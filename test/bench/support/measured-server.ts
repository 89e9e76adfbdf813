import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Lab } from './lab.js';
import type { Question } from './probe.js';
import { startServer, type Server } from './server.js';

const PROBE = path.resolve(import.meta.dirname, 'probe.js');

/** A server of Node with the probe in it. */
export interface MeasuredServer extends Server {
  /** Asks the probe in the server. */
  ask(question: Question): Promise<number>;
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
  const run = (port: number, log: number): ChildProcess =>
    spawn(process.execPath, ['--expose-gc', '--import', PROBE, script], {
      cwd: lab.root,
      env: { ...lab.env, HOST: '127.0.0.1', PORT: String(port), ...env },
      stdio: ['ignore', log, log, 'ipc'],
    });
  const server = await startServer(lab, name, run, readyPath, readyStatus);
  return { ...server, ask: (question) => ask(server.child, question) };
}

async function ask(child: ChildProcess, question: Question): Promise<number> {
  const answer = once(child, 'message');
  child.send(question);
  const [figure] = (await answer) as [number];
  return figure;
}
