import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { ClaudeCodeModule } from '../claude-code/claude-code.module.js';
import { ErrorShapes } from '../common/error-shapes.js';
import { RunModule } from '../run/run.module.js';
import { MessagesController } from './anthropic/messages.controller.js';
import { CompletionsService } from './completions/completions.service.js';
import { CompletionResponder } from './http/completion-responder.js';
import { DIALECT_ERRORS } from './http/dialect-errors.js';
import { ModelsController } from './models/models.controller.js';
import { ChatController } from './openai/chat.controller.js';

/** The routes of two well-known APIs over the Claude Code backend. */
@Module({
  imports: [AuditModule, ClaudeCodeModule, RunModule],
  controllers: [MessagesController, ChatController, ModelsController],
  providers: [CompletionsService, CompletionResponder],
  exports: [CompletionsService],
})
export class CompatModule {
  constructor(shapes: ErrorShapes) {
    shapes.register(DIALECT_ERRORS);
  }
}
