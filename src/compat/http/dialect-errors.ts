import type { Request, Response } from 'express';
import type { ErrorShape } from '../../common/error-shapes.js';
import type { GatewayError } from '../../core/errors.js';
import { ANTHROPIC } from '../anthropic/anthropic-dialect.js';
import { isAnthropicClient } from '../models/models.js';
import { OPENAI } from '../openai/openai-dialect.js';
import { apiFaultOf } from './api-fault.js';
import type { Dialect } from './dialect.js';
import { sendFault } from './send-fault.js';

/** Everything below `/v1` tells its errors as the API does whose client calls, routes that do not exist included. */
export const DIALECT_ERRORS: ErrorShape = {
  isFor: ({ path }) => path === '/v1' || path.startsWith('/v1/'),
  send: (request: Request, response: Response, error: GatewayError, requestId: string): void => {
    sendFault(response, apiFaultOf(error), dialectOf(request), requestId);
  },
};

function dialectOf({ path, headers }: Request): Dialect {
  if (path.startsWith('/v1/messages')) return ANTHROPIC;
  if (path.startsWith('/v1/chat')) return OPENAI;
  return isAnthropicClient(headers) ? ANTHROPIC : OPENAI;
}
