/**
 * What lists tell of a session, put together by SQLite on a thread of its own: the same fields as `SessionResponse`, which
 * the tests compare. Rows of columns would be made value by value, and turned into JSON, on the thread that serves
 * requests, at five times the cost of the whole request otherwise.
 */
const STATE_FIELDS = `
  'session_id', id,
  'agent', agent,
  'cwd', cwd,
  'created_at', created_at / 1000,
  'last_turn_at', last_turn_at / 1000,
  'turn_count', turn_count,
  'closed_at', closed_at / 1000,
  'closed', json(iif(closed_at IS NULL, 'false', 'true')),
  'meta', json(meta)`;

export const STATE_JSON = `json_object(${STATE_FIELDS})`;
export const ADMIN_STATE_JSON = `json_object(${STATE_FIELDS}, 'app_name', app_name)`;

export interface SessionPage {
  readonly count: number;
  /** A JSON array of states. */
  readonly sessionsJson: string;
  /** Null on the last page. */
  readonly next: string | null;
}

/** The body of a list's answer: a `SessionPageResponse` as JSON. */
export function sessionPageJson({ count, sessionsJson, next }: SessionPage): string {
  return `{"count":${count},"sessions":${sessionsJson},"next":${JSON.stringify(next)}}`;
}
