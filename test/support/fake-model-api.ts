import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  fromGemini,
  geminiAnswer,
  geminiCall,
  geminiError,
  streamGemini,
  streamHalfGemini,
} from './gemini-dialect.js';
import { defaultReply, type Reply, type Responder } from './model-reply.js';
import { isSideCall, type ModelRequest } from './model-request.js';
import { inputTokens, messageOf, streamHalf, streamMessage } from './model-stream.js';

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/**
 * A model provider on loopback: the part of the Messages API that coding agents use, and of Gemini's, with answers that a
 * test decides. What it was asked is kept in `requests`; calls to anything else in `otherCalls`.
 */
export class FakeModelApi {
  respond: Responder = defaultReply;
  readonly requests: ModelRequest[] = [];
  readonly requestHeaders: IncomingMessage['headers'][] = [];
  readonly otherCalls: string[] = [];
  private readonly server: Server = createServer((request, response) => {
    this.answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  private count = 0;

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The requests of conversations, without the agent's own calls for titles and the like. */
  get conversationRequests(): ModelRequest[] {
    return this.requests.filter((request) => !isSideCall(request));
  }

  /** Back to the default answers and an empty record, between tests. */
  reset(): void {
    this.respond = defaultReply;
    this.requests.length = 0;
    this.requestHeaders.length = 0;
    this.otherCalls.length = 0;
  }

  /** Ends open answers too, hanging ones included. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { pathname } = new URL(request.url ?? '/', 'http://fake');
    if (request.method === 'POST' && pathname === '/v1/messages') {
      const parsed = JSON.parse(body) as ModelRequest;
      this.requests.push(parsed);
      this.requestHeaders.push(request.headers);
      await this.reply(parsed, this.respond(parsed), response);
      return;
    }
    if (request.method === 'POST' && pathname === '/v1/messages/count_tokens') {
      sendJson(response, 200, { input_tokens: inputTokens });
      return;
    }
    const gemini = request.method === 'POST' ? geminiCall(pathname) : undefined;
    if (gemini?.method.endsWith('enerateContent') === true) {
      const isStream = gemini.method === 'streamGenerateContent';
      const parsed = fromGemini(gemini.model, body, isStream);
      this.requests.push(parsed);
      this.requestHeaders.push(request.headers);
      await replyInGemini(parsed, this.respond(parsed), response);
      return;
    }
    this.otherCalls.push(`${request.method ?? ''} ${pathname}`);
    const isProbe = request.method === 'HEAD' || pathname === '/';
    if (isProbe) sendJson(response, 200, {});
    else sendError(response, 404, `no such path: ${pathname}`);
  }

  private async reply(request: ModelRequest, reply: Reply, response: ServerResponse): Promise<void> {
    this.count += 1;
    const id = `fake${String(this.count).padStart(6, '0')}`;
    response.setHeader('request-id', `req_${id}`);
    if (!isSpoken(reply)) failToSpeak(reply, response);
    else if (reply.kind === 'half') streamHalf(response, id, request);
    else if (reply.kind === 'error')
      sendError(response, reply.status, reply.message ?? `asked for ${reply.status}`);
    else if (request.stream === true) await streamMessage(response, id, request, reply);
    else sendJson(response, 200, messageOf(id, request, reply));
  }
}

/** Replies in no dialect. */
type Unspoken = Extract<Reply, { kind: 'hang' | 'drop' | 'garbage' }>;

function isSpoken(reply: Reply): reply is Exclude<Reply, Unspoken> {
  return reply.kind !== 'hang' && reply.kind !== 'drop' && reply.kind !== 'garbage';
}

function failToSpeak(reply: Unspoken, response: ServerResponse): void {
  if (reply.kind === 'drop') response.destroy();
  else if (reply.kind === 'garbage') {
    response.writeHead(200, { 'content-type': reply.contentType });
    response.end(reply.body);
  }
}

async function replyInGemini(request: ModelRequest, reply: Reply, response: ServerResponse): Promise<void> {
  if (!isSpoken(reply)) failToSpeak(reply, response);
  else if (reply.kind === 'half') streamHalfGemini(response);
  else if (reply.kind === 'error') {
    const message = reply.message ?? `asked for ${reply.status}`;
    sendJson(response, reply.status, geminiError(reply.status, message));
  } else if (request.stream === true) await streamGemini(response, reply);
  else sendJson(response, 200, geminiAnswer(reply));
}

function sendError(response: ServerResponse, status: number, message: string): void {
  const type = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  sendJson(response, status, { type: 'error', error: { type, message } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
