import { eventCursor } from '../../core/event-cursor.js';
import type { JsonObject } from '../../core/json-rpc.js';
import type { SessionEventType } from '../../core/session-events.js';

/** An event that is not in the log yet. */
export interface NewSessionEvent {
  readonly sessionId: string;
  readonly turnId: string | null;
  readonly turnIndex: number | null;
  readonly type: SessionEventType;
  /** A JSON object. */
  readonly dataJson: string;
  /** The agent's message as it came; null for events of our own. */
  readonly raw: string | null;
  readonly atMs: number;
}

/** An event of the log; `seq` rises with every commit. */
export interface SessionEvent extends NewSessionEvent {
  readonly seq: number;
}

/** An event of a session that belongs to no turn. */
export function sessionEvent(
  sessionId: string,
  type: SessionEventType,
  data: JsonObject,
  atMs: number,
): NewSessionEvent {
  return { sessionId, turnId: null, turnIndex: null, type, dataJson: JSON.stringify(data), raw: null, atMs };
}

/** The event as clients get it, as JSON; what is JSON already is put in as it is. */
export function eventJson(event: SessionEvent): string {
  const id = eventCursor(event.sessionId, event.seq);
  const turn = event.turnId === null ? 'null' : `"${event.turnId}"`;
  return (
    `{"id":"${id}","turn_id":${turn},"turn_index":${event.turnIndex ?? 'null'},"type":"${event.type}",` +
    `"data":${event.dataJson},"raw":${event.raw ?? 'null'},"at_ms":${event.atMs}}`
  );
}
