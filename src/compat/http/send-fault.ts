import type { Response } from 'express';
import type { ApiFault } from './api-fault.js';
import type { Dialect } from './dialect.js';

/** Sends an error as the whole answer. The official clients of both dialects obey `x-should-retry`. */
export function sendFault(
  response: Response,
  fault: ApiFault,
  dialect: Pick<Dialect, 'errorBody'>,
  requestId: string,
): void {
  if (fault.status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (fault.retryAfterSecs !== undefined) response.setHeader('retry-after', String(fault.retryAfterSecs));
  if (!fault.mayRetry) response.setHeader('x-should-retry', 'false');
  response.setHeader('request-id', requestId);
  response.status(fault.status).json(dialect.errorBody(fault, requestId));
}
