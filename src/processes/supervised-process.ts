import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { SplitLine } from '../core/line-splitter.js';
import { OutputTail } from './output-tail.js';
import { afterGrace, ProcessOutput } from './process-output.js';
import type { ExitStatus, SpawnRequest } from './process-types.js';

const DEFAULT_MAX_LINE_BYTES = 64 * 1024 * 1024;
const STDERR_TAIL_BYTES = 8 * 1024;
const DEFAULT_STOP_GRACE_MS = 2500;
/** After SIGKILL only the kernel can hold a process back (a dead disk); nobody waits for that for ever. */
const REAP_LIMIT_MS = 5000;

/** Starts the program; may throw, and may return a child that has no pid and reports an `error`. */
export type Launch = () => ChildProcessWithoutNullStreams;

/**
 * One child process from start to reaping. Made by `ProcessSupervisor.spawn` only. Its reader takes `lines`, or calls
 * `drainOutput` when it wants none: a child whose stdout nobody reads blocks once the pipe is full.
 */
export class SupervisedProcess {
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  /**
   * The lines of stdout, for one reader. They end at the end of the stream, after `drainOutput`, or 250 ms of silence
   * after the child's exit when a grandchild keeps the pipe open. A slow reader makes the child wait.
   */
  readonly lines: AsyncIterable<SplitLine>;
  /** The same lines in the portions in which they were read, for a reader to whom an await for each is too dear. */
  readonly lineBatches: AsyncIterable<readonly SplitLine[]>;
  /**
   * Resolves when the child is reaped and its stderr is read (at most 250 ms of silence later), or when it could not be
   * started; never rejects. A missing `cwd` looks like a missing program: ENOENT.
   */
  readonly exited: Promise<ExitStatus>;

  private readonly child: ChildProcessWithoutNullStreams | undefined;
  private readonly output: ProcessOutput | undefined;
  private readonly stderr = new OutputTail(STDERR_TAIL_BYTES);
  private hasExited = false;
  private stopping: Promise<void> | undefined;

  constructor(request: Pick<SpawnRequest, 'input' | 'maxLineBytes'>, launch: Launch) {
    const started = tryLaunch(launch);
    if ('spawnError' in started) {
      this.hasExited = true;
      this.lines = noLines();
      this.lineBatches = noLines();
      this.exited = Promise.resolve({ code: null, signal: null, spawnError: started.spawnError });
      return;
    }
    const child = started.child;
    this.child = child;
    this.pid = child.pid;
    this.output = new ProcessOutput(child.stdout, request.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES);
    this.lines = this.output.lines();
    this.lineBatches = this.output.batches();
    child.stderr.on('data', (chunk: Buffer) => this.stderr.push(chunk));
    // A stream that breaks ends; that the child closed its stdin early is no fault of ours either.
    for (const stream of [child.stdin, child.stderr]) stream.on('error', () => undefined);
    this.exited = this.watch(child);
    if (request.input !== undefined) child.stdin.end(request.input);
  }

  /** The end of what the child wrote to stderr so far: at most 8 kB and `maxChars` UTF-16 units. Not redacted. */
  stderrTail(maxChars?: number): string {
    return this.stderr.text(maxChars);
  }

  /**
   * Writes to stdin. Resolves once the chunk is with the child's pipe: await it to go at the child's pace.
   * @returns false when stdin is closed, by us, by the child or by its end; never rejects.
   */
  write(chunk: string | Uint8Array): Promise<boolean> {
    const stdin = this.child?.stdin;
    if (stdin?.writable !== true) return Promise.resolve(false);
    return new Promise((resolve) => {
      stdin.write(chunk, (error) => resolve(error === null || error === undefined));
    });
  }

  /** Closes stdin once all that was written is with the child. */
  endInput(): void {
    if (this.child?.stdin.writable === true) this.child.stdin.end();
  }

  /** Ends `lines` and discards the rest of stdout, so that a process whose answer we have can end by itself. */
  drainOutput(): void {
    this.output?.discard();
  }

  /**
   * Stops the process group: SIGTERM, then SIGKILL after `graceMs` milliseconds; whatever of the group outlives the child
   * is killed with its end. Resolves once the child is reaped, at the latest 5 s after SIGKILL. Repeated calls share the
   * first one's promise and grace. What left the group is for the marker sweep.
   * @throws never.
   */
  stop(graceMs: number = DEFAULT_STOP_GRACE_MS): Promise<void> {
    return (this.stopping ??= this.climbLadder(graceMs));
  }

  private async climbLadder(graceMs: number): Promise<void> {
    if (this.hasExited) return;
    this.signalGroup('SIGTERM');
    if (await this.exitsWithin(graceMs)) return;
    this.signalGroup('SIGKILL');
    await this.exitsWithin(REAP_LIMIT_MS);
  }

  private exitsWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.hasExited), limitMs);
      void this.exited.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  private watch(child: ChildProcessWithoutNullStreams): Promise<ExitStatus> {
    const stderrEnded = untilEnded(child.stderr);
    return new Promise((resolve) => {
      const settle = (status: ExitStatus): void => {
        this.hasExited = true;
        this.output?.childExited();
        const finish = (): void => {
          cancelGrace();
          child.stderr.destroy();
          resolve(status);
        };
        const cancelGrace = afterGrace(finish);
        void stderrEnded.then(finish);
      };
      child.once('exit', (code, signal) => {
        // Here and not later: the number of a group whose members are all gone may be given to another.
        if (this.stopping !== undefined) this.signalGroup('SIGKILL');
        settle({ code, signal, spawnError: null });
      });
      child.once('error', (error) => {
        if (child.pid === undefined) settle({ code: null, signal: null, spawnError: error });
      });
    });
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child?.kill(signal);
      else process.kill(-this.pid, signal);
    } catch {
      // No such group: its last member has just ended.
    }
  }
}

function tryLaunch(
  launch: Launch,
): { child: ChildProcessWithoutNullStreams } | { spawnError: NodeJS.ErrnoException } {
  try {
    const child = launch();
    // Out of file descriptors, node leaves the pipes undefined, against its types.
    if ((child.stdout as Readable | undefined) !== undefined) return { child };
    child.on('error', () => undefined);
    return { spawnError: Object.assign(new Error('too many open files'), { code: 'EMFILE' }) };
  } catch (error) {
    return { spawnError: error as NodeJS.ErrnoException };
  }
}

function untilEnded(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.once(event, () => resolve());
  });
}

async function* noLines(): AsyncGenerator<never, void, undefined> {
  // A program that never ran printed nothing.
}
