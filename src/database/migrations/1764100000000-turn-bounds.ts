import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The places of a turn's first and last event: they bound it in its session's log, for which a second index cost every event. */
const UP = [
  `ALTER TABLE turns ADD COLUMN first_seq INTEGER`,
  `ALTER TABLE turns ADD COLUMN last_seq INTEGER`,
  `UPDATE turns SET first_seq = (SELECT min(seq) FROM events WHERE turn_id = turns.id),
    last_seq = iif(ended_at IS NULL, NULL, (SELECT max(seq) FROM events WHERE turn_id = turns.id))`,
  `DROP INDEX events_turn`,
];

const DOWN = [
  `CREATE INDEX events_turn ON events (turn_id, seq) WHERE turn_id IS NOT NULL`,
  `ALTER TABLE turns DROP COLUMN last_seq`,
  `ALTER TABLE turns DROP COLUMN first_seq`,
];

export class TurnBounds1764100000000 implements MigrationInterface {
  readonly name = 'TurnBounds1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
