import { GatewayError } from './errors.js';

/**
 * Opaque page cursors: the kind of list and the position of the last row read, as base64url JSON.
 * A cursor of another list, or one that was made up, is `invalid_cursor`.
 */
export function encodeCursor(list: string, position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString('base64url');
}

/** @throws GatewayError `invalid_cursor` when `cursor` does not come from `list` or has not the given shape. */
export function decodeCursor<T extends readonly ('string' | 'number')[]>(
  list: string,
  cursor: string,
  shape: T,
): { [K in keyof T]: T[K] extends 'string' ? string : number } {
  const parts = parse(cursor);
  const fits =
    Array.isArray(parts) &&
    parts.length === shape.length + 1 &&
    parts[0] === list &&
    shape.every((type, index) => typeof parts[index + 1] === type);
  if (!fits) {
    throw new GatewayError(
      'invalid_cursor',
      'after: not a cursor of this list; use the `next` of an earlier page',
    );
  }
  return parts.slice(1) as { [K in keyof T]: T[K] extends 'string' ? string : number };
}

/** A page of a list; `next` is the cursor behind it, null on the last one. */
export interface Page<T> {
  readonly rows: T[];
  readonly next: string | null;
}

/** Makes a page of at most `limit` of rows of which one more was read, to see whether there are more. */
export function pageOf<T>(
  list: string,
  rows: readonly T[],
  limit: number,
  positionOf: (row: T) => number,
): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > page.length;
  return { rows: page, next: hasMore && last !== undefined ? encodeCursor(list, [positionOf(last)]) : null };
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
