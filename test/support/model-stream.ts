import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './model-reply.js';
import type { ModelRequest } from './model-request.js';

type Answer = Extract<Reply, { kind: 'text' | 'tool' }>;

/** Fixed, so that a test can compare the usage an agent reports with what the model said. */
export const inputTokens = 11;

/** The whole answer as one message, for a request without `stream`. */
export function messageOf(id: string, request: ModelRequest, reply: Answer): Record<string, unknown> {
  const block =
    reply.kind === 'text'
      ? { type: 'text', text: reply.chunks.join('') }
      : { type: 'tool_use', id: `toolu_${id}`, name: reply.name, input: reply.input };
  return {
    ...emptyMessage(id, request),
    content: [block],
    ...ending(reply),
    usage: usageOf(outputTokens(reply), reply.inputTokens),
  };
}

/** The answer as server-sent events, in the order the Messages API sends them. */
export async function streamMessage(
  response: ServerResponse,
  id: string,
  request: ModelRequest,
  reply: Answer,
): Promise<void> {
  openStream(response, id, request, reply.inputTokens);
  send(response, {
    type: 'content_block_start',
    index: 0,
    content_block:
      reply.kind === 'text'
        ? { type: 'text', text: '' }
        : { type: 'tool_use', id: `toolu_${id}`, name: reply.name, input: {} },
  });
  send(response, { type: 'ping' });
  for (const [position, delta] of deltasOf(reply).entries()) {
    if (position > 0 && reply.kind === 'text' && reply.delayMs) await delay(reply.delayMs);
    if (response.destroyed) return;
    send(response, { type: 'content_block_delta', index: 0, delta });
  }
  send(response, { type: 'content_block_stop', index: 0 });
  send(response, {
    type: 'message_delta',
    delta: ending(reply),
    usage: { output_tokens: outputTokens(reply) },
  });
  send(response, { type: 'message_stop' });
  response.end();
}

/** The beginning of an answer, after which the connection is gone without a word. */
export function streamHalf(response: ServerResponse, id: string, request: ModelRequest): void {
  openStream(response, id, request);
  send(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  const delta = { type: 'text_delta', text: 'half of an' };
  // Destroying at once would drop what is still in the socket's buffer.
  response.write(eventText({ type: 'content_block_delta', index: 0, delta }), () => response.destroy());
}

function openStream(response: ServerResponse, id: string, request: ModelRequest, input?: number): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  send(response, {
    type: 'message_start',
    message: { ...emptyMessage(id, request), usage: usageOf(1, input) },
  });
}

function deltasOf(reply: Answer): Record<string, unknown>[] {
  return reply.kind === 'text'
    ? reply.chunks.map((text) => ({ type: 'text_delta', text }))
    : [{ type: 'input_json_delta', partial_json: JSON.stringify(reply.input) }];
}

function ending(reply: Answer): Record<string, unknown> {
  return { stop_reason: reply.kind === 'text' ? 'end_turn' : 'tool_use', stop_sequence: null };
}

function emptyMessage(id: string, request: ModelRequest): Record<string, unknown> {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function usageOf(output: number, input = inputTokens): Record<string, number> {
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
}

function outputTokens(reply: Answer): number {
  return reply.kind === 'text' ? Math.max(1, reply.chunks.length) : 5;
}

function send(response: ServerResponse, event: { type: string; [key: string]: unknown }): void {
  response.write(eventText(event));
}

function eventText(event: { type: string; [key: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
