import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'cf_';
const RANDOM_BYTES = 32;

/** A new bearer token: `cf_` and 256 random bits as base64url. */
export function newToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** SHA-256 as hex; a token of 256 random bits needs no salt and no slow hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares two hashes in constant time. */
export function sameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
