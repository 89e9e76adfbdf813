import { GatewayError } from './errors.js';

const OWNER_CHARS = 12;
const CURSOR = /^([0-9a-f]{12})-([0-9a-z]{1,11})$/;

/** The opaque id of an event: whose session it is of, and its place in the log. */
export function eventCursor(sessionId: string, seq: number): string {
  return `${sessionId.slice(0, OWNER_CHARS)}-${seq.toString(36)}`;
}

/**
 * The place in the log that a cursor names.
 * @throws GatewayError `invalid_cursor` when it is malformed or of another session.
 */
export function eventSeqOf(sessionId: string, cursor: string): number {
  const [, owner, place] = CURSOR.exec(cursor) ?? [];
  const seq = place === undefined ? Number.NaN : Number.parseInt(place, 36);
  if (owner !== sessionId.slice(0, OWNER_CHARS) || !Number.isSafeInteger(seq)) {
    throw new GatewayError(
      'invalid_cursor',
      'after: not a cursor of this session; use the `id` of one of its events',
    );
  }
  return seq;
}
