import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { ClaudeCodeModule } from '../claude-code/claude-code.module.js';
import { LiveTerminals } from './live-terminals.js';
import { LiveTerminalsController } from './live-terminals.controller.js';
import { TerminalsPageController } from './terminals-page.controller.js';

/** The terminals of the Claude Code backend for a person who watches and takes over. */
@Module({
  imports: [AuditModule, ClaudeCodeModule],
  controllers: [LiveTerminalsController, TerminalsPageController],
  providers: [LiveTerminals],
})
export class TerminalsModule {}
