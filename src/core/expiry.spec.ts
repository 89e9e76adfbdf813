import { closeBeforeMs, deleteBeforeMs, isDueToClose } from './expiry.js';
import { toUnixSecs } from './time.js';

const NOW_MS = 1_763_700_000_000;
const idle = { idleSinceMs: NOW_MS - 60_001, closedAtMs: null, pendingTurns: 0 };

it.each([
  ['idle for longer than the limit', {}, true],
  ['idle for exactly the limit', { idleSinceMs: NOW_MS - 60_000 }, false],
  ['with a turn queued or running', { pendingTurns: 1 }, false],
  ['closed', { closedAtMs: NOW_MS - 70_000 }, false],
  ['idle since a time to come, after the clock stepped back', { idleSinceMs: NOW_MS + 1 }, false],
])('closes a session %s: %s', (_, change, expected) => {
  expect(isDueToClose({ ...idle, ...change }, NOW_MS, 60)).toBe(expected);
});

it('gives the points in time before which sessions are due', () => {
  expect(closeBeforeMs(NOW_MS, 60)).toBe(NOW_MS - 60_000);
  expect(deleteBeforeMs(NOW_MS, 3600)).toBe(NOW_MS - 3_600_000);
});

it('tells times in whole seconds, and unknown ones as null', () => {
  expect(toUnixSecs(1999)).toBe(1);
  expect(toUnixSecs(null)).toBeNull();
});
