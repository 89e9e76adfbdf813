import { once } from 'node:events';
import type { Response } from 'express';

const HEARTBEAT_MS = 15_000;

/**
 * One event of a stream, as it goes over the wire (WHATWG HTML, server-sent events). `data` holds no line break; `id` is
 * where the stream can go on, null for one that cannot.
 */
export function sseFrame(event: string, id: string | null, data: string): string {
  const idLine = id === null ? '' : `id: ${id}\n`;
  return `event: ${event}\n${idLine}data: ${data}\n\n`;
}

/** Writes an event stream to a client, with a heartbeat that keeps proxies from closing it. */
export class SseWriter {
  /** Aborted when the client has gone away. */
  readonly gone: AbortSignal;
  private readonly heartbeat: NodeJS.Timeout;

  constructor(private readonly response: Response) {
    const gone = new AbortController();
    this.gone = gone.signal;
    response.once('close', () => gone.abort());
    response.on('error', () => undefined);
    response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    this.heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS).unref();
  }

  /** @returns false when the client is slow: then nothing more should be written before `drained`. */
  write(frame: string): boolean {
    return this.response.write(frame);
  }

  /** How much was written that has not left this process yet. */
  get unreadBytes(): number {
    return this.response.writableLength;
  }

  /** Resolves when the client has taken what was written, or has gone. */
  async drained(): Promise<void> {
    if (!this.response.writableNeedDrain) return;
    await once(this.response, 'drain', { signal: this.gone }).catch(() => undefined);
  }

  end(): void {
    clearInterval(this.heartbeat);
    this.response.end();
  }
}
