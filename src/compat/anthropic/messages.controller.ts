import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { KeyHeaderRoute } from '../../common/access.js';
import { type AppCaller, Caller } from '../../common/caller.js';
import { requestContextOf } from '../../common/request-context.js';
import { ClientGone } from '../../idempotency/client-gone.js';
import { Idempotent } from '../../idempotency/idempotent.decorator.js';
import { CompletionResponder, ENGINE_HEADER } from '../http/completion-responder.js';
import { sendFault } from '../http/send-fault.js';
import { ANTHROPIC } from './anthropic-dialect.js';
import { ANTHROPIC_ERROR, MESSAGE, MESSAGES_BODY } from './messages-openapi.js';
import { readMessagesRequest } from './messages-request.js';

const VERSION_HEADER = { name: 'anthropic-version', required: false, description: 'Taken as it comes.' };

@ApiTags('Anthropic')
@KeyHeaderRoute()
@Controller('v1/messages')
export class MessagesController {
  constructor(private readonly responder: CompletionResponder) {}

  @Post()
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({
    summary: 'Answers a message history.',
    description:
      'The agent works until it is done; one that goes on where an earlier answer ended continues its live session. With ' +
      '`stream` the events of the Messages API. Parameters that are not honoured stand in `x-clawdforge-ignored`.',
  })
  @ApiHeader(VERSION_HEADER)
  @ApiHeader(ENGINE_HEADER)
  @ApiBody({ schema: MESSAGES_BODY })
  @ApiOkResponse({
    description: 'The answer.',
    content: { 'application/json': { schema: MESSAGE }, 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({
    status: '4XX',
    description: 'The request, or the model API, says no.',
    schema: ANTHROPIC_ERROR,
  })
  @ApiResponse({ status: '5XX', description: 'No answer could be had.', schema: ANTHROPIC_ERROR })
  async create(
    @Caller() app: AppCaller,
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @ClientGone() gone: AbortSignal,
  ): Promise<object | undefined> {
    const asked = { caller: app, asked: readMessagesRequest(body), dialect: ANTHROPIC, gone };
    return this.responder.respond({ request, response }, asked);
  }

  @Post('count_tokens')
  @ApiOperation({
    summary: 'Not offered.',
    description:
      'What the agent sends to its model is more than the messages, and nothing here can count it.',
  })
  @ApiResponse({ status: 501, description: 'Always.', schema: ANTHROPIC_ERROR })
  countTokens(@Req() request: Request, @Res() response: Response): void {
    const fault = {
      kind: 'api',
      status: 501,
      message: 'tokens cannot be counted here: the agent sends its model more than these messages',
      field: null,
      retryAfterSecs: undefined,
      mayRetry: false,
    } as const;
    sendFault(response, fault, ANTHROPIC, requestContextOf(request).requestId);
  }
}
