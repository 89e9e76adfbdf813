import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { problemOf, STATUS_OF } from '../common/problem.js';
import { requestContextOf } from '../common/request-context.js';
import { GatewayError } from '../core/errors.js';
import { IdempotencyService } from './idempotency.service.js';
import { type IdempotentOptions, OPTIONS_METADATA, UNKNOWN_OUTCOME } from './idempotent-options.js';
import { answerFrom, applyAnswer, isKeptStatus, type KeptAnswer } from './kept-answer.js';
import { keyedRequestOf } from './keyed-request.js';

/**
 * Answers keyed requests. It runs after the body was read and before it is validated, so that what the pipes refuse passes through here
 * and leaves the key free. A request without a key goes straight on.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly requests: IdempotencyService,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const keyed = keyedRequestOf(request);
    if (keyed === undefined) return next.handle();
    const { requestId } = requestContextOf(request);
    const outcome = await this.requests.once(keyed, () => answerOf(next, response, requestId));
    if (outcome.kind === 'unknown') return of(this.unknownAnswer(context, request, response));
    if (outcome.kind === 'replayed') {
      applyAnswer(response, outcome.answer);
      response.setHeader('idempotent-replayed', 'true');
    }
    return of(outcome.answer.body);
  }

  private unknownAnswer(context: ExecutionContext, request: Request, response: Response): object {
    const options = this.reflector.get<IdempotentOptions>(OPTIONS_METADATA, context.getHandler());
    if (options.whenUnknown === undefined) throw new GatewayError('outcome_unknown', UNKNOWN_OUTCOME);
    response.status(502);
    return options.whenUnknown(request, UNKNOWN_OUTCOME);
  }
}

/** Runs the handler, and writes what it gives as it will be sent; an error of a kept status becomes its problem document. */
async function answerOf(next: CallHandler, response: Response, requestId: string): Promise<KeptAnswer> {
  try {
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    response.type('application/json');
    return answerFrom(response, response.statusCode, JSON.stringify(value ?? null));
  } catch (error) {
    if (!(error instanceof GatewayError) || !isKeptStatus(STATUS_OF[error.code])) throw error;
    const problem = problemOf(error, requestId);
    response.status(problem.status).type('application/problem+json');
    return answerFrom(response, problem.status, JSON.stringify(problem));
  }
}
