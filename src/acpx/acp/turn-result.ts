import { stopReasonOf, usageOf } from '../../core/acp-messages.js';
import { messageOf } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';
import type { DeadlineName, PromptResult, TurnErrorCode } from '../acpx-runner.js';
import { AgentFault, turnErrorCodeOf } from './agent-fault.js';
import { faultOf, RPC_CODES } from './rpc-peer.js';

/** Why we ended a turn ourselves. */
export type StopCause =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out'; readonly deadline: DeadlineName; readonly error: string };

/** How a turn ended: by the agent's reply, by us, by a fault, or by several of these. */
export interface TurnEnd {
  readonly cause: StopCause | undefined;
  readonly reply: JsonObject | undefined;
  readonly fault: unknown;
}

type Outcome = Pick<PromptResult, 'status' | 'stopReason' | 'error' | 'errorCode' | 'deadline'>;

const WELL = { error: null, errorCode: null, deadline: null };

/**
 * The part of a turn's result that its end decides.
 * @param told cuts and redacts what the agent said.
 */
export function turnResult(
  end: TurnEnd,
  told: (text: string) => string,
): Outcome & Pick<PromptResult, 'usage' | 'stderr'> {
  return {
    ...outcomeOf(end, told),
    usage: end.reply === undefined ? null : usageOf(end.reply),
    stderr: end.fault instanceof AgentFault ? end.fault.stderr : '',
  };
}

function outcomeOf({ cause, reply, fault }: TurnEnd, told: (text: string) => string): Outcome {
  if (cause?.kind === 'timed_out') {
    const { error, deadline } = cause;
    return { status: 'timed_out', stopReason: 'timeout', error, errorCode: null, deadline };
  }
  const stopReason = reply === undefined ? undefined : stopReasonOf(reply);
  if (stopReason !== undefined) {
    // An agent that finished before it heard of the cancel has done the whole turn.
    return { status: stopReason === 'cancelled' ? 'cancelled' : 'completed', stopReason, ...WELL };
  }
  if (cause !== undefined) return { status: 'cancelled', stopReason: 'cancelled', ...WELL };
  if (fault !== undefined) return failed(messageOf(fault), turnErrorCodeOf(fault));
  return failureIn(reply ?? {}, told);
}

function failureIn(reply: JsonObject, told: (text: string) => string): Outcome {
  const fault = faultOf(reply);
  if (fault === undefined) return failed('the agent ended the turn without a stop reason', 'agent_error');
  const code = fault.code === RPC_CODES.authRequired ? 'auth_required' : 'agent_error';
  return failed(`agent or protocol error: ${told(fault.message)}`, code);
}

function failed(error: string, errorCode: TurnErrorCode): Outcome {
  return { status: 'failed', stopReason: 'error', error, errorCode, deadline: null };
}
