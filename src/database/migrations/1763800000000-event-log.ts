import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_id TEXT,
    turn_index INTEGER,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    raw TEXT,
    at_ms INTEGER NOT NULL
  )`,
  `CREATE INDEX events_session ON events (session_id, seq)`,
  `CREATE INDEX events_turn ON events (turn_id, seq) WHERE turn_id IS NOT NULL`,
  `ALTER TABLE sessions ADD COLUMN options TEXT`,
  `ALTER TABLE turns ADD COLUMN prompt TEXT`,
  `ALTER TABLE turns ADD COLUMN error_code TEXT`,
  `ALTER TABLE turns ADD COLUMN deadline TEXT`,
  `ALTER TABLE turns ADD COLUMN cost_usd REAL`,
  `ALTER TABLE turns ADD COLUMN context_lost INTEGER NOT NULL DEFAULT 0`,
];

export class EventLog1763800000000 implements MigrationInterface {
  readonly name = 'EventLog1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of ['prompt', 'error_code', 'deadline', 'cost_usd', 'context_lost']) {
      await runner.query(`ALTER TABLE turns DROP COLUMN ${column}`);
    }
    await runner.query('ALTER TABLE sessions DROP COLUMN options');
    await runner.query('DROP TABLE events');
  }
}
