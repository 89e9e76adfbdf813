import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JsonBodyGuard } from '../common/json-body.guard.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AuthGuard } from './auth.guard.js';
import { ClientAddressMiddleware } from './client-address.middleware.js';

@Module({
  imports: [TokensModule],
  // Guards run in this order: a body is read only for a caller who may send one.
  providers: [
    ClientAddressMiddleware,
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_GUARD, useClass: JsonBodyGuard },
  ],
  exports: [ClientAddressMiddleware],
})
export class AuthModule {}
