import { errorTextOf } from '../../core/acp-messages.js';
import { GatewayError } from '../../core/errors.js';
import type { CommandOutcome } from './acpx-command.js';
import { exitErrorText, isUnknownSessionExit } from './exit-errors.js';

/** The agent's session id in the answer of `sessions new`; null when there is none. It may change with the first prompt. */
export function agentSessionIdOf(outcome: CommandOutcome): string | null {
  const id = outcome.answer?.acpxSessionId;
  return typeof id === 'string' && id !== '' ? id : null;
}

/**
 * Why `sessions new` did not make a session; undefined when it did.
 * @param told cuts and redacts what was said.
 */
export function createFailure(
  outcome: CommandOutcome,
  timeoutMs: number,
  told: (text: string) => string,
): GatewayError | undefined {
  const { exit } = outcome;
  if (exit === null) {
    const said = told(outcome.stderr.trim());
    const text = `acpx sessions new timed out after ${timeoutMs / 1000}s`;
    return new GatewayError('agent_failed', said === '' ? text : `${text}: ${said}`);
  }
  if (exit.spawnError !== null) return spawnFailure(exit.spawnError.code, exitErrorText(exit));
  if (exit.code === 0) return undefined;
  const text = `acpx sessions new failed: ${exitErrorText(exit)}`;
  const said = told(saidBy(outcome));
  return new GatewayError('agent_failed', said === '' ? text : `${text}: ${said}`);
}

/** Whether `sessions new` failed because the agent can go on with no earlier conversation, or has not the one it was asked for. */
export function hasLostConversation(outcome: CommandOutcome): boolean {
  const { exit, answer } = outcome;
  if (exit === null || exit.code === 0) return false;
  const said = answer === undefined ? undefined : errorTextOf(answer);
  return isUnknownSessionExit(exit) || said?.includes('does not support session/resume') === true;
}

/** Why `sessions close` did not close a session, for the log. One that was closed before is such a case. */
export function closeFault(outcome: CommandOutcome, told: (text: string) => string): string {
  const reason = outcome.exit === null ? 'timed out' : exitErrorText(outcome.exit);
  return `acpx sessions close: ${reason}: ${told(saidBy(outcome))}`;
}

function saidBy(outcome: CommandOutcome): string {
  const fromAgent = outcome.answer === undefined ? undefined : errorTextOf(outcome.answer);
  return fromAgent ?? (outcome.stderr.trim() || outcome.stdout.trim());
}

function spawnFailure(code: string | undefined, text: string): GatewayError {
  const isMissing = code === 'ENOENT' || code === 'EACCES';
  return isMissing
    ? new GatewayError('agent_not_installed', `${text}; check ACPX_BIN`)
    : new GatewayError('agent_failed', text);
}
