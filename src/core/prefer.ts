const MAX_WAIT_SECS = 600;

/** The seconds of `wait=N` in a `Prefer` header (RFC 7240), at most 600; undefined when it asks for none. */
export function preferredWaitSecs(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECS);
}
