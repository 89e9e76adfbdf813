/** A promise that rejects with the signal's reason once it is aborted; `dispose` ends its listening. */
export function untilAborted(signal: AbortSignal): { rejection: Promise<never>; dispose: () => void } {
  let onAbort: () => void = () => undefined;
  const rejection = new Promise<never>((_resolve, reject) => {
    // The reason is an error of whoever aborted; it goes on as it is.
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  // It may be aborted while nobody waits.
  rejection.catch(() => undefined);
  return { rejection, dispose: () => signal.removeEventListener('abort', onAbort) };
}

/** Waits `ms` milliseconds, or until `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
