import type { TokenUsage } from '../core/acp-messages.js';
import { toUnixSecs } from '../core/time.js';
import type { TurnFailedResponse, TurnResponse, TurnStateResponse } from './dto/turn.dto.js';
import type { TurnOutcome } from './turn-outcome.js';
import type { TurnEntity } from './turn.entity.js';

export function toTurnResponse(outcome: TurnOutcome): TurnResponse {
  return {
    ok: true,
    session_id: outcome.sessionId,
    turn_index: outcome.turnIndex,
    stop_reason: outcome.result.stopReason,
    events: [...outcome.events],
    duration_ms: outcome.durationMs,
    text: outcome.text,
    ...(outcome.result.contextLost ? { context_lost: true } : {}),
  };
}

export function toTurnFailedResponse(outcome: TurnOutcome): TurnFailedResponse {
  return {
    ok: false,
    session_id: outcome.sessionId,
    turn_index: outcome.turnIndex,
    stop_reason: outcome.result.stopReason,
    error: outcome.result.error ?? 'the turn failed',
    events: [...outcome.events],
    duration_ms: outcome.durationMs,
    stderr: outcome.result.stderr,
  };
}

export function toTurnStateResponse(row: TurnEntity): TurnStateResponse {
  return {
    ok: true,
    turn_id: row.id,
    session_id: row.sessionId,
    turn_index: row.turnIndex,
    status: row.status,
    prompt: row.prompt,
    stop_reason: row.stopReason,
    error: row.error,
    error_code: row.errorCode,
    deadline: row.deadline,
    context_lost: row.contextLost,
    usage: row.usage === null ? null : (JSON.parse(row.usage) as TokenUsage),
    cost_usd: row.costUsd,
    created_at: toUnixSecs(row.createdAtMs),
    started_at: toUnixSecs(row.startedAtMs),
    ended_at: toUnixSecs(row.endedAtMs),
    duration_ms: row.durationMs,
  };
}

/** For a repeated turn that the end of the server cut off; the session's turns tell what became of it. */
export function toTurnUnknownResponse(sessionId: string, error: string): TurnFailedResponse {
  return {
    ok: false,
    session_id: sessionId,
    turn_index: null,
    stop_reason: 'unknown',
    error,
    events: [],
    duration_ms: null,
    stderr: '',
  };
}
