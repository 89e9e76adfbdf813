import { stopReasonOf, usageOf } from '../../core/acp-messages.js';
import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';
import type { ExitStatus } from '../../processes/process-types.js';
import type { PromptResult } from '../acpx-runner.js';
import { exitErrorText, isTimeoutExit } from './exit-errors.js';

/** Why we ended a turn ourselves. */
export type StopCause =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string };

/** How a turn ended: by the agent's answer, or without one by the end of acpx. */
export interface TurnEnd {
  readonly cause: StopCause | undefined;
  readonly answer: JsonObject | undefined;
  readonly exit: ExitStatus | undefined;
  /** What the agent's side said of its failure. */
  readonly errorText: string | undefined;
}

type Outcome = Pick<PromptResult, 'status' | 'stopReason' | 'error'>;

/** The result of a turn, all but what its output told on the side. */
export function turnResult(
  end: TurnEnd,
): Omit<PromptResult, 'stderr' | 'costUsd' | 'agentSessionId' | 'contextLost'> {
  const usage = end.answer === undefined ? null : usageOf(end.answer);
  const deadline = end.cause?.kind === 'timed_out' ? 'total' : null;
  return { errorCode: null, ...outcomeOf(end), deadline, usage };
}

function outcomeOf({ cause, answer, exit, errorText }: TurnEnd): Outcome {
  if (cause?.kind === 'failed') return { status: 'failed', stopReason: 'error', error: cause.error };
  if (cause?.kind === 'timed_out') return { status: 'timed_out', stopReason: 'timeout', error: cause.error };
  if (answer !== undefined) {
    // An agent that finished before it heard of the cancel has done the whole turn.
    const stopReason = stopReasonOf(answer) ?? 'end_turn';
    return { status: stopReason === 'cancelled' ? 'cancelled' : 'completed', stopReason, error: null };
  }
  if (cause !== undefined) return { status: 'cancelled', stopReason: 'cancelled', error: null };
  return failureOf(exit, errorText);
}

function failureOf(exit: ExitStatus | undefined, errorText: string | undefined): Outcome {
  const reason = exit === undefined ? 'acpx ended without a result' : exitErrorText(exit);
  const error = errorText === undefined ? reason : `${reason}: ${errorText}`;
  return exit !== undefined && isTimeoutExit(exit)
    ? { status: 'timed_out', stopReason: 'timeout', error }
    : { status: 'failed', stopReason: 'error', error };
}

/**
 * Whether an agent may still be at work after a turn that ended without an answer: acpx died, or lost its queue owner,
 * without a word of how the agent fares.
 */
export function isOutcomeOpen(errorObject: JsonObject | undefined): boolean {
  if (errorObject === undefined) return true;
  const error = isJsonObject(errorObject.error) ? errorObject.error : {};
  const detail = isJsonObject(error.data) ? error.data.detailCode : undefined;
  return typeof detail === 'string' && detail.startsWith('QUEUE_');
}
