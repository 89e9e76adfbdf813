import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayError } from '../core/errors.js';
import { ErrorShapes } from './error-shapes.js';
import { requestContextOf } from './request-context.js';

/** Turns whatever a route throws into a problem document, or the error of its dialect. What is not ours becomes `internal`, with the cause in the log only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly shapes: ErrorShapes) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const { requestId } = requestContextOf(request);
    const known = asGatewayError(error);
    if (known.code === 'internal' || known.code === 'storage_unavailable') {
      this.logger.error({ err: known.cause ?? error }, `request failed: ${known.code}`);
    }
    this.shapes.send(request, response, known, requestId);
  }
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof HttpException && error.getStatus() === 404) {
    return new GatewayError('not_found', 'there is no such route');
  }
  if (isUriError(error)) return new GatewayError('not_found', 'there is no such route');
  return new GatewayError('internal', 'something went wrong in the server; the log has the request id', {
    cause: error,
  });
}

/** Express cannot decode a path such as `/sessions/%ff`: such a thing does not exist. */
function isUriError(error: unknown): boolean {
  return error instanceof URIError || (error instanceof HttpException && error.getStatus() === 400);
}
