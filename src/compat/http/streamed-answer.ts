import type { Response } from 'express';
import type { Told } from '../completions/told.js';
import type { ApiFault } from './api-fault.js';
import type { FrameWriter } from './dialect.js';

/** Milliseconds. */
export interface StreamTimes {
  /** So long an error can still be a status of its own; then the stream begins, so that nobody takes us for dead. */
  readonly openAfterMs: number;
  readonly aliveEveryMs: number;
}

export const STREAM_TIMES: StreamTimes = { openAfterMs: 10_000, aliveEveryMs: 10_000 };

/** A client that has not read so much is as good as gone; what is written is the answer of one turn. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** Writes an answer as server-sent events; it begins with the first word of the answer, or after a while without one. */
export class StreamedAnswer {
  private isOpen = false;
  private readonly opener: NodeJS.Timeout;
  private pulse: NodeJS.Timeout | undefined;

  constructor(
    private readonly response: Response,
    private readonly frames: FrameWriter,
    private readonly times: StreamTimes = STREAM_TIMES,
  ) {
    this.opener = setTimeout(() => this.open(null), times.openAfterMs);
    response.once('close', () => this.stopTimers());
  }

  take(step: Told): void {
    this.open(step.kind === 'begin' ? step : null);
    if (step.kind !== 'begin') this.write(this.frames.take(step));
  }

  end(): void {
    this.stopTimers();
    this.response.end();
  }

  /** False when nothing was written yet, so that the error can be an answer of its own. */
  fail(fault: ApiFault): boolean {
    this.stopTimers();
    if (!this.isOpen) return false;
    this.write(this.frames.fail(fault));
    this.response.end();
    return true;
  }

  private open(begin: Extract<Told, { kind: 'begin' }> | null): void {
    if (this.isOpen) return;
    this.isOpen = true;
    clearTimeout(this.opener);
    this.response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.response.flushHeaders();
    this.response.socket?.setNoDelay(true);
    this.write(this.frames.open(begin));
    this.pulse = setInterval(() => this.write(this.frames.alive()), this.times.aliveEveryMs);
  }

  private write(frames: string): void {
    if (frames === '' || this.response.destroyed) return;
    this.response.write(frames);
    if (this.response.writableLength > MAX_UNREAD_BYTES) this.response.destroy();
  }

  private stopTimers(): void {
    clearTimeout(this.opener);
    clearInterval(this.pulse);
  }
}
