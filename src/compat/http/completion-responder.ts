import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AppCaller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { requestContextOf } from '../../common/request-context.js';
import { AppConfig, CLAUDE_ENGINES, type ClaudeEngine } from '../../config/app-config.js';
import { secretsOf } from '../../config/secrets.js';
import { GatewayError, invalidFields } from '../../core/errors.js';
import { redact } from '../../core/redaction.js';
import { hasIdempotencyKey, KEY_HEADER } from '../../idempotency/keyed-request.js';
import { CompletionsService } from '../completions/completions.service.js';
import type { DialectRequest } from '../completions/completion-request.js';
import { apiFaultOf, isUnforeseen } from './api-fault.js';
import type { AnswerContext, Dialect } from './dialect.js';
import { IGNORED_HEADER, ignoredHeader } from './parameters.js';
import { putFault } from './send-fault.js';
import { StreamedAnswer } from './streamed-answer.js';

/** For the document of the API. */
export const ENGINE_HEADER = {
  name: 'x-clawdforge-engine',
  required: false,
  description: 'How claude is driven for this request; default: the setting.',
  enum: [...CLAUDE_ENGINES],
};

/** What is asked, by whom, and how they want it told. */
export interface Asked {
  readonly caller: AppCaller;
  readonly asked: DialectRequest;
  readonly dialect: Dialect;
  /** Aborted when the client goes away, which cancels its turn; see `ClientGone`. */
  readonly gone: AbortSignal;
}

/** Answers a request of a dialect, plain or as a stream. */
@Injectable()
export class CompletionResponder {
  private readonly logger = new Logger(CompletionResponder.name);

  constructor(
    private readonly completions: CompletionsService,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /**
   * Writes a stream, or returns the body of the answer, which may be an error's: status and headers are in the response then.
   * @throws GatewayError; `validation_failed` for a stream with an `Idempotency-Key`.
   */
  async respond(
    { request, response }: { request: Request; response: Response },
    { caller, asked, dialect, gone }: Asked,
  ): Promise<object | undefined> {
    if (asked.isStream) refuseKey(request);
    const engine = engineOf(request);
    response.on('error', () => undefined);
    const context = this.contextOf(asked, requestContextOf(request).requestId);
    response.setHeader('request-id', context.requestId);
    if (asked.ignored.length > 0) response.setHeader(IGNORED_HEADER, ignoredHeader(asked.ignored));

    const stream = asked.isStream ? new StreamedAnswer(response, dialect.frames(context)) : null;
    let text = '';
    let hasActed = false;
    let answer: object | undefined;
    try {
      for await (const step of this.completions.complete(caller, dialect.route, { ...asked, engine }, gone)) {
        // The turn is on its way to its end, which the ledger is told.
        if (gone.aborted) continue;
        hasActed ||= step.kind === 'tool';
        if (stream !== null) stream.take(step);
        else if (step.kind === 'text') text += step.text;
        else if (step.kind === 'end') answer = dialect.answer(context, text, step);
      }
      if (!gone.aborted) stream?.end();
      return answer;
    } catch (error) {
      if (gone.aborted) return undefined;
      const told = apiFaultOf(error, (message) => redact(message, secretsOf(this.config)));
      // What the agent did before it failed would be done twice.
      const fault = hasActed ? { ...told, mayRetry: false } : told;
      const isTold = stream?.fail(fault) === true;
      // The filter tells it in the dialect's shape, and a key is kept or freed by what was thrown.
      if (!isTold && !hasActed && error instanceof GatewayError) throw error;
      if (isUnforeseen(error)) this.logger.error({ err: error }, 'a completion failed');
      return isTold ? undefined : putFault(response, fault, dialect, context.requestId);
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

/** @throws GatewayError `validation_failed` for an engine that there is not. */
function engineOf(request: Request): ClaudeEngine | undefined {
  const asked = request.headers[ENGINE_HEADER.name];
  if (asked === undefined) return undefined;
  const engine = CLAUDE_ENGINES.find((known) => known === asked);
  if (engine !== undefined) return engine;
  throw invalidFields([{ field: ENGINE_HEADER.name, message: `must be ${CLAUDE_ENGINES.join(' or ')}` }]);
}

function refuseKey(request: Request): void {
  if (!hasIdempotencyKey(request)) return;
  const message = 'cannot be used with a stream, which is not sent again';
  throw invalidFields([{ field: KEY_HEADER, message }]);
}
