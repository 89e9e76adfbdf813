import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { SERVER_VERSION } from './config/server-version.js';
import { isJsonObject } from './core/json-rpc.js';

const DESCRIPTION = `Coding agents as a REST service on your own machine.

Authorize with an app token for \`/run\`, \`/sessions\`, \`/files\` and \`/v1\`, with the admin token for \`/admin\`.
Points in time are whole Unix seconds, durations whole milliseconds. Errors are RFC 9457 problem documents.`;

/** The OpenAPI 3.1 document of all routes. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('clawdforge')
    .setDescription(DESCRIPTION)
    .setVersion(SERVER_VERSION)
    .addTag('Run', 'One prompt, one answer.')
    .addTag('Sessions', 'Conversations with an agent.')
    .addTag('Turns', 'What is said in a session, and what comes of it.')
    .addTag('Events', 'Everything that happens in a session, in order, stored and live.')
    .addTag('Agents', 'What can be used here.')
    .addTag('Files', 'Files for agents to read.')
    .addTag('Anthropic', 'The Messages API over a coding agent; docs/compat.md says what is honoured.')
    .addTag('OpenAI', 'The Chat Completions API over a coding agent; docs/compat.md says what is honoured.')
    .addTag('Admin', 'Tokens, and what all apps did.')
    .addTag('Health', 'Whether the server is up and ready.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An app token (`cf_…`).' }, 'app')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The admin token.' }, 'admin')
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'x-api-key',
        description: 'An app token (`cf_…`), on `/v1` routes.',
      },
      'app_key',
    )
    .build();
  const document = SwaggerModule.createDocument(app, builder, {
    operationIdFactory: (controller, method) =>
      `${snakeCase(controller.replace(/Controller$/, ''))}_${method}`,
  });
  return withNullTypes(document) as OpenAPIObject;
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

/** OpenAPI 3.1 has no `nullable`: null is one of the types. The generator still writes the form of 3.0. */
function withNullTypes(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNullTypes);
  if (!isJsonObject(node)) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withNullTypes(value)]));
  if (copy.nullable !== true) return copy;
  delete copy.nullable;
  return { ...copy, type: [copy.type, 'null'] };
}
