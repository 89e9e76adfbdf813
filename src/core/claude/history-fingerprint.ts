import { createHash } from 'node:crypto';
import { blocksOf, type ChatMessage, type ContentBlock } from './chat-message.js';

/** What besides the history decides whether a live session can answer: a difference in any of them is another session. */
export interface FingerprintScope {
  readonly app: string;
  readonly engine: string;
  readonly cwd: string;
  readonly model: string | null;
  readonly system: string | null;
  readonly allowedTools: readonly string[];
  readonly disallowedTools: readonly string[];
  readonly permissionMode: string;
  readonly mcpServers: Readonly<Record<string, unknown>>;
}

/** The key under which a session that holds `history` waits for its continuation: SHA-256 in hex. */
export function fingerprintOf(scope: FingerprintScope, history: readonly ChatMessage[]): string {
  const { app, engine, cwd, model, system, allowedTools, disallowedTools, permissionMode, mcpServers } =
    scope;
  const fields = [app, engine, cwd, model, system, allowedTools, disallowedTools, permissionMode, mcpServers];
  return sha256(JSON.stringify([...fields.map(sortKeys), hashHistory(history)]));
}

/**
 * A hash of what a history says, SHA-256 in hex. String content and one text block, results with and without
 * `is_error: false`, and keys in another order are the same; so are neighbours of one role, joined or apart. Thinking
 * does not count, for clients may leave it out of what they send back.
 */
export function hashHistory(history: readonly ChatMessage[]): string {
  return sha256(JSON.stringify(canonicalHistory(history)));
}

type Canonical = readonly [role: string, blocks: unknown[]];

function canonicalHistory(history: readonly ChatMessage[]): Canonical[] {
  const turns: Canonical[] = [];
  for (const { role, content } of history) {
    const blocks = canonicalBlocks(content);
    if (blocks.length === 0) continue;
    const previous = turns.at(-1);
    if (previous?.[0] === role) previous[1].push(...blocks);
    else turns.push([role, blocks]);
  }
  return turns;
}

function canonicalBlocks(content: string | readonly ContentBlock[]): unknown[] {
  return blocksOf(content).flatMap((block): unknown[] => {
    switch (block.type) {
      case 'text':
        return block.text === '' ? [] : [['text', block.text]];
      case 'thinking':
        return [];
      case 'tool_use':
        return [['tool_use', block.id, block.name, sortKeys(block.input)]];
      case 'tool_result': {
        // Clients may leave the content of an empty result out, whatever the type says.
        const result = (block.content as typeof block.content | null | undefined) ?? [];
        return [['tool_result', block.tool_use_id, canonicalBlocks(result), block.is_error === true]];
      }
      case 'image':
      case 'document':
        return [[block.type, sortKeys(block.source)]];
    }
  });
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // Pairs and not an object, for an object would put keys that look like numbers first.
  return { object: entries.map(([key, inner]) => [key, sortKeys(inner)]) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
