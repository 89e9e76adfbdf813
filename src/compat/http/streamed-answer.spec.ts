import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { ANTHROPIC } from '../anthropic/anthropic-dialect.js';
import { OPENAI } from '../openai/openai-dialect.js';
import { apiFaultOf } from './api-fault.js';
import type { Dialect } from './dialect.js';
import { StreamedAnswer } from './streamed-answer.js';

const context = { id: '1', createdSecs: 1, model: 'm', requestId: 'r', includeUsage: false };

describe('StreamedAnswer', () => {
  let server: Server;

  afterEach(() => new Promise((closed) => server.close(closed)));

  /** What a client reads of an answer that is silent for a while and then fails. */
  const readFailure = async (
    dialect: Dialect,
    silentMs: number,
  ): Promise<{ type: string | null; body: string }> => {
    server = createServer((_request, raw) => {
      // Express adds these two; nothing else of it is used.
      const response = Object.assign(raw, {
        status: () => response,
        set: (headers: Record<string, string>) => raw.setHeaders(new Map(Object.entries(headers))),
      }) as unknown as Response;
      const answer = new StreamedAnswer(response, dialect.frames(context), {
        openAfterMs: 20,
        aliveEveryMs: 20,
      });
      setTimeout(() => {
        if (!answer.fail(apiFaultOf(new Error('x')))) raw.end('not begun');
      }, silentMs);
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { type: answer.headers.get('content-type'), body: await answer.text() };
  };

  it('leaves an early failure to be an answer of its own', async () => {
    expect(await readFailure(ANTHROPIC, 0)).toEqual({ type: null, body: 'not begun' });
  });

  it('begins after a while without a word, says that it lives, and ends in the failure', async () => {
    const { type, body } = await readFailure(ANTHROPIC, 200);
    expect(type).toContain('text/event-stream');
    const events = [...body.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(events.slice(0, 3)).toEqual(['message_start', 'ping', 'ping']);
    expect(events.at(-1)).toBe('error');
    expect(body).toContain('"request_id":"r"');
  });

  it('does so in chunks, too, without a [DONE]', async () => {
    const { body } = await readFailure(OPENAI, 200);
    expect(body).toContain(': still at work');
    expect(body.trimEnd().split('\n\n').at(-1)).toContain('data: {"error":');
    expect(body).not.toContain('[DONE]');
  });
});
