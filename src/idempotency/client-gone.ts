import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { hasIdempotencyKey } from './keyed-request.js';

/**
 * A signal that is aborted when the client goes away before it was answered. Never for a request with an `Idempotency-Key`: it runs
 * to its end, so that the client finds the answer when it comes back.
 */
export const ClientGone = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const http = context.switchToHttp();
  const gone = new AbortController();
  if (!hasIdempotencyKey(http.getRequest<Request>())) {
    const response = http.getResponse<Response>();
    response.once('close', () => gone.abort());
    // It may have gone while its body was read.
    if (response.destroyed) gone.abort();
  }
  return gone.signal;
});
