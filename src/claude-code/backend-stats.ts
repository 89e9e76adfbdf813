import type { Completion } from './completion.js';

/** How a request came by its history: a session held it, it was planted or told to a new one, or there was none. */
export type HistoryFound = 'live' | 'planted' | 'told' | 'none';

export interface BackendStats {
  /** Of `claude`, at work and waiting for their conversation to go on. */
  readonly processes: { readonly busy: number; readonly waiting: number };
  /** Requests that wait for room for another process. */
  readonly queued: number;
  /** Requests since the start. */
  readonly histories: Readonly<Record<HistoryFound, number>>;
}

/** How a session that is to be started comes by its history. */
export function historyFoundFor({ history, historyMode }: Completion): HistoryFound {
  if (history.length === 0) return 'none';
  return historyMode === 'native_jsonl' ? 'planted' : 'told';
}
