import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { json, type Request, type Response } from 'express';
import { GatewayError } from '../core/errors.js';

export const MAX_BODY_BYTES = 10 * 1024 * 1024;

const parseJson = json({ limit: MAX_BODY_BYTES, strict: false, type: isJson });

/**
 * Reads JSON bodies after the other guards and before the pipes, so that nobody without a token makes us read one. It
 * admits whatever can be read; a guard and no interceptor, since those cost every request a chain of observables.
 */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!hasBody(request)) {
      // No body says as much as an empty object: every field has its default, or is missed by its name.
      request.body = {};
      return true;
    }
    if (isMultipart(request)) return true;
    if (!isJson(request)) {
      throw new GatewayError('unsupported_media_type', 'send the body as content-type: application/json');
    }
    return readJson(request, context.switchToHttp().getResponse<Response>());
  }
}

function readJson(request: Request, response: Response): Promise<true> {
  return new Promise((resolve, reject) => {
    parseJson(request, response, (error?: unknown) => {
      if (error === undefined) resolve(true);
      else reject(asGatewayError(error));
    });
  });
}

function hasBody(request: Request): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function isJson(request: { headers: Request['headers'] }): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers['content-type'] ?? '');
}

/** Uploads are read by their own route, as a stream. */
function isMultipart(request: Request): boolean {
  return /^multipart\//i.test(request.headers['content-type'] ?? '');
}

function asGatewayError(error: unknown): GatewayError {
  const kind = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  if (kind === 'entity.too.large') {
    return new GatewayError('payload_too_large', `the body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  if (kind === 'encoding.unsupported' || kind === 'charset.unsupported') {
    return new GatewayError('unsupported_media_type', 'send the body as UTF-8, plain or gzip', {
      cause: error,
    });
  }
  return new GatewayError('malformed_json', 'the body cannot be read as JSON', { cause: error });
}
