import { SessionPool } from './session-pool.js';

describe('SessionPool', () => {
  const a = { name: 'a' };
  const b = { name: 'b' };
  let pool: SessionPool<object>;

  beforeEach(() => {
    pool = new SessionPool();
    pool.put(a, ['one', 'two'], 100);
    pool.put(b, ['one'], 200);
  });

  it('gives a session once, whatever key it is asked for by', () => {
    expect(pool.take('two')).toBe(a);
    expect(pool.take('two')).toBeUndefined();
    expect(pool.take('one')).toBe(b);
    expect(pool.take('one')).toBeUndefined();
    expect(pool.takeOldest()).toBeUndefined();
  });

  it('gives the one that came last, of two under one key', () => {
    expect(pool.take('one')).toBe(b);
  });

  it('takes out what has waited longest, or for too long', () => {
    expect(pool.takeOlderThan(200)).toEqual([a]);
    expect(pool.takeOldest()).toBe(b);
    expect(pool.takeOldest()).toBeUndefined();
  });

  it('counts a session that was used again as new', () => {
    pool.take('two');
    pool.put(a, ['three'], 300);
    expect(pool.takeOldest()).toBe(b);
    expect(pool.takeOldest()).toBe(a);
  });

  it('says whether it had what is removed', () => {
    expect([pool.remove(a), pool.remove(a)]).toEqual([true, false]);
  });
});
