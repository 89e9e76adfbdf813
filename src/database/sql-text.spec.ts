import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { sql, type SqlValue } from './sql-text.js';

const directory = useTempDir();
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), []);
  await ledger.write((manager) =>
    manager.query('CREATE TABLE kept (written, bound, number INTEGER, cost REAL)'),
  );
});
afterEach(() => ledger.close());

interface Kept {
  kind: string;
  written: unknown;
  isSame: number;
}

/** The value as it comes back when it is written as text, and whether that is what a bound parameter gives, byte for byte. */
async function keep(value: SqlValue): Promise<Kept | undefined> {
  await ledger.commit((transaction) => {
    transaction.add(sql`INSERT INTO kept (written) VALUES (${value})`);
    return Promise.resolve();
  });
  await ledger.write((manager) => manager.query('UPDATE kept SET bound = ?', [value]));
  const [row] = await ledger.read((manager) =>
    manager.query<Kept[]>(
      `SELECT typeof(written) AS kind, written, typeof(written) = typeof(bound)
       AND CAST(written AS BLOB) IS CAST(bound AS BLOB) AS isSame FROM kept`,
    ),
  );
  return row;
}

describe('a value written into a statement', () => {
  it.each([
    ['plain text', 'hello'],
    ['no text', ''],
    ['quotes', `'; DROP TABLE kept; -- it's "quoted" ''`],
    ['lines and backslashes', 'one\ntwo\r\n\\n \\\\ \t\v'],
    ['what stands for a parameter', '? ?1 :name @name $name'],
    ['signs beyond the first plane', 'é 😀 \u{10ffff}'],
    ['a byte order mark', '\ufefftext'],
    ['a NUL at the start, inside and at the end', "\0it's\0 é😀\0"],
    ['nothing but a NUL', '\0'],
    ['half a surrogate pair', 'a\ud83d b\udc00'],
    ['half a surrogate pair beside a NUL', '\0\ud83d'],
    ['four megabytes', `it's é`.repeat(600_000)],
  ])('is what a bound one is: %s', async (_, text) => {
    expect(await keep(text)).toEqual({ kind: 'text', isSame: 1, written: text.toWellFormed() });
  });

  it('is NULL for null', async () => {
    expect(await keep(null)).toEqual({ kind: 'null', isSame: 1, written: null });
  });

  it.each([0, 1, -1, 1763700000000, Number.MAX_SAFE_INTEGER, -0.5, 0.1, 1e21, 5e-324])(
    'is the number %d in columns of numbers',
    async (value) => {
      await ledger.commit((transaction) => {
        transaction.add(sql`INSERT INTO kept (number, cost) VALUES (${value},${value})`);
        return Promise.resolve();
      });
      const rows = await ledger.read((manager) => manager.query<unknown[]>('SELECT number, cost FROM kept'));
      expect(rows).toEqual([{ number: value, cost: value }]);
    },
  );

  it('is 1 or 0 for a boolean', () => {
    expect(sql`(${true},${false})`).toBe('(1,0)');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('is refused for %d', (value) => {
    expect(() => sql`SELECT ${value}`).toThrow(TypeError);
  });
});
