import type { Readable } from 'node:stream';
import { LineSplitter, type SplitLine } from '../core/line-splitter.js';

/**
 * How long a pipe may stay silent, in milliseconds, once the child itself is gone. What the child wrote is in the pipe
 * by then; only a grandchild that inherited the pipe can keep it open longer.
 */
export const ABANDONED_PIPE_GRACE_MS = 250;

/**
 * The stdout of a child as lines for one reader. It holds two chunks and the stream's own buffer at most: while the reader
 * is behind the pipe is paused, so the child waits instead of our memory growing.
 */
export class ProcessOutput {
  private readonly splitter: LineSplitter;
  private readonly chunks: Buffer[] = [];
  private hasEnded = false;
  private isDiscarding = false;
  private hasChildExited = false;
  private wakeReader: (() => void) | undefined;

  constructor(
    private readonly stdout: Readable,
    maxLineBytes: number,
  ) {
    this.splitter = new LineSplitter(maxLineBytes);
    stdout.on('data', (chunk: Buffer) => this.take(chunk));
    for (const event of ['end', 'error', 'close']) stdout.on(event, () => this.end());
  }

  async *lines(): AsyncGenerator<SplitLine, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /** Leaving the iteration early discards the rest, so that the child does not block on a full pipe. */
  async *batches(): AsyncGenerator<readonly SplitLine[], void, undefined> {
    try {
      for (;;) {
        const chunk = await this.nextChunk();
        if (chunk === undefined) break;
        yield this.splitter.push(chunk);
      }
      if (!this.isDiscarding) yield this.splitter.flush();
    } finally {
      this.discard();
    }
  }

  /** Ends the lines, and reads whatever still comes to nowhere. */
  discard(): void {
    if (this.isDiscarding) return;
    this.isDiscarding = true;
    this.chunks.length = 0;
    this.stdout.resume();
    this.wakeReader?.();
    if (this.hasChildExited) this.closeSoon();
  }

  /** From now on a silent pipe counts as ended. */
  childExited(): void {
    this.hasChildExited = true;
    this.wakeReader?.();
    if (this.isDiscarding) this.closeSoon();
  }

  private take(chunk: Buffer): void {
    if (this.isDiscarding) return;
    this.chunks.push(chunk);
    // A reader that waits takes the first one at once; to stop and start the pipe for it costs more than to read it.
    if (this.chunks.length > 1) this.stdout.pause();
    this.wakeReader?.();
  }

  private end(): void {
    this.hasEnded = true;
    this.wakeReader?.();
  }

  private async nextChunk(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.isDiscarding) return undefined;
      const chunk = this.chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.hasEnded) return undefined;
      if (this.stdout.isPaused()) this.stdout.resume();
      if (!(await this.somethingHappened())) {
        this.stdout.destroy();
        return undefined;
      }
    }
  }

  /** False when the child is gone and its pipe stays silent. */
  private somethingHappened(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancelGrace = this.hasChildExited ? afterGrace(() => settle(false)) : undefined;
      const settle = (happened: boolean): void => {
        this.wakeReader = undefined;
        cancelGrace?.();
        resolve(happened);
      };
      this.wakeReader = () => settle(true);
    });
  }

  private closeSoon(): void {
    const cancel = afterGrace(() => this.stdout.destroy());
    this.stdout.once('close', cancel);
  }
}

/**
 * Calls `act` after the grace for abandoned pipes, and after a look at the pipes: a loop that was held up runs its timers
 * before it reads what has been waiting all along. Returns how to call it off.
 */
export function afterGrace(act: () => void): () => void {
  let look: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    look = setImmediate(act);
  }, ABANDONED_PIPE_GRACE_MS);
  return () => {
    clearTimeout(timer);
    if (look !== undefined) clearImmediate(look);
  };
}
