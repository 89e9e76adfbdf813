import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { KeyHeaderRoute } from '../../common/access.js';
import { type AppCaller, Caller } from '../../common/caller.js';
import { ClientGone } from '../../idempotency/client-gone.js';
import { Idempotent } from '../../idempotency/idempotent.decorator.js';
import { CompletionResponder, ENGINE_HEADER } from '../http/completion-responder.js';
import { CHAT_BODY, CHAT_COMPLETION, OPENAI_ERROR } from './chat-openapi.js';
import { readChatRequest } from './chat-request.js';
import { OPENAI } from './openai-dialect.js';

@ApiTags('OpenAI')
@KeyHeaderRoute()
@Controller('v1/chat/completions')
export class ChatController {
  constructor(private readonly responder: CompletionResponder) {}

  @Post()
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({
    summary: 'Answers a message history.',
    description:
      'The agent works until it is done; one that goes on where an earlier answer ended continues its live session. With ' +
      '`stream` chunks that end in `[DONE]`. Parameters that are not honoured stand in `x-clawdforge-ignored`.',
  })
  @ApiHeader(ENGINE_HEADER)
  @ApiBody({ schema: CHAT_BODY })
  @ApiOkResponse({
    description: 'The answer.',
    content: {
      'application/json': { schema: CHAT_COMPLETION },
      'text/event-stream': { schema: { type: 'string' } },
    },
  })
  @ApiResponse({
    status: '4XX',
    description: 'The request, or the model API, says no.',
    schema: OPENAI_ERROR,
  })
  @ApiResponse({ status: '5XX', description: 'No answer could be had.', schema: OPENAI_ERROR })
  async create(
    @Caller() app: AppCaller,
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @ClientGone() gone: AbortSignal,
  ): Promise<object | undefined> {
    const asked = { caller: app, asked: readChatRequest(body), dialect: OPENAI, gone };
    return this.responder.respond({ request, response }, asked);
  }
}
