/** Upper bounds in seconds for what the gateway does itself: from a tenth of a millisecond on. */
export const SHORT_SECS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Upper bounds in seconds for what may be an agent's work: to an hour. */
export const LONG_SECS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** Gauges that other rooms feed by a callback. */
export const WATCHED = {
  sessions: { help: 'Sessions by state.', labelNames: ['state'] },
  turns_pending: { help: 'Turns that wait (queued) or run (running).', labelNames: ['state'] },
  runs_in_flight: { help: 'One-shot runs in flight.', labelNames: [] },
  agents_live: { help: 'Agent processes that are alive.', labelNames: [] },
  event_log_lag_seconds: {
    help: 'Age of the oldest event that is not in the ledger yet.',
    labelNames: [],
  },
  ledger_queue_depth: { help: 'Write transactions of the ledger that wait or run.', labelNames: [] },
} satisfies Record<string, { help: string; labelNames: string[] }>;

export type WatchedName = keyof typeof WATCHED;
