import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { ClientAddress } from '../core/client-address.js';

/** What the middlewares learn of a request before any route sees it. */
export interface RequestContext {
  readonly requestId: string;
  readonly client: ClientAddress;
}

const SANE_REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** The caller's own request id where it is a sane one, else a new UUID. */
export function requestIdFor(header: string | string[] | undefined): string {
  return typeof header === 'string' && SANE_REQUEST_ID.test(header) ? header : randomUUID();
}

const CONTEXT = Symbol('request context');

export function setRequestContext(request: Request, context: RequestContext): void {
  Object.assign(request, { [CONTEXT]: context });
}

/** @throws Error when the client-address middleware did not run; that is a fault of ours. */
export function requestContextOf(request: Request): RequestContext {
  const context = (request as { [CONTEXT]?: RequestContext })[CONTEXT];
  if (context === undefined) throw new Error('the request has no context');
  return context;
}
