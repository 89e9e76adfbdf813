/** Unix milliseconds, as the ledger keeps them, to the whole Unix seconds of the v0.1/v0.2 routes. */
export function toUnixSecs(ms: number): number;
export function toUnixSecs(ms: number | null): number | null;
export function toUnixSecs(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000);
}
