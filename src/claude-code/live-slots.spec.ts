import { LiveSlots } from './live-slots.js';

const never = new AbortController().signal;

describe('LiveSlots', () => {
  it('admits in the order of arrival', async () => {
    const slots = new LiveSlots(1);
    const admitted: number[] = [];
    await slots.acquire(never);
    const waiting = [1, 2].map((who) => slots.acquire(never).then(() => admitted.push(who)));
    expect(slots.waiting).toBe(2);
    slots.release();
    await waiting[0];
    slots.release();
    await waiting[1];
    expect(admitted).toEqual([1, 2]);
    slots.release();
    expect(slots.isFree).toBe(true);
  });

  it('lets go of one who leaves', async () => {
    const slots = new LiveSlots(1);
    await slots.acquire(never);
    const leaver = new AbortController();
    const waiting = slots.acquire(leaver.signal);
    leaver.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(slots.waiting).toBe(0);
    await expect(slots.acquire(leaver.signal)).rejects.toThrow('left');
  });

  it('refuses when too many wait', async () => {
    const slots = new LiveSlots(1);
    await slots.acquire(never);
    const leaver = new AbortController();
    const waiting = Array.from({ length: 64 }, () => slots.acquire(leaver.signal).catch(() => undefined));
    await expect(slots.acquire(never)).rejects.toMatchObject({ code: 'queue_full', retryable: true });
    leaver.abort();
    await Promise.all(waiting);
  });
});
