import pino, { type DestinationStream } from 'pino';
import type { Options } from 'pino-http';
import type { AppConfig } from '../config/app-config.js';
import { secretsOf } from '../config/secrets.js';
import { redact } from '../core/redaction.js';
import { requestIdFor } from './request-context.js';

/** Injection token of the middleware that logs requests, and gives each its id. */
export const REQUEST_LOG = Symbol('request log');

/**
 * The settings of the log: JSON lines on stdout, one for each request, the request id in all of them. Of requests only method
 * and path are written, of errors no more than they say; and every line passes the redaction on its way out.
 */
export function loggingParams(config: AppConfig): { pinoHttp: [Options, DestinationStream] } {
  const secrets = secretsOf(config);
  const stdout = pino.destination({ fd: 1, sync: true });
  const destination = { write: (line: string): void => void stdout.write(redact(line, secrets)) };
  return {
    pinoHttp: [
      {
        level: config.logLevel,
        base: undefined,
        timestamp: pino.stdTimeFunctions.isoTime,
        genReqId: (request) => requestIdFor(request.headers['x-request-id']),
        // Ours describe everything themselves; wrapped they would get what pino has described already.
        wrapSerializers: false,
        quietReqLogger: true,
        customAttributeKeys: { reqId: 'request_id', responseTime: 'duration_ms' },
        customLogLevel: (_request, response, error) =>
          error !== undefined || response.statusCode >= 500 ? 'warn' : 'info',
        serializers: {
          req: (request: { method?: string; url?: string }) => ({
            method: request.method,
            path: request.url?.split('?', 1)[0],
          }),
          res: (response: { statusCode?: number }) => ({ status: response.statusCode }),
          err: describeError,
        },
      },
      destination,
    ],
  };
}

/** An error without the fields that drivers hang on it, such as a statement's parameters. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
