interface Waiting<T> {
  readonly session: T;
  readonly keys: readonly string[];
  readonly sinceMs: number;
}

/**
 * Sessions that wait for their conversation to go on, each under the keys by which it can be found. What is taken is
 * gone under all its keys, so that no two requests get one session. It has no clock: times are milliseconds of a clock
 * that never steps back.
 */
export class SessionPool<T extends object> {
  /** In the order in which they came: the first has waited longest. */
  private readonly waiting = new Map<T, Waiting<T>>();
  private readonly byKey = new Map<string, Set<T>>();

  put(session: T, keys: readonly string[], nowMs: number): void {
    this.waiting.set(session, { session, keys, sinceMs: nowMs });
    for (const key of keys) {
      const found = this.byKey.get(key);
      if (found === undefined) this.byKey.set(key, new Set([session]));
      else found.add(session);
    }
  }

  /** The session that came last under this key; it is out of the pool then. */
  take(key: string): T | undefined {
    const session = [...(this.byKey.get(key) ?? [])].at(-1);
    if (session !== undefined) this.remove(session);
    return session;
  }

  /** The session that has waited longest; it is out of the pool then. */
  takeOldest(): T | undefined {
    const [session] = this.waiting.keys();
    if (session !== undefined) this.remove(session);
    return session;
  }

  /** Those that have waited since before `beforeMs`; they are out of the pool then. */
  takeOlderThan(beforeMs: number): T[] {
    const old = [...this.waiting.values()].filter(({ sinceMs }) => sinceMs < beforeMs);
    for (const { session } of old) this.remove(session);
    return old.map(({ session }) => session);
  }

  /** Takes a session out; false when it was not in. */
  remove(session: T): boolean {
    const found = this.waiting.get(session);
    if (found === undefined) return false;
    this.waiting.delete(session);
    for (const key of found.keys) {
      const others = this.byKey.get(key);
      others?.delete(session);
      if (others?.size === 0) this.byKey.delete(key);
    }
    return true;
  }
}
