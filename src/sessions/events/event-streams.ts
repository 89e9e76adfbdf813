import { Injectable } from '@nestjs/common';
import { type SseWriter, sseFrame } from '../../common/sse.js';
import { eventCursor } from '../../core/event-cursor.js';
import { type SessionEventType, TURN_END_TYPES } from '../../core/session-events.js';
import { TokensService } from '../../tokens/tokens.service.js';
import { EventHub } from './event-hub.js';
import { EventStore } from './event-store.js';
import { eventJson, type SessionEvent } from './session-event.js';

const PAGE = 500;

export interface StreamQuery {
  readonly appName: string;
  readonly sessionId: string;
  readonly afterSeq: number;
  readonly turnId?: string | undefined;
  readonly types?: readonly SessionEventType[] | undefined;
  /** Whether what is followed has ended in the ledger, so that nothing more will come. */
  readonly isOver: () => Promise<boolean>;
}

/** Event streams: replayed from the log, then live; a reader that falls behind is fed from the log again. */
@Injectable()
export class EventStreams {
  private readonly open = new Map<AbortController, string>();
  private readonly frames = new WeakMap<SessionEvent, string>();

  constructor(
    private readonly store: EventStore,
    private readonly hub: EventHub,
    tokens: TokensService,
  ) {
    tokens.onRevocation((appName) => this.endWhere((owner) => owner === appName));
  }

  /** At shutdown. */
  endAll(): void {
    this.endWhere(() => true);
  }

  /** Streams until what is followed ends, the client goes away, or its token is revoked; then ends the answer. */
  async follow(query: StreamQuery, client: SseWriter): Promise<void> {
    const ending = new AbortController();
    this.open.set(ending, query.appName);
    try {
      await new Follower(query, client, ending, this.store, this.hub, (event) =>
        this.sharedFrameOf(event),
      ).run();
    } finally {
      this.open.delete(ending);
      client.end();
    }
  }

  private endWhere(isMeant: (appName: string) => boolean): void {
    for (const [ending, appName] of this.open) if (isMeant(appName)) ending.abort();
  }

  /** Written once, however many follow. */
  private sharedFrameOf(event: SessionEvent): string {
    let frame = this.frames.get(event);
    if (frame === undefined) {
      frame = frameOf(event);
      this.frames.set(event, frame);
    }
    return frame;
  }
}

function frameOf(event: SessionEvent): string {
  return sseFrame(event.type, eventCursor(event.sessionId, event.seq), eventJson(event));
}

/** One reader's way through the log. It is either reading pages, or live; never both, so nothing comes twice. */
class Follower {
  private seq: number;
  private isLive = false;
  /** Something was committed while pages were read. */
  private hasMissed = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly query: StreamQuery,
    private readonly client: SseWriter,
    private readonly ending: AbortController,
    private readonly store: EventStore,
    private readonly hub: EventHub,
    private readonly sharedFrameOf: (event: SessionEvent) => string,
  ) {
    this.seq = query.afterSeq;
  }

  async run(): Promise<void> {
    const { gone } = this.client;
    const end = (): void => {
      this.ending.abort();
      this.wake();
    };
    if (gone.aborted) return;
    gone.addEventListener('abort', end, { once: true });
    this.ending.signal.addEventListener('abort', () => this.wake(), { once: true });
    const unsubscribe = this.hub.subscribe(this.query.sessionId, (events) => this.receive(events));
    try {
      while (!this.isEnding()) {
        await this.catchUp();
        if (!this.isEnding()) await this.stayLive();
        await this.client.drained();
      }
    } finally {
      unsubscribe();
      gone.removeEventListener('abort', end);
    }
  }

  /** Reads pages until there is nothing that was not sent; ends the stream when nothing more can come. */
  private async catchUp(): Promise<void> {
    for (;;) {
      this.hasMissed = false;
      const isOver = await this.query.isOver();
      const page = await this.store.page({ ...this.query, afterSeq: this.seq, limit: PAGE });
      for (const event of page) {
        // A frame of its own: what is read from the log is read for this reader only.
        if (!this.send(event, frameOf(event))) await this.client.drained();
        if (this.isEnding()) return;
      }
      if (page.length === PAGE || this.wasMissed()) continue;
      if (isOver) this.ending.abort();
      return;
    }
  }

  /** From the first moment on that nothing was missed, until the client is slow or the stream ends. */
  private stayLive(): Promise<void> {
    if (this.wasMissed()) return Promise.resolve();
    this.isLive = true;
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private receive(events: readonly SessionEvent[]): void {
    if (!this.isLive) {
      this.hasMissed = true;
      return;
    }
    for (const event of events) {
      // A page may have shown what was committed and is only now being told.
      const isNew = event.seq > this.seq && this.isMeant(event);
      const isTaken = !isNew || this.send(event, this.sharedFrameOf(event));
      if (this.endsStream(event)) this.ending.abort();
      if (isTaken) continue;
      // A slow client is fed from the log again once it has taken what it was sent.
      this.isLive = false;
      this.hasMissed = true;
      this.wake();
      return;
    }
  }

  /** @returns false when the client is slow. */
  private send(event: SessionEvent, frame: string): boolean {
    this.seq = event.seq;
    return this.client.write(frame);
  }

  private isEnding(): boolean {
    return this.ending.signal.aborted;
  }

  private wasMissed(): boolean {
    return this.hasMissed;
  }

  private isMeant(event: SessionEvent): boolean {
    const { turnId, types } = this.query;
    return (
      (turnId === undefined || event.turnId === turnId) && (types === undefined || types.includes(event.type))
    );
  }

  private endsStream(event: SessionEvent): boolean {
    if (event.type === 'session.closed') return true;
    return event.turnId === this.query.turnId && TURN_END_TYPES.has(event.type);
  }
}
