import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { HttpLogger } from 'pino-http';
import { ClientAddressMiddleware } from './auth/client-address.middleware.js';
import { REQUEST_LOG } from './common/logging.js';
import { StartLogger } from './common/start-logger.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { openApiDocument } from './openapi-document.js';

/** Nest's options for the application: bodies are read after the guards, and logs wait for the logger. */
export const APPLICATION_OPTIONS = { bodyParser: false, bufferLogs: true } as const;

/** Puts in place what stands before the routes; the same for the server and for its tests. */
export function configureApp(app: NestExpressApplication): void {
  app.useLogger(app.get(StartLogger));
  app.disable('x-powered-by');
  app.disable('etag');
  // Before all else, so that refused requests count and are logged, too.
  app.use(app.get(RequestMetrics).handle);
  app.use(app.get<HttpLogger>(REQUEST_LOG));
  app.use(app.get(ClientAddressMiddleware).handle);
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'clawdforge',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
