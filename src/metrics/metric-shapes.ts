/** Upper bounds in seconds for what the gateway does itself: from a tenth of a millisecond on. */
export const SHORT_SECS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Upper bounds in seconds for what may be an agent's work: to an hour. */
export const LONG_SECS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** Metrics that other rooms feed by a callback; gauges, unless they count what has happened since the start. */
export const WATCHED = {
  sessions: { help: 'Sessions by state.', labelNames: ['state'] },
  turns_pending: { help: 'Turns that wait (queued) or run (running).', labelNames: ['state'] },
  runs_in_flight: { help: 'One-shot runs in flight.', labelNames: [] },
  claude_processes: {
    help: 'Processes of the Claude Code backend, at work (busy) or waiting for their conversation to go on (waiting).',
    labelNames: ['state'],
  },
  claude_requests_queued: {
    help: 'Requests that wait for room for another process of the Claude Code backend.',
    labelNames: [],
  },
  claude_histories_total: {
    help: 'Requests to the Claude Code backend by where their history was: in a live session, planted into a new one, told in its prompt, or none.',
    labelNames: ['history'],
    isCount: true,
  },
  agents_live: { help: 'Agent processes that are alive.', labelNames: [] },
  event_log_lag_seconds: {
    help: 'Age of the oldest event that is not in the ledger yet.',
    labelNames: [],
  },
  ledger_queue_depth: { help: 'Write transactions of the ledger that wait or run.', labelNames: [] },
} satisfies Record<string, WatchedShape>;

export interface WatchedShape {
  help: string;
  /** None, or the one whose values the numbers go by. */
  labelNames: [] | [string];
  isCount?: true;
}

export type WatchedName = keyof typeof WATCHED;
