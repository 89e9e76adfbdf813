import path from 'node:path';
import { Column, DataSource, Entity, PrimaryColumn, type EntityManager } from 'typeorm';
import { useTempDir } from '../../test/support/temp-dir.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';

@Entity('gateway_state')
class StateEntity {
  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  value!: string;
}

const directory = useTempDir();
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), [StateEntity]);
});
afterEach(() => ledger.close());

const put = (manager: EntityManager, key: string, value = 'v') => manager.insert(StateEntity, { key, value });
const keys = async () =>
  (await ledger.read((manager) => manager.find(StateEntity, { order: { key: 'ASC' } }))).map(
    ({ key }) => key,
  );

/** A promise and the function that settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('writes', () => {
  it('lose nothing of a second one when the first rolls back', async () => {
    const first = ledger.write(async (manager) => {
      await put(manager, 'first');
      await new Promise(setImmediate);
      await put(manager, 'first-again');
      throw new Error('rolled back');
    });
    const second = ledger.write(async (manager) => {
      await put(manager, 'second');
      await new Promise(setImmediate);
      await put(manager, 'second-again');
    });
    await expect(first).rejects.toThrow('rolled back');
    await second;
    expect(await keys()).toEqual(['second', 'second-again']);
  });

  it('run one after the other, in the order of their calls', async () => {
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        ledger.write(async (manager) => {
          order.push(`${name}+`);
          await put(manager, name);
          order.push(`${name}-`);
        }),
      ),
    );
    expect(order).toEqual(['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
  });

  it('join the one they are called in, and go with it', async () => {
    const failing = ledger.write(async (manager) => {
      await put(manager, 'outer');
      await ledger.write((inner) => put(inner, 'inner'));
      throw new Error('after both');
    });
    await expect(failing).rejects.toThrow('after both');
    expect(await keys()).toEqual([]);
    await ledger.write(async (manager) => {
      await ledger.write((inner) => put(inner, 'inner'));
      await put(manager, 'outer');
    });
    expect(await keys()).toEqual(['inner', 'outer']);
  });

  it('have a transaction of their own when the one that started them is over', async () => {
    const { opened, open } = gate();
    let straggler: Promise<unknown> = Promise.resolve();
    await ledger.write(async (manager) => {
      await put(manager, 'first');
      straggler = opened.then(() => ledger.write((late) => put(late, 'straggler')));
    });
    const failing = ledger.write(async (manager) => {
      await put(manager, 'second');
      open();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    await straggler;
    expect(await keys()).toEqual(['first', 'straggler']);
  });

  it('pass on what the work returns and what it throws', async () => {
    await expect(ledger.write(() => Promise.resolve(7))).resolves.toBe(7);
    const error = new Error('mine');
    await expect(ledger.write(() => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('reads', () => {
  it('see what is committed and nothing else', async () => {
    await ledger.write(async (manager) => {
      await put(manager, 'a');
      expect(await keys()).toEqual([]);
    });
    expect(await keys()).toEqual(['a']);
  });

  it('cannot write', async () => {
    await expect(ledger.read((manager) => put(manager, 'a'))).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(await keys()).toEqual([]);
  });
});

describe('a full disk', () => {
  it('is storage_unavailable, and neither loses what was nor what comes when there is room again', async () => {
    await ledger.write((manager) => put(manager, 'before'));
    const limit = async (pages: string) =>
      ledger.write((manager) => manager.query(`PRAGMA max_page_count = ${pages}`));
    // SQLite does not go below what the file has already.
    await limit('1');
    const big = 'x'.repeat(1_000_000);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const failing = ledger.write(async (manager) => {
        await put(manager, 'small');
        await put(manager, 'big', big);
      });
      await expect(failing).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true });
      expect(await keys()).toEqual(['before']);
    }
    await limit('1000000');
    await ledger.write((manager) => put(manager, 'big', big));
    const failing = ledger.write(async (manager) => {
      await put(manager, 'undone');
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await keys()).toEqual(['before', 'big']);
    // Committed means so for other connections, too.
    const other = new DataSource({ type: 'sqlite', database: path.join(directory.path, 'ledger.db') });
    await other.initialize();
    const rows = await other.query<{ n: number }[]>('SELECT count(*) AS n FROM gateway_state');
    await other.destroy();
    expect(rows).toEqual([{ n: 2 }]);
  });
});

describe('close', () => {
  it('waits for the writes so far, and may be called again', async () => {
    const writing = ledger.write((manager) => put(manager, 'last'));
    await ledger.close();
    await ledger.close();
    await writing;
    await expect(keys()).rejects.toThrow();
  });
});
