import type { PromptItem, PromptOptions } from './acpx-runner.js';

/**
 * A turn as `AcpxRunner.prompt` returns it: nothing runs before it is iterated, and leaving the iteration aborts the
 * signal that `run` gets. A generator alone would let `return` wait behind a `next` that hangs with the agent.
 */
export function leavableTurn(
  options: PromptOptions,
  run: (options: PromptOptions) => AsyncGenerator<PromptItem, void>,
): AsyncIterable<PromptItem> {
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController();
      const items = run({ ...options, signal: AbortSignal.any([options.signal, left.signal]) });
      return {
        next: () => items.next(),
        return: () => {
          left.abort();
          return items.return();
        },
      };
    },
  };
}
