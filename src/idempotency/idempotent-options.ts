import type { Request } from 'express';

export const OPTIONS_METADATA = 'clawdforge:idempotent';

/** What a client is told of a request whose outcome was lost. */
export const UNKNOWN_OUTCOME =
  'the server ended before the outcome of this request was known; it is not run again';

export interface IdempotentOptions {
  /**
   * The body of the 502 for a request that the end of the server cut off, where the route has a failure shape of its own; `error` is the
   * text to put into it. Default: a problem `outcome_unknown`.
   */
  readonly whenUnknown?: (request: Request, error: string) => object;
}
