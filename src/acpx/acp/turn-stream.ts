import type { AgentMessage } from '../../core/json-rpc.js';
import type { PromptItem, PromptResult } from '../acpx-runner.js';
import type { AcpLimits } from './acp-limits.js';

type Bounds = Pick<AcpLimits, 'maxBufferedMessages' | 'maxBufferedBytes'>;
type Step = IteratorResult<PromptItem, undefined>;

/** Taken items are cut off the array in portions; one by one would move the rest each time. */
const COMPACT_AFTER = 1_024;

const DONE: Step = { done: true, value: undefined };

/**
 * What a turn has yielded and its reader has not taken yet. It tells when it is full, so that the agent is not read on;
 * what comes all the same, from a chunk read before, is kept.
 */
export class TurnStream {
  /** Messages that were dropped because the turn was being stopped and nobody took them. */
  dropped = 0;

  private items: PromptItem[] = [];
  private head = 0;
  private bufferedBytes = 0;
  private readonly readers: ((step: Step) => void)[] = [];
  private readonly drainWaiters: (() => void)[] = [];
  private hasEnded = false;
  private mayDrop = false;
  private isLeft = false;

  constructor(private readonly bounds: Bounds) {}

  get isFull(): boolean {
    if (this.mayDrop || this.isLeft) return false;
    return (
      this.length >= this.bounds.maxBufferedMessages || this.bufferedBytes >= this.bounds.maxBufferedBytes
    );
  }

  /** @param isAnswer the last message, which is never dropped. */
  push(message: AgentMessage, isAnswer = false): void {
    if (this.isLeft || this.hasEnded) return;
    if (this.mayDrop && !isAnswer && this.length >= this.bounds.maxBufferedMessages) {
      this.dropped += 1;
      return;
    }
    this.bufferedBytes += message.raw.length;
    this.add({ kind: 'message', message });
  }

  end(result: PromptResult): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (!this.isLeft) this.add({ kind: 'result', result });
    this.letGo();
  }

  next(): Promise<Step> {
    if (this.head < this.items.length) return Promise.resolve(this.take());
    if (this.hasEnded || this.isLeft) return Promise.resolve(DONE);
    return new Promise((resolve) => this.readers.push(resolve));
  }

  /** The reader is gone: what is buffered and what still comes is dropped. */
  leave(): void {
    this.isLeft = true;
    this.items = [];
    this.head = 0;
    this.bufferedBytes = 0;
    for (const reader of this.readers.splice(0)) reader(DONE);
    this.letGo();
  }

  /**
   * From now on a full stream drops messages instead of holding the agent up: it must be read on, or the answer to our
   * cancel would never be seen.
   */
  dropWhenFull(): void {
    this.mayDrop = true;
    this.letGo();
  }

  /** Resolves when the reader has taken half of what may be buffered, or nothing is held up any more. */
  drained(): Promise<void> {
    if (!this.isFull || this.hasEnded) return Promise.resolve();
    return new Promise((resolve) => this.drainWaiters.push(resolve));
  }

  private get length(): number {
    return this.items.length - this.head;
  }

  private add(item: PromptItem): void {
    const reader = this.readers.shift();
    if (reader === undefined) {
      this.items.push(item);
      return;
    }
    // A reader waits only while nothing is buffered, so this item is the next one.
    this.uncount(item);
    reader({ done: false, value: item });
  }

  private take(): Step {
    const item = this.items[this.head];
    if (item === undefined) return DONE;
    this.head += 1;
    if (this.head === this.items.length || this.head >= COMPACT_AFTER) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    this.uncount(item);
    const { maxBufferedMessages, maxBufferedBytes } = this.bounds;
    if (
      this.drainWaiters.length > 0 &&
      this.length <= maxBufferedMessages / 2 &&
      this.bufferedBytes <= maxBufferedBytes / 2
    ) {
      this.letGo();
    }
    return { done: false, value: item };
  }

  private uncount(item: PromptItem): void {
    if (item.kind === 'message') this.bufferedBytes -= item.message.raw.length;
  }

  private letGo(): void {
    for (const resolve of this.drainWaiters.splice(0)) resolve();
  }
}
