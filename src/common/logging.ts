import type { IncomingMessage } from 'node:http';
import type { Params } from 'nestjs-pino';
import pino from 'pino';
import type { AppConfig } from '../config/app-config.js';
import { secretsOf } from '../config/secrets.js';
import { redact } from '../core/redaction.js';

/**
 * The settings of the log: JSON lines on stdout, one for each request, the request id in all of them. Of requests only method
 * and path are written, of errors no more than they say; and every line passes the redaction on its way out.
 */
export function loggingParams(config: AppConfig): Params {
  const secrets = secretsOf(config);
  const stdout = pino.destination({ fd: 1, sync: true });
  const destination = { write: (line: string): void => void stdout.write(redact(line, secrets)) };
  return {
    pinoHttp: [
      {
        level: config.logLevel,
        base: undefined,
        timestamp: pino.stdTimeFunctions.isoTime,
        // The client-address middleware, which runs before, has given each request its id.
        genReqId: (request: IncomingMessage) => (request as { id?: string }).id ?? '',
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
