import type { PromptResult } from '../acpx/acpx-runner.js';
import type { JsonObject } from '../core/json-rpc.js';

/** A turn that has ended and is recorded. */
export interface TurnOutcome {
  readonly sessionId: string;
  readonly turnId: string;
  readonly turnIndex: number;
  readonly result: PromptResult;
  /** Every JSON-RPC object of the agent's side, in order; empty when nobody asked for them. */
  readonly events: readonly JsonObject[];
  readonly text: string;
  readonly durationMs: number;
}

/** A turn that was cancelled while it waited; its agent never heard of it. */
export function calledOffOutcome(turn: {
  id: string;
  turnIndex: number;
  session: { id: string };
}): TurnOutcome {
  return {
    sessionId: turn.session.id,
    turnId: turn.id,
    turnIndex: turn.turnIndex,
    result: {
      status: 'cancelled',
      stopReason: 'cancelled',
      error: null,
      errorCode: null,
      deadline: null,
      stderr: '',
      usage: null,
      costUsd: null,
      contextLost: false,
      agentSessionId: null,
    },
    events: [],
    text: '',
    durationMs: 0,
  };
}

/** The turn's answer without its events: what the event of its end tells. */
export function outcomeData(outcome: Omit<TurnOutcome, 'events'>): JsonObject {
  const { sessionId, turnId, turnIndex, result, text, durationMs } = outcome;
  const isOk = result.status === 'completed' || result.status === 'cancelled';
  return {
    ok: isOk,
    session_id: sessionId,
    turn_id: turnId,
    turn_index: turnIndex,
    stop_reason: result.stopReason,
    duration_ms: durationMs,
    text,
    usage: result.usage,
    cost_usd: result.costUsd,
    context_lost: result.contextLost,
    ...(isOk
      ? {}
      : {
          error: result.error,
          error_code: result.errorCode,
          deadline: result.deadline,
          stderr: result.stderr,
        }),
  };
}
