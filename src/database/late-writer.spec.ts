import path from 'node:path';
import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { useTempDir } from '../../test/support/temp-dir.js';
import { LateWriter } from './late-writer.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';

const directory = useTempDir();
let ledger: Ledger;
let writer: LateWriter;
let isBroken: boolean;

beforeEach(async () => {
  for (const level of ['error', 'warn'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), []);
  writer = new LateWriter(ledger);
  isBroken = true;
});
afterEach(() => ledger.close());

const put = (key: string) => async (manager: EntityManager) => {
  await manager.query(`INSERT INTO session_events (event, created_at) VALUES (?, 0)`, [key]);
  if (isBroken) throw new Error('SQLITE_FULL: database or disk is full');
};
const written = async () => {
  const rows = await ledger.read((manager) =>
    manager.query<{ event: string }[]>('SELECT event FROM session_events ORDER BY id'),
  );
  return rows.map(({ event }) => event);
};

it('says what could not be recorded, and records it in order, once, when the storage works again', async () => {
  await expect(writer.write('the first', put('a'))).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: 'the first could not be recorded yet',
  });
  await expect(writer.write('the second', put('b'))).rejects.toMatchObject({ code: 'storage_unavailable' });
  await writer.flush();
  expect(await written()).toEqual([]);
  isBroken = false;
  await Promise.all([writer.flush(), writer.flush()]);
  await writer.flush();
  expect(await written()).toEqual(['a', 'b']);
});

it('writes at once when it can', async () => {
  isBroken = false;
  await writer.write('it', put('a'));
  expect(await written()).toEqual(['a']);
});
