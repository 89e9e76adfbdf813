/** The states of a turn. `requires_action`: it waits for somebody's answer to a permission request. */
export const TURN_STATUSES = [
  'queued',
  'running',
  'requires_action',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'unknown',
] as const;

export type TurnStatus = (typeof TURN_STATUSES)[number];

/** The states that a turn keeps. `unknown`: the server ended while the turn ran. */
export type FinalTurnStatus = Exclude<TurnStatus, 'queued' | 'running' | 'requires_action'>;

export function isFinal(status: TurnStatus): status is FinalTurnStatus {
  return status !== 'queued' && status !== 'running' && status !== 'requires_action';
}
