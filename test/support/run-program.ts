import { type ChildProcess, spawn } from 'node:child_process';

export interface ProgramCall {
  command: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  stdin?: string | Buffer;
}

export interface ProgramResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

/** A program on its way: `child` to send signals to, `finished` once it is reaped and its output read. */
export function startProgram(call: ProgramCall): { child: ChildProcess; finished: Promise<ProgramResult> } {
  const startedAt = performance.now();
  const child = spawn(call.command, call.args, { cwd: call.cwd, env: call.env, stdio: 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read its input closes the pipe; its exit says the rest.
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.stdin ?? '');
  const finished = new Promise<ProgramResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        durationMs: Math.round(performance.now() - startedAt),
      }),
    );
  });
  return { child, finished };
}

export function runProgram(call: ProgramCall): Promise<ProgramResult> {
  return startProgram(call).finished;
}
