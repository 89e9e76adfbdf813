import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon');

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** One of the two: how long, or how many requests. */
  readonly seconds?: number;
  readonly requests?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
}

/**
 * Sends requests from a process of its own.
 * @throws when any was not answered by 2xx.
 */
export async function sendLoad(load: Load): Promise<LoadResult> {
  const headers = Object.entries(load.headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const extent = load.requests === undefined ? ['-d', String(load.seconds)] : ['-a', String(load.requests)];
  const args = [AUTOCANNON, '--json', '--no-progress', '-c', String(load.connections), ...extent, ...headers];
  const child = spawn(process.execPath, [...args, load.url], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const result = parse(stdout, stderr);
  const answered = result['2xx'];
  if (result.non2xx + result.errors + result.timeouts > 0 || answered === 0) {
    throw new Error(
      `${load.url}: ${answered} good answers, ${result.non2xx} others, ${result.errors} errors`,
    );
  }
  return { requests: answered, perSecond: answered / result.duration };
}

interface AutocannonResult {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Seconds. */
  readonly duration: number;
}

function parse(stdout: string, stderr: string): AutocannonResult {
  try {
    return JSON.parse(stdout) as AutocannonResult;
  } catch (cause) {
    throw new Error(`the load generator failed: ${stderr}`, { cause });
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
