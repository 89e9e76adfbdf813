import { HttpStatus } from '@nestjs/common';
import type { Response } from 'express';
import type { GatewayError } from '../core/errors.js';
import { type FieldError, type GatewayErrorCode } from '../core/errors.js';

/** The HTTP status of every error code; the only place where they meet. */
export const STATUS_OF: Record<GatewayErrorCode, HttpStatus> = {
  malformed_json: HttpStatus.BAD_REQUEST,
  invalid_cursor: HttpStatus.BAD_REQUEST,
  unauthorized: HttpStatus.UNAUTHORIZED,
  forbidden_ip: HttpStatus.FORBIDDEN,
  forbidden_role: HttpStatus.FORBIDDEN,
  not_found: HttpStatus.NOT_FOUND,
  session_not_found: HttpStatus.NOT_FOUND,
  turn_not_found: HttpStatus.NOT_FOUND,
  file_not_found: HttpStatus.NOT_FOUND,
  token_not_found: HttpStatus.NOT_FOUND,
  terminal_not_found: HttpStatus.NOT_FOUND,
  token_exists: HttpStatus.CONFLICT,
  session_closed: HttpStatus.GONE,
  payload_too_large: HttpStatus.PAYLOAD_TOO_LARGE,
  unsupported_media_type: HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  validation_failed: HttpStatus.UNPROCESSABLE_ENTITY,
  idempotency_key_reused: HttpStatus.UNPROCESSABLE_ENTITY,
  agent_failed: HttpStatus.BAD_GATEWAY,
  outcome_unknown: HttpStatus.BAD_GATEWAY,
  pool_full: HttpStatus.SERVICE_UNAVAILABLE,
  queue_full: HttpStatus.SERVICE_UNAVAILABLE,
  agent_not_installed: HttpStatus.SERVICE_UNAVAILABLE,
  draining: HttpStatus.SERVICE_UNAVAILABLE,
  storage_unavailable: HttpStatus.SERVICE_UNAVAILABLE,
  internal: HttpStatus.INTERNAL_SERVER_ERROR,
};

const TITLE_OF: Record<GatewayErrorCode, string> = {
  malformed_json: 'The body is not JSON',
  invalid_cursor: 'The cursor is not valid',
  unauthorized: 'A valid bearer token is needed',
  forbidden_ip: 'This address may not call',
  forbidden_role: 'This token does not open this route',
  not_found: 'Not found',
  session_not_found: 'Session not found',
  turn_not_found: 'Turn not found',
  file_not_found: 'File not found',
  token_not_found: 'Token not found',
  terminal_not_found: 'Terminal not found',
  token_exists: 'The name has a live token',
  session_closed: 'The session is closed',
  payload_too_large: 'The body is too large',
  unsupported_media_type: 'The content type is not supported',
  validation_failed: 'The request is not valid',
  idempotency_key_reused: 'The key was used with another body',
  agent_failed: 'The agent failed',
  outcome_unknown: 'The outcome is not known',
  pool_full: 'No room for more',
  queue_full: 'Too many turns are waiting',
  agent_not_installed: 'The agent is not installed',
  draining: 'The server is stopping',
  storage_unavailable: 'The storage is not available',
  internal: 'Internal error',
};

/** RFC 9457 problem document, with our extension members. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: GatewayErrorCode;
  retryable: boolean;
  request_id: string;
  errors?: FieldError[];
}

export function problemOf(error: GatewayError, requestId: string): ProblemDocument {
  return {
    type: `urn:clawdforge:error:${error.code}`,
    title: TITLE_OF[error.code],
    status: STATUS_OF[error.code],
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    request_id: requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
}

/** Sends an error as `application/problem+json`; an answer that has begun is cut off instead. */
export function sendProblem(response: Response, error: GatewayError, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error, requestId);
  if (error.code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer');
  if (error.retryAfterSecs !== undefined) response.setHeader('retry-after', String(error.retryAfterSecs));
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
