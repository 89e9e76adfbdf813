import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import { openLedger } from '../database/open-ledger.js';
import type { Ledger } from '../database/ledger.js';
import { sql } from '../database/sql-text.js';
import { KnownSessions, type TurnSession } from './known-sessions.js';
import { SessionEntity } from './session.entity.js';

const ID = '0f8fad5bd9cb469fa16570867728950e';

const directory = useTempDir();
let ledger: Ledger;
let known: KnownSessions;

beforeEach(async () => {
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), [SessionEntity]);
  known = new KnownSessions(ledger);
  await ledger.write((manager) =>
    manager.insert(SessionEntity, {
      id: ID,
      appName: 'app',
      agent: 'echo',
      cwd: '/tmp',
      ownsCwd: false,
      marker: 'm',
      createdAtMs: 1,
      idleSinceMs: 1,
      turnCount: 0,
      lastTurnIndex: 4,
    }),
  );
});
afterEach(() => ledger.close());

const open = (): Promise<TurnSession> => ledger.commit((transaction) => known.open(transaction, ID));
const give = (turnIndex: number, fail?: Error): Promise<void> =>
  ledger.commit(async (transaction) => {
    await known.open(transaction, ID);
    transaction.add(sql`UPDATE sessions SET last_turn_index = ${turnIndex} WHERE id = ${ID}`);
    known.change(ID, { lastTurnIndex: turnIndex });
    if (fail !== undefined) throw fail;
  });

describe('known sessions', () => {
  it('are read once, from the ledger, and then as they were changed', async () => {
    expect(known.get(ID)).toBeUndefined();
    expect(await open()).toMatchObject({ appName: 'app', lastTurnIndex: 4 });
    await give(5);
    // Nobody but turns writes this; were it read again, it would show.
    await ledger.write((manager) => manager.query('UPDATE sessions SET last_turn_index = 99'));
    expect(await open()).toMatchObject({ lastTurnIndex: 5 });
  });

  it('leave what was given out as it was', async () => {
    const before = await open();
    await give(5);
    expect(before.lastTurnIndex).toBe(4);
  });

  it('are read again after a transaction that was rolled back', async () => {
    await open();
    await expect(give(5, new Error('no room'))).rejects.toThrow('no room');
    expect(known.get(ID)).toBeUndefined();
    expect(await open()).toMatchObject({ lastTurnIndex: 4 });
  });

  it('are read again once they were forgotten, and refused when closed', async () => {
    await open();
    await ledger.commit(async (transaction) => {
      await (await transaction.manager()).update(SessionEntity, { id: ID }, { closedAtMs: 2 });
      known.forget(ID);
    });
    await expect(open()).rejects.toMatchObject({ code: 'session_closed' });
    expect(known.get(ID)).toBeUndefined();
  });

  it('are not made up by a change', () => {
    known.change(ID, { lastTurnIndex: 9 });
    expect(known.get(ID)).toBeUndefined();
  });
});
