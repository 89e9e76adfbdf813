import type { JsonObject } from '../../core/json-rpc.js';
import { parseMessage } from '../../core/json-rpc.js';
import type { ExitStatus } from '../../processes/process-types.js';
import type { SupervisedProcess } from '../../processes/supervised-process.js';

const MAX_KEPT_TEXT = 64 * 1024;

/** How one short acpx command ended. */
export interface CommandOutcome {
  /** Null when it did not end in time (or was aborted) and was stopped. */
  readonly exit: ExitStatus | null;
  /** The last JSON object that it printed. */
  readonly answer: JsonObject | undefined;
  /** The end of what it printed to stdout. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Waits for a command that prints little, such as `sessions new`. It is stopped after `timeoutMs` milliseconds or at
 * once when `signal` is aborted, and is reaped when this resolves.
 * @throws never
 */
export async function finishCommand(
  process: SupervisedProcess,
  timeoutMs: number,
  killGraceMs: number,
  signal?: AbortSignal,
): Promise<CommandOutcome> {
  let answer: JsonObject | undefined;
  let stdout = '';
  const stopped = new AbortController();
  const stop = (graceMs: number): void => {
    stopped.abort();
    void process.stop(graceMs);
  };
  const onAbort = (): void => stop(0);
  const timer = setTimeout(() => stop(killGraceMs), timeoutMs);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const line of process.lines) {
      if (line.kind === 'overflow') continue;
      stdout = `${stdout}${line.text}\n`.slice(-MAX_KEPT_TEXT);
      answer = parseMessage(line.text)?.value ?? answer;
    }
    const exit = await process.exited;
    return { exit: stopped.signal.aborted ? null : exit, answer, stdout, stderr: process.stderrTail() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
