import { Clock } from './clock.js';
import { DrainSwitch } from './drain.js';

it('lets work begin until the drain starts, then refuses it with a time to come back', () => {
  const drain = new DrainSwitch();
  drain.assertOpen();
  expect(drain.isDraining).toBe(false);
  drain.start();
  expect(drain.isDraining).toBe(true);
  const refusal = { code: 'draining', retryable: true, retryAfterSecs: 5 };
  expect(() => drain.assertOpen()).toThrow(expect.objectContaining(refusal));
});

it('tells wall time, and durations by a clock that does not step back', () => {
  const clock = new Clock();
  expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000);
  expect(clock.monotonicMs()).toBeLessThanOrEqual(clock.monotonicMs());
});
