import type { Request } from 'express';
import { callerOf } from '../common/caller.js';
import { bodyFingerprint } from '../core/body-fingerprint.js';
import { invalidFields } from '../core/errors.js';

export const KEY_HEADER = 'Idempotency-Key';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** A request that its app marked with a key. Two apps, two routes or two sessions with equal keys never meet. */
export interface KeyedRequest {
  readonly appName: string;
  readonly method: string;
  /** With the values of its parameters, however the client spelled it. */
  readonly path: string;
  readonly key: string;
  readonly bodySha256: string;
}

/** Whether the client may come back for the answer: then its going away means nothing. */
export function hasIdempotencyKey(request: Request): boolean {
  return request.headers['idempotency-key'] !== undefined;
}

/**
 * Reads a keyed request, its body parsed already; undefined when it has no key.
 * @throws GatewayError `validation_failed` on a key that is none, on a stream, or on a body nested too deep.
 */
export function keyedRequestOf(request: Request): KeyedRequest | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !VISIBLE_ASCII.test(key)) {
    throw invalidFields([{ field: KEY_HEADER, message: 'takes 1-255 visible ASCII characters, sent once' }]);
  }
  if (request.headers.accept?.includes('text/event-stream') === true) {
    throw invalidFields([
      {
        field: KEY_HEADER,
        message: 'cannot be used with Accept: text/event-stream; a stream is resumed, not sent again',
      },
    ]);
  }
  const bodySha256 = bodyFingerprint(request.body);
  if (bodySha256 === undefined) throw invalidFields([{ field: 'body', message: 'is nested too deep' }]);
  const caller = callerOf(request);
  if (caller === undefined) throw new Error('an idempotent route has no app caller');
  return { appName: caller.appName, method: request.method, path: pathOf(request), key, bodySha256 };
}

/** One spelling for each path: the router also takes others, with a slash at the end or in capitals. */
function pathOf(request: Request): string {
  const route = request.route as { path?: unknown } | undefined;
  if (typeof route?.path !== 'string') return request.path;
  return route.path.replace(/:(\w+)/g, (_, name: string) => String(request.params[name]));
}
