import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { JsonObject } from '../core/json-rpc.js';

/** Writes JSON-RPC messages as lines. Messages of one tick leave in one system call. */
export class MessageWriter {
  private isCorked = false;
  private draining: Promise<void> | undefined;

  constructor(private readonly output: Writable) {}

  send(message: JsonObject): void {
    if (!this.isCorked) {
      this.isCorked = true;
      this.output.cork();
      process.nextTick(() => {
        this.isCorked = false;
        this.output.uncork();
      });
    }
    this.output.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
  }

  /** Resolves once the reader has caught up; at once while there is room. All waiters share one listener. */
  async drained(): Promise<void> {
    if (!this.output.writableNeedDrain) return;
    this.draining ??= once(this.output, 'drain').then(() => {
      this.draining = undefined;
    });
    await this.draining;
  }

  /** Resolves once all that was sent has been handed to the operating system. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.output.write('', () => resolve());
    });
  }
}
