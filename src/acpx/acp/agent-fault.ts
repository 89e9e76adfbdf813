import { GatewayError } from '../../core/errors.js';
import type { TurnErrorCode } from '../acpx-runner.js';

/** Something that went wrong at an agent's side; its message is fit to be shown to a client. */
export class AgentFault extends Error {
  /** The end of what the agent process wrote to stderr, redacted; only where the process itself failed. */
  readonly stderr: string;

  constructor(
    readonly code: TurnErrorCode,
    message: string,
    options: { stderr?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AgentFault';
    this.stderr = options.stderr ?? '';
  }
}

/** The code of a turn that could not go on because of `error`. */
export function turnErrorCodeOf(error: unknown): TurnErrorCode {
  if (error instanceof AgentFault) return error.code;
  if (!(error instanceof GatewayError)) return 'agent_error';
  switch (error.code) {
    case 'agent_not_installed':
    case 'pool_full':
    case 'draining':
      return error.code;
    case 'validation_failed':
      return 'invalid_option';
    default:
      return 'agent_error';
  }
}

/** The same as an error of a request that is no turn. */
export function toGatewayError(error: unknown): unknown {
  if (!(error instanceof AgentFault)) return error;
  const code = error.code === 'agent_not_installed' ? error.code : 'agent_failed';
  const text = error.stderr === '' ? error.message : `${error.message}: ${error.stderr.trim()}`;
  return new GatewayError(code, text, { cause: error });
}
