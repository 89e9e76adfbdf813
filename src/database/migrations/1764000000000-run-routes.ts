import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Completions are rows among the runs; the route tells them apart. */
export class RunRoutes1764000000000 implements MigrationInterface {
  readonly name = 'RunRoutes1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs ADD COLUMN route TEXT NOT NULL DEFAULT '/run'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE runs DROP COLUMN route');
  }
}
