import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AppCaller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { requestContextOf } from '../../common/request-context.js';
import { AppConfig } from '../../config/app-config.js';
import { secretsOf } from '../../config/secrets.js';
import { redact } from '../../core/redaction.js';
import { CompletionsService } from '../completions/completions.service.js';
import type { DialectRequest } from '../completions/completion-request.js';
import { apiFaultOf, isUnforeseen } from './api-fault.js';
import type { AnswerContext, Dialect } from './dialect.js';
import { IGNORED_HEADER, ignoredHeader } from './parameters.js';
import { sendFault } from './send-fault.js';
import { StreamedAnswer } from './streamed-answer.js';

/** Answers a request of a dialect, plain or as a stream; a client that goes away cancels its turn. */
@Injectable()
export class CompletionResponder {
  private readonly logger = new Logger(CompletionResponder.name);

  constructor(
    private readonly completions: CompletionsService,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  async respond(
    http: { request: Request; response: Response },
    caller: AppCaller,
    asked: DialectRequest,
    dialect: Dialect,
  ): Promise<void> {
    const { request, response } = http;
    const gone = new AbortController();
    response.on('error', () => undefined);
    response.once('close', () => gone.abort());
    const context = this.contextOf(asked, requestContextOf(request).requestId);
    response.setHeader('request-id', context.requestId);
    if (asked.ignored.length > 0) response.setHeader(IGNORED_HEADER, ignoredHeader(asked.ignored));

    const stream = asked.isStream ? new StreamedAnswer(response, dialect.frames(context)) : null;
    let text = '';
    try {
      for await (const step of this.completions.complete(caller, dialect.route, asked, gone.signal)) {
        // The turn is on its way to its end, which the ledger is told.
        if (gone.signal.aborted) continue;
        if (stream !== null) stream.take(step);
        else if (step.kind === 'text') text += step.text;
        else if (step.kind === 'end') response.status(200).json(dialect.answer(context, text, step));
      }
      if (!gone.signal.aborted) stream?.end();
    } catch (error) {
      if (gone.signal.aborted) return;
      if (isUnforeseen(error)) this.logger.error({ err: error }, 'a completion failed');
      const fault = apiFaultOf(error, (told) => redact(told, secretsOf(this.config)));
      if (stream?.fail(fault) !== true) sendFault(response, fault, dialect, context.requestId);
    }
  }

  private contextOf({ model, includeUsage }: DialectRequest, requestId: string): AnswerContext {
    return {
      id: randomUUID().replaceAll('-', ''),
      createdSecs: Math.floor(this.clock.nowMs() / 1000),
      model,
      requestId,
      includeUsage,
    };
  }
}
