import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AdminTokenService } from './admin-token.service.js';
import { TokensController } from './tokens.controller.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [AuditModule],
  controllers: [TokensController],
  providers: [TokensService, AdminTokenService],
  exports: [TokensService, AdminTokenService],
})
export class TokensModule {}
