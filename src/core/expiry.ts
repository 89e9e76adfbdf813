/** What the sweep needs to know of a session; times are Unix milliseconds. */
export interface SessionAge {
  /** End of the last turn, whatever its outcome; before any turn the session's creation. */
  idleSinceMs: number;
  closedAtMs: number | null;
  /** Turns that are queued or running. */
  pendingTurns: number;
}

/** Open sessions idle since before this point, in Unix milliseconds, are due to be closed. */
export function closeBeforeMs(nowMs: number, ttlSecs: number): number {
  return nowMs - ttlSecs * 1000;
}

/** Whether a session is open, has no turn queued or running, and has been idle for longer than `ttlSecs` seconds. */
export function isDueToClose(session: SessionAge, nowMs: number, ttlSecs: number): boolean {
  return (
    session.closedAtMs === null &&
    session.pendingTurns === 0 &&
    session.idleSinceMs < closeBeforeMs(nowMs, ttlSecs)
  );
}

/** Sessions closed before this point, in Unix milliseconds, are due to be deleted. */
export function deleteBeforeMs(nowMs: number, hardTtlSecs: number): number {
  return nowMs - hardTtlSecs * 1000;
}
