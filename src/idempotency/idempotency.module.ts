import { Global, Module } from '@nestjs/common';
import { IdempotencyLedger } from './idempotency-ledger.js';
import { IdempotencyService } from './idempotency.service.js';

/** Global, so that `@Idempotent()` on a handler is all that a room needs. */
@Global()
@Module({ providers: [IdempotencyLedger, IdempotencyService], exports: [IdempotencyService] })
export class IdempotencyModule {}
