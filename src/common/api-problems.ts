import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { GatewayError, type GatewayErrorCode } from '../core/errors.js';
import { ProblemResponse } from './dto/problem.dto.js';
import { problemOf, STATUS_OF } from './problem.js';

/** What every route with a token may answer. */
const ALWAYS: readonly GatewayErrorCode[] = [
  'unauthorized',
  'forbidden_ip',
  'forbidden_role',
  'draining',
  'storage_unavailable',
];

/** What every route that takes a JSON body may answer. */
export const BODY_PROBLEMS = [
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
] as const satisfies readonly GatewayErrorCode[];

/** What every route that takes an `Idempotency-Key` may answer besides; a route whose 502 has a shape of its own leaves out the second. */
export const IDEMPOTENCY_PROBLEMS = [
  'idempotency_key_reused',
  'outcome_unknown',
] as const satisfies readonly GatewayErrorCode[];

/** Details that clients would see, for the examples of the OpenAPI document. */
const DETAILS: Record<GatewayErrorCode, string> = {
  malformed_json: 'the body cannot be read as JSON',
  invalid_cursor: 'after: not a cursor of this list; use the `next` of an earlier page',
  unauthorized: 'send a valid token as "Authorization: Bearer TOKEN"',
  forbidden_ip: 'your address may not call this server',
  forbidden_role: 'the admin token opens /admin routes only; mint an app token',
  not_found: 'there is no such route',
  session_not_found: 'there is no such session',
  turn_not_found: 'this session has no such turn',
  file_not_found: 'there is no such file',
  token_not_found: 'there is no token of this name',
  terminal_not_found: 'there is no live terminal of this id',
  token_exists: 'name: my-app has a live token; revoke it first',
  session_closed: 'the session is closed',
  payload_too_large: 'the body is larger than 10485760 bytes',
  unsupported_media_type: 'send the body as content-type: application/json',
  validation_failed: 'prompt: must be a string',
  idempotency_key_reused:
    'Idempotency-Key: was sent before with another body; use a new key for a new request',
  agent_failed: 'the agent could not be started',
  outcome_unknown: 'the server ended before the outcome of this request was known; it is not run again',
  pool_full: 'the server has its 32 sessions open; close one or try again later',
  queue_full: '16 turns of this session are waiting already',
  agent_not_installed: 'the agent is not installed here',
  draining: 'the server is stopping; try again shortly',
  storage_unavailable: 'the storage cannot be read or written now',
  internal: 'something went wrong in the server; the log has the request id',
};

const RETRYABLE = new Set<GatewayErrorCode>(['pool_full', 'queue_full', 'draining', 'storage_unavailable']);

/** Describes the problem documents that a route may answer, besides those of every route with a token. */
export function ApiProblems(...codes: GatewayErrorCode[]): ClassDecorator & MethodDecorator {
  return describeProblems([...ALWAYS, ...codes]);
}

/** Describes the problem documents of a route without a token. */
export function ApiOpenProblems(...codes: GatewayErrorCode[]): ClassDecorator & MethodDecorator {
  return describeProblems(['forbidden_ip', ...codes]);
}

function describeProblems(codes: readonly GatewayErrorCode[]): ClassDecorator & MethodDecorator {
  const statuses = new Set(codes.map((code) => STATUS_OF[code]));
  const responses = [...statuses].map((status) => {
    const group = codes.filter((code) => STATUS_OF[code] === status);
    return ApiResponse({
      status,
      description: `Problem: \`${group.join('`, `')}\`.`,
      content: {
        'application/problem+json': {
          schema: { $ref: getSchemaPath(ProblemResponse) },
          examples: Object.fromEntries(group.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    });
  });
  return applyDecorators(ApiExtraModels(ProblemResponse), ...responses);
}

function exampleOf(code: GatewayErrorCode): object {
  const errors =
    code === 'validation_failed' ? [{ field: 'prompt', message: 'must be a string' }] : undefined;
  const error = new GatewayError(code, DETAILS[code], {
    retryable: RETRYABLE.has(code),
    ...(errors === undefined ? {} : { errors }),
  });
  return problemOf(error, '3c9d4f0e-6d0b-4f6f-9d5e-0b7f3f1c2a11');
}
