import { isJsonObject, type JsonObject } from '../core/json-rpc.js';
import { invalidParams } from './params.js';

/** A prompt as this agent sees it. */
export interface PromptContent {
  /** Every block in order, those that are no text by a name in brackets. */
  readonly rendered: string;
  /** The text blocks alone: where a directive is looked for. */
  readonly text: string;
}

export interface DirectiveCall {
  readonly name: string;
  /** What follows the name on the first line, trimmed. */
  readonly argument: string;
}

/** @throws RpcError (-32602) when the prompt is no list of content blocks. */
export function readPrompt(prompt: unknown): PromptContent {
  if (!Array.isArray(prompt) || prompt.length === 0)
    throw invalidParams('prompt must be a list of content blocks');
  const rendered: string[] = [];
  const texts: string[] = [];
  for (const block of prompt as unknown[]) {
    if (!isJsonObject(block)) throw invalidParams('a content block must be an object');
    rendered.push(renderBlock(block));
    if (block.type === 'text') texts.push(String(block.text));
  }
  return { rendered: rendered.join('\n'), text: texts.join('\n') };
}

function renderBlock(block: JsonObject): string {
  switch (block.type) {
    case 'text':
      if (typeof block.text !== 'string') throw invalidParams('a text block must have a text');
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type} ${named(block.mimeType)}]`;
    case 'resource_link':
      return `[resource_link ${named(block.uri)}]`;
    case 'resource':
      return `[resource ${named(isJsonObject(block.resource) ? block.resource.uri : undefined)}]`;
    default:
      throw invalidParams(`content blocks of type ${named(block.type)} are not known`);
  }
}

function named(value: unknown): string {
  return typeof value === 'string' ? value : 'without a name';
}

/**
 * The directive on the first line of a prompt, after a header of attached files (`[Attached files…`, lines of
 * `  - PATH`, a blank line) if there is one.
 */
export function findDirective(text: string): DirectiveCall | undefined {
  const lines = text.split('\n', MAX_HEADER_LINES);
  let first = 0;
  if (lines[0]?.startsWith('[Attached files') === true) {
    first = 1;
    while (lines[first]?.startsWith('  - ') === true) first += 1;
    if (lines[first]?.trim() === '') first += 1;
  }
  const match = /^\/([a-z][a-z-]*)(?:\s+(.*))?$/.exec(lines[first]?.trimEnd() ?? '');
  const name = match?.[1];
  return name === undefined ? undefined : { name, argument: match?.[2]?.trim() ?? '' };
}

/** Bounds the work on a huge prompt; no header of attached files is that long. */
const MAX_HEADER_LINES = 10_000;
