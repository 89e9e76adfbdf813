import path from 'node:path';
import { useTempDir } from '../../../test/support/temp-dir.js';
import { until } from '../../../test/support/until.js';
import type { SessionEventType } from '../../core/session-events.js';
import type { Ledger } from '../../database/ledger.js';
import { openLedger } from '../../database/open-ledger.js';
import { sql } from '../../database/sql-text.js';
import { EventHub } from './event-hub.js';
import { EventLog } from './event-log.js';
import { EventStore } from './event-store.js';
import type { NewSessionEvent } from './session-event.js';

const ID = '0f8fad5bd9cb469fa16570867728950e';

const directory = useTempDir();
let ledger: Ledger;
let store: EventStore;
let log: EventLog;
let told: string[];
let transactions: number;

beforeEach(async () => {
  ledger = await openLedger(path.join(directory.path, 'ledger.db'), []);
  await ledger.commit((transaction) => {
    transaction.add(
      sql`INSERT INTO sessions (id, app_name, agent, cwd, owns_cwd, marker, created_at, idle_since)
          VALUES (${ID},'app','echo','/tmp',0,'m',1,1)`,
    );
    return Promise.resolve();
  });
  store = new EventStore(ledger);
  const hub = new EventHub();
  log = new EventLog(ledger, store, hub);
  await log.onModuleInit();
  told = [];
  transactions = 0;
  hub.subscribe(ID, (events) => told.push(...events.map(({ type }) => type)));
  ledger.observe(() => (transactions += 1));
});
afterEach(async () => {
  await log.flush();
  await ledger.close();
});

const event = (type: SessionEventType): NewSessionEvent => {
  return { sessionId: ID, turnId: null, turnIndex: null, type, dataJson: `{"it's":1}`, raw: null, atMs: 1 };
};
const kept = async (): Promise<string[]> =>
  (await store.page({ sessionId: ID, afterSeq: 0, limit: 100 })).map(({ type }) => type);

describe('the event log', () => {
  it('commits the prompt, the messages and the end of a turn at once, in their order', async () => {
    log.append(event('agent.other'));
    log.append(event('message.delta'));
    await new Promise(setImmediate);
    log.append(event('usage.updated'));
    await log.commit((_, emit) => emit(event('turn.completed')));
    expect(told).toEqual(['agent.other', 'message.delta', 'usage.updated', 'turn.completed']);
    expect(await kept()).toEqual(told);
    expect(transactions).toBe(1);
  });

  it('commits what tells a reader nothing although nothing comes behind it', async () => {
    log.append(event('agent.other'));
    await until('it is told', () => Promise.resolve(told.length === 1));
    expect(await kept()).toEqual(['agent.other']);
  });

  it('writes what came meanwhile when a transaction ends', async () => {
    await log.commit((_, emit) => {
      emit(event('turn.started'));
      log.append(event('agent.other'));
      log.append(event('message.delta'));
    });
    expect(told).toEqual(['turn.started']);
    await until('the rest is told', () => Promise.resolve(told.length === 3));
    expect(await kept()).toEqual(['turn.started', 'agent.other', 'message.delta']);
  });

  it('tells nothing and gives no place twice when a transaction is rolled back', async () => {
    const refused = log.commit((transaction, emit) => {
      transaction.add('INSERT INTO nowhere VALUES (1)');
      emit(event('turn.started'));
    });
    log.append(event('message.delta'));
    await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(told).toEqual([]);
    await log.flush();
    expect(await kept()).toEqual(['message.delta']);
    expect(told).toEqual(['message.delta']);
  });
});
