import { Injectable } from '@nestjs/common';
import type { SessionEvent } from './session-event.js';

/** Called with events of one session that were just committed, in order. */
export type EventListener = (events: readonly SessionEvent[]) => void;

/** Tells those who follow a session of what was committed. */
@Injectable()
export class EventHub {
  private readonly listeners = new Map<string, Set<EventListener>>();

  /** @returns a function that ends the subscription. */
  subscribe(sessionId: string, listener: EventListener): () => void {
    const listeners = this.listeners.get(sessionId) ?? new Set();
    this.listeners.set(sessionId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(sessionId) === listeners)
        this.listeners.delete(sessionId);
    };
  }

  publish(events: readonly SessionEvent[]): void {
    if (this.listeners.size === 0) return;
    for (const [sessionId, ofSession] of Map.groupBy(events, (event) => event.sessionId)) {
      for (const listener of this.listeners.get(sessionId) ?? []) listener(ofSession);
    }
  }
}
