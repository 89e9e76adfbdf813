import { toUnixSecs } from '../core/time.js';
import type { RunFailedResponse, RunRecordResponse, RunResponse } from './dto/run.dto.js';
import type { RunOutcome } from './run-outcome.js';
import type { RunEntity } from './run.entity.js';

export function toRunResponse(outcome: RunOutcome): RunResponse {
  return {
    ok: true,
    result: outcome.result,
    duration_ms: outcome.durationMs,
    stop_reason: outcome.stopReason,
  };
}

export function toRunFailedResponse(outcome: RunOutcome): RunFailedResponse {
  return {
    ok: false,
    error: outcome.error ?? 'the run failed',
    stderr: outcome.stderr,
    duration_ms: outcome.durationMs,
    stop_reason: outcome.stopReason,
  };
}

/** For a repeated run that the end of the server cut off. */
export function toRunUnknownResponse(error: string): RunFailedResponse {
  return { ok: false, error, stderr: '', duration_ms: null, stop_reason: 'unknown' };
}

export function toRunRecordResponse(row: RunEntity): RunRecordResponse {
  return {
    id: row.id,
    app_name: row.appName,
    route: row.route,
    model: row.model,
    prompt_chars: row.promptChars,
    prompt_sha256: row.promptSha256,
    status: row.status,
    ok: row.ok,
    stop_reason: row.stopReason,
    duration_ms: row.durationMs,
    error: row.error,
    usage: row.usage === null ? null : (JSON.parse(row.usage) as Record<string, unknown>),
    cost_usd: row.costUsd,
    created_at: toUnixSecs(row.createdAtMs),
  };
}
