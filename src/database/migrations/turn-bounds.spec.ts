import { DataSource } from 'typeorm';
import { TurnBounds1764100000000 } from './1764100000000-turn-bounds.js';
import { migrations } from './index.js';

let ledger: DataSource;

beforeEach(async () => {
  const earlier = migrations.slice(0, migrations.indexOf(TurnBounds1764100000000));
  ledger = new DataSource({ type: 'sqlite', database: ':memory:', migrations: earlier });
  await ledger.initialize();
  await ledger.runMigrations();
  await ledger.query(
    `INSERT INTO sessions (id, app_name, agent, cwd, owns_cwd, marker, created_at, idle_since)
     VALUES ('s', 'app', 'echo', '/', 0, 'm', 1, 1)`,
  );
  await ledger.query(
    `INSERT INTO turns (id, session_id, turn_index, status, created_at, ended_at)
     VALUES ('ended', 's', 1, 'completed', 1, 2), ('runs', 's', 2, 'running', 2, NULL), ('bare', 's', 3, 'failed', 3, 4)`,
  );
  await ledger.query(
    `INSERT INTO events (seq, session_id, turn_id, type, data, at_ms)
     VALUES (5, 's', 'ended', 't', '{}', 1), (6, 's', 'runs', 't', '{}', 1), (8, 's', 'ended', 't', '{}', 1), (9, 's', 'runs', 't', '{}', 1)`,
  );
});

afterEach(() => ledger.destroy());

it('gives the turns of an earlier ledger their bounds, and takes them back', async () => {
  const migration = new TurnBounds1764100000000();
  const runner = ledger.createQueryRunner();
  await migration.up(runner);
  expect(await ledger.query('SELECT id, first_seq, last_seq FROM turns ORDER BY turn_index')).toEqual([
    { id: 'ended', first_seq: 5, last_seq: 8 },
    { id: 'runs', first_seq: 6, last_seq: null },
    { id: 'bare', first_seq: null, last_seq: null },
  ]);
  await migration.down(runner);
  const columns = await ledger.query<{ name: string }[]>(`SELECT name FROM pragma_table_info('turns')`);
  expect(columns.map(({ name }) => name)).not.toContain('first_seq');
  expect(await ledger.query(`SELECT name FROM sqlite_master WHERE name = 'events_turn'`)).toHaveLength(1);
});
