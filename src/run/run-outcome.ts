import { parseClaudeEnvelope, replyValue } from '../core/claude-envelope.js';
import type { JsonObject } from '../core/json-rpc.js';
import { redact, tailOf } from '../core/redaction.js';
import type { RunStatus } from './run.entity.js';

const MAX_STDERR_CHARS = 2000;
const MAX_ERROR_CHARS = 500;

/** How a run of the `claude` CLI ended, as clients and the ledger are told. */
export interface RunOutcome {
  readonly status: Exclude<RunStatus, 'running' | 'unknown'>;
  /** The reply; undefined unless completed. */
  readonly result: unknown;
  readonly stopReason: string;
  readonly error: string | null;
  readonly stderr: string;
  readonly usage: JsonObject | null;
  readonly costUsd: number | null;
  readonly durationMs: number;
}

/** What is known of the process that ended. */
export interface RunEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Whether the program ran at all. */
  readonly hasStarted: boolean;
  /** Why it was ended by us. */
  readonly endedBy: 'timeout' | 'client' | 'server' | 'overflow' | null;
  readonly timeoutSecs: number;
  readonly durationMs: number;
}

/** Reads the outcome of a run: ours to end it first, then the exit code, then the result envelope. */
export function outcomeOf(end: RunEnd, secrets: readonly string[]): RunOutcome {
  const envelope = parseClaudeEnvelope(end.stdout);
  // The CLI writes nothing to stderr when the model's API fails; its envelope has the reason.
  const said = end.stderr.trim() === '' && envelope?.isError === true ? envelope.result : end.stderr;
  const stderr = tailOf(redact(said, secrets), MAX_STDERR_CHARS);
  const base = {
    result: undefined,
    stderr,
    usage: envelope?.usage ?? null,
    costUsd: envelope?.costUsd ?? null,
    durationMs: end.durationMs,
  };
  const failed = (
    error: string,
    status: RunOutcome['status'] = 'failed',
    stopReason = 'error',
  ): RunOutcome => ({
    ...base,
    status,
    stopReason,
    error: redact(error, secrets),
  });

  if (end.endedBy === 'timeout')
    return failed(`timed out after ${end.timeoutSecs} s`, 'timed_out', 'timeout');
  if (end.endedBy === 'client') return failed('the client went away', 'cancelled', 'cancelled');
  if (end.endedBy === 'server') return failed('the server was stopped', 'cancelled', 'cancelled');
  if (!end.hasStarted) return failed('claude could not be started');
  if (end.endedBy === 'overflow') return failed('claude wrote more than can be read');
  if (end.exitCode === null) return failed(`claude ended by ${end.signal ?? 'a signal'}`);
  if (end.exitCode !== 0) return failed(`claude exit ${end.exitCode}`);
  if (envelope === undefined) return failed('claude exit 0 without a readable result');
  if (envelope.isError)
    return failed(`claude reported an error: ${tailOf(envelope.result, MAX_ERROR_CHARS)}`);
  return {
    ...base,
    status: 'completed',
    result: replyValue(envelope.result),
    stopReason: envelope.stopReason,
    error: null,
  };
}

/** The outcome of a run that ended before there was a process, by a fault of ours. */
export function notStarted(error: string): RunOutcome {
  return {
    status: 'failed',
    result: undefined,
    stopReason: 'error',
    error,
    stderr: '',
    usage: null,
    costUsd: null,
    durationMs: 0,
  };
}
