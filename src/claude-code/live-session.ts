import type { ClaudeEngine } from '../config/app-config.js';
import type { ClaudeSession } from './claude-session.js';
import type { SessionSpec } from './session-spec.js';
import type { WatchedTerminal } from './terminal/watched-terminal.js';

/** A session of the backend while its `claude` lives. */
export interface LiveSession {
  readonly spec: SessionSpec;
  readonly session: ClaudeSession;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  lastUsedMs: number;
  numTurns: number;
  isBusy: boolean;
  /** Set once its end has begun. */
  closing?: Promise<void>;
}

/** What others are shown of it. Times are Unix milliseconds. */
export interface LiveSessionView {
  /** claude's session id. */
  readonly id: string;
  readonly app: string;
  readonly engine: ClaudeEngine;
  readonly model: string | null;
  readonly cwd: string;
  readonly pid: number | undefined;
  /** Whether a turn runs in it, or it waits for its conversation to go on. */
  readonly isBusy: boolean;
  readonly numTurns: number;
  readonly startedAtMs: number;
  readonly lastUsedMs: number;
  readonly terminal: WatchedTerminal | null;
}

export function viewOf({
  spec,
  session,
  isBusy,
  numTurns,
  startedAtMs,
  lastUsedMs,
}: LiveSession): LiveSessionView {
  return {
    id: spec.id,
    app: spec.app,
    engine: spec.engine,
    model: spec.model,
    cwd: spec.cwd,
    pid: session.pid,
    isBusy,
    numTurns,
    startedAtMs,
    lastUsedMs,
    terminal: session.terminal,
  };
}
