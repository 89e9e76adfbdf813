import type { Response } from 'express';

/** An answer as it goes over the wire, to be sent again byte for byte. */
export interface KeptAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The outcomes of work that was done. All others leave nothing behind, so the same request may be tried anew. */
const KEPT_STATUSES: ReadonlySet<number> = new Set([200, 202, 502, 504]);

/** Headers that belong to the answer itself; all others are of the one request or are made anew. */
const KEPT_HEADERS = [
  'content-type',
  'location',
  'preference-applied',
  'x-clawdforge-ignored',
  'x-should-retry',
] as const;

export function isKeptStatus(status: number): boolean {
  return KEPT_STATUSES.has(status);
}

/** What a handler has put into the response so far, with the body that it is about to send. */
export function answerFrom(response: Response, status: number, body: string): KeptAnswer {
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = response.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status, headers, body };
}

/** Puts status and headers of an answer into a response; the body is Nest's to send. */
export function applyAnswer(response: Response, answer: KeptAnswer): void {
  response.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
}
