import { setImmediate as nextLoop, setTimeout as wait } from 'node:timers/promises';
import type { JsonObject } from '../core/json-rpc.js';
import type { Connection } from './connection.js';

/** Longer replies are sent whole and remembered up to here, so that a flood does not fill memory and disk. */
const MAX_REMEMBERED_REPLY = 65_536;
/** Messages between two looks at standard input, so that a cancel is read in the middle of a flood. */
const MESSAGES_PER_LOOP = 64;

/** One prompt being answered: what may be said in it, and its cancellation. After a cancel nothing more is said. */
export class Turn {
  private readonly canceller = new AbortController();
  private remembered = '';
  private messageCount = 0;
  /** Characters of the reply so far, also of what is not remembered. */
  replyLength = 0;

  constructor(
    /** From 1, over the whole conversation. */
    readonly number: number,
    private readonly sessionId: string,
    private readonly connection: Connection,
  ) {}

  get isCancelled(): boolean {
    return this.canceller.signal.aborted;
  }

  /** The reply as it will be replayed. */
  get reply(): string {
    return this.remembered;
  }

  cancel(): void {
    this.canceller.abort();
  }

  update(update: JsonObject): void {
    this.canceller.signal.throwIfAborted();
    this.messageCount += 1;
    this.connection.notify('session/update', { sessionId: this.sessionId, update });
  }

  say(text: string): void {
    this.update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
    this.replyLength += text.length;
    this.remembered += text.slice(0, MAX_REMEMBERED_REPLY - this.remembered.length);
  }

  think(text: string): void {
    this.update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } });
  }

  /** Waits for a slow reader; to be awaited between the messages of a long reply. */
  async paced(): Promise<void> {
    await this.connection.writer.drained();
    if (this.messageCount % MESSAGES_PER_LOOP === 0) await nextLoop();
    this.canceller.signal.throwIfAborted();
  }

  async sleep(durationMs: number): Promise<void> {
    await wait(durationMs, undefined, { signal: this.canceller.signal });
  }

  /** Never resolves; rejects when the turn is cancelled. */
  async untilCancelled(): Promise<never> {
    const { signal } = this.canceller;
    signal.throwIfAborted();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the turn was cancelled')), { once: true });
    });
  }

  /** Asks the client something in the name of this session; withdrawn when the turn is cancelled first. */
  async ask(method: string, params: JsonObject): Promise<unknown> {
    this.canceller.signal.throwIfAborted();
    const { answer, withdraw } = this.connection.request(method, { sessionId: this.sessionId, ...params });
    this.canceller.signal.addEventListener('abort', withdraw, { once: true });
    return Promise.race([answer, this.untilCancelled()]);
  }

  /** Resolves once what was said has left this process. */
  flushed(): Promise<void> {
    return this.connection.writer.flushed();
  }
}
