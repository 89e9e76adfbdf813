import { createHash } from 'node:crypto';

/** Arrays and objects within each other; far above what any request needs, far below what the stack holds. */
const MAX_DEPTH = 500;

/**
 * SHA-256, as hex, of a parsed JSON body. Equal JSON has equal fingerprints: neither white space nor the order of an
 * object's keys counts, since clients that build a body anew for a retry need not keep it.
 * @returns undefined when the body is nested more than 500 levels deep.
 */
export function bodyFingerprint(body: unknown): string | undefined {
  const text = canonicalJson(body, MAX_DEPTH);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

function canonicalJson(value: unknown, depthLeft: number): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depthLeft === 0) return undefined;
  const parts: string[] = [];
  const isList = Array.isArray(value);
  const entries = isList ? value.map((item: unknown) => ['', item] as const) : sortedEntries(value);
  for (const [key, item] of entries) {
    const text = canonicalJson(item, depthLeft - 1);
    if (text === undefined) return undefined;
    parts.push(isList ? text : `${JSON.stringify(key)}:${text}`);
  }
  return isList ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function sortedEntries(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
