import type { Response } from 'express';
import type { ApiFault } from './api-fault.js';
import type { Dialect } from './dialect.js';

/**
 * Puts the status and the headers of an error into a response; the body is still to be sent. The official clients of both
 * dialects obey `x-should-retry`.
 */
export function putFault(
  response: Response,
  fault: ApiFault,
  dialect: Pick<Dialect, 'errorBody'>,
  requestId: string,
): object {
  if (fault.status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (fault.retryAfterSecs !== undefined) response.setHeader('retry-after', String(fault.retryAfterSecs));
  if (!fault.mayRetry) response.setHeader('x-should-retry', 'false');
  response.setHeader('request-id', requestId);
  response.status(fault.status);
  return dialect.errorBody(fault, requestId);
}

/** Sends an error as the whole answer. */
export function sendFault(...[response, ...told]: Parameters<typeof putFault>): void {
  response.json(putFault(response, ...told));
}
