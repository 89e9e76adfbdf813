import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `condition` holds, asking every 25 ms.
 * @throws after `withinMs` milliseconds, naming `what`.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(25);
  }
}
