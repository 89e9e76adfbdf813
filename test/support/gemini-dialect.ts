import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './model-reply.js';
import type { ContentBlock, ModelRequest } from './model-request.js';
import { inputTokens } from './model-stream.js';

/** The parts of a request to Gemini's API that the fake looks at. */
interface GeminiRequest {
  contents?: { role?: string; parts?: GeminiPart[] }[];
  systemInstruction?: { parts?: GeminiPart[] };
  tools?: { functionDeclarations?: { name: string }[] }[];
}

interface GeminiPart {
  text?: string;
  functionCall?: { name: string; args?: object };
  functionResponse?: { response?: { output?: string; error?: string } };
}

type Answer = Extract<Reply, { kind: 'text' | 'tool' }>;

/** What is asked by a call of Gemini's API: `generateContent`, `streamGenerateContent`; undefined for other paths. */
export function geminiCall(pathname: string): { model: string; method: string } | undefined {
  const found = /^\/v1(?:beta)?\/models\/([^/:]+):(\w+)$/.exec(pathname);
  return found === null ? undefined : { model: found[1] ?? '', method: found[2] ?? '' };
}

/** The same request as the Messages API would have it, so that one set of answers serves both. */
export function fromGemini(model: string, body: string, stream: boolean): ModelRequest {
  const { contents = [], systemInstruction, tools = [] } = JSON.parse(body) as GeminiRequest;
  return {
    model,
    stream,
    system: (systemInstruction?.parts ?? []).map(blockOf),
    tools: tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations),
    messages: contents.map(({ role, parts = [] }) => ({
      role: role === 'model' ? 'assistant' : 'user',
      content: parts.map(blockOf),
    })),
  };
}

/** The answer in one piece, for a call that does not stream. */
export function geminiAnswer(reply: Answer): object {
  return chunkOf(partsOf(reply), 'STOP');
}

export async function streamGemini(response: ServerResponse, reply: Answer): Promise<void> {
  const delayMs = reply.kind === 'text' ? (reply.delayMs ?? 0) : 0;
  const parts = partsOf(reply);
  openStream(response);
  for (const [position, part] of parts.entries()) {
    if (position > 0 && delayMs > 0) await delay(delayMs);
    if (response.destroyed) return;
    send(response, chunkOf([part], position === parts.length - 1 ? 'STOP' : undefined));
  }
  response.end();
}

/** The beginning of an answer, after which the connection is gone without a word. */
export function streamHalfGemini(response: ServerResponse): void {
  openStream(response);
  response.write(eventText(chunkOf([{ text: 'half of an' }])), () => response.destroy());
}

export function geminiError(status: number, message: string): object {
  return {
    error: { code: status, message, status: status === 401 ? 'UNAUTHENTICATED' : 'INVALID_ARGUMENT' },
  };
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

function blockOf({ text, functionCall, functionResponse }: GeminiPart): ContentBlock {
  if (functionCall !== undefined) return { type: 'tool_use', name: functionCall.name };
  if (functionResponse === undefined) return { type: 'text', text: text ?? '' };
  const { output, error } = functionResponse.response ?? {};
  return { type: 'tool_result', content: output ?? error ?? '' };
}

function partsOf(reply: Answer): GeminiPart[] {
  return reply.kind === 'text'
    ? reply.chunks.map((text) => ({ text }))
    : [{ functionCall: { name: reply.name, args: reply.input } }];
}

function chunkOf(parts: readonly GeminiPart[], finishReason?: string): object {
  const candidate = { content: { role: 'model', parts }, index: 0 };
  return {
    candidates: [finishReason === undefined ? candidate : { ...candidate, finishReason }],
    usageMetadata: {
      promptTokenCount: inputTokens,
      candidatesTokenCount: parts.length,
      totalTokenCount: inputTokens + parts.length,
    },
  };
}

function send(response: ServerResponse, chunk: object): void {
  response.write(eventText(chunk));
}

function eventText(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\r\n\r\n`;
}
