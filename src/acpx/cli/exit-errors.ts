import type { ExitStatus } from '../../processes/process-types.js';

/** What acpx's exit codes mean, as the original service told its clients. */
const TEXTS: Readonly<Record<number, string>> = {
  0: 'acpx ended without a result',
  1: 'agent or protocol error',
  2: 'acpx CLI usage error',
  3: 'acpx-side timeout',
  4: 'session not found by acpx',
  5: 'permission denied during turn',
  130: 'interrupted',
};

const TIMEOUT_CODE = 3;
const UNKNOWN_SESSION_CODE = 4;

/** The error text of an acpx that ended without a terminal line. */
export function exitErrorText(exit: ExitStatus): string {
  if (exit.spawnError !== null)
    return `acpx could not be started (${exit.spawnError.code ?? 'unknown error'})`;
  if (exit.code === null) return `acpx was ended by ${exit.signal ?? 'a signal'}`;
  return TEXTS[exit.code] ?? `acpx exit ${exit.code}`;
}

/** Whether acpx, or the agent behind it, has no such session. */
export function isUnknownSessionExit(exit: ExitStatus): boolean {
  return exit.code === UNKNOWN_SESSION_CODE;
}

export function isTimeoutExit(exit: ExitStatus): boolean {
  return exit.code === TIMEOUT_CODE;
}
