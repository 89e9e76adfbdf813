import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { type IdempotentOptions, OPTIONS_METADATA } from './idempotent-options.js';
import { KEY_HEADER } from './keyed-request.js';

/**
 * Makes a handler of an app route take an `Idempotency-Key`: the same request under the same key gets the same answer and is run once.
 * Add `IDEMPOTENCY_PROBLEMS` to the
 * route's `ApiProblems`, or only `idempotency_key_reused` with `whenUnknown`.
 */
export const Idempotent = (options: IdempotentOptions = {}): MethodDecorator =>
  applyDecorators(
    SetMetadata(OPTIONS_METADATA, options),
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: KEY_HEADER,
      required: false,
      description:
        'Makes the request safe to repeat for 24 hours: the same key and body get the same answer (200, 202, 502 and 504) with ' +
        '`Idempotent-Replayed: true`, and the work is done once. A request that the end of the server cut off is answered 502 and ' +
        'never run again. Not for streams.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    }),
  );
