import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // `status` is null while the request runs, and for good when the server ended meanwhile.
  `CREATE TABLE idempotency_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_name TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    status INTEGER,
    headers TEXT,
    kept_until INTEGER NOT NULL,
    UNIQUE (app_name, method, path, key)
  )`,
  `CREATE INDEX idempotency_keys_kept_until ON idempotency_keys (kept_until)`,

  // An answer may be as large as the events of a turn: in pieces, so that no transaction keeps others waiting for long.
  `CREATE TABLE idempotency_answers (
    key_id INTEGER NOT NULL REFERENCES idempotency_keys (id) ON DELETE CASCADE,
    piece INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (key_id, piece)
  )`,
];

export class IdempotencyKeys1763900000000 implements MigrationInterface {
  readonly name = 'IdempotencyKeys1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_answers');
    await runner.query('DROP TABLE idempotency_keys');
  }
}
