import { ReadCache } from './read-cache.js';

describe('ReadCache', () => {
  const ledger = { version: 1 };
  let queries: number;
  let cache: ReadCache<number>;
  const read = (key: string) => cache.read(key, () => Promise.resolve(++queries));

  beforeEach(() => {
    queries = 0;
    cache = new ReadCache(ledger, 2);
  });

  it('asks again only after a commit', async () => {
    expect([await read('a'), await read('a')]).toEqual([1, 1]);
    ledger.version += 1;
    expect(await read('a')).toBe(2);
  });

  it('keeps as many answers as it may, the newest', async () => {
    await read('a');
    await read('b');
    await read('c');
    expect([await read('b'), await read('a')]).toEqual([2, 4]);
  });

  it('keeps no failure', async () => {
    await expect(cache.read('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await read('a')).toBe(1);
  });
});
