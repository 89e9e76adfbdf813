import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Database } from 'sqlite3';

/** Scripts are cut at this many characters: longer ones live as long as the heap's old objects, and a long turn makes many of them. */
const MAX_SCRIPT_CHARS = 64 * 1024;

/**
 * One transaction of the ledger. Statements whose results nobody has to see are added as text, and go to the driver with the
 * commit as one script: each call of the driver is a way to another thread and back, which costs more than the statement.
 */
export class LedgerTransaction {
  /** Whether it is committed or rolled back. Work that outlives it still carries it along. */
  isOver = false;
  private script: string[] = [];
  private begun: Promise<QueryRunner> | undefined;

  constructor(private readonly writer: DataSource) {}

  /** Adds a statement, written with `sql`; it runs behind those before it, at the latest with the commit. */
  add(statement: string): void {
    this.script.push(statement);
  }

  /** For what reads, or looks at results: what was added so far has run. */
  async manager(): Promise<EntityManager> {
    this.begun ??= this.begin();
    const runner = await this.begun;
    await this.runScript();
    return runner.manager;
  }

  async commit(): Promise<void> {
    if (this.begun === undefined) {
      if (this.script.length === 0) return;
      this.script = ['BEGIN IMMEDIATE', ...this.script, 'COMMIT'];
      await this.runScript();
      return;
    }
    const runner = await this.begun;
    await this.runScript();
    await runner.commitTransaction();
  }

  /** Never rejects: SQLite has rolled back by itself after some faults, and refuses to do it again. */
  async rollback(): Promise<void> {
    const runner = await this.begun?.catch(() => undefined);
    await (runner === undefined ? this.execute('ROLLBACK') : runner.rollbackTransaction()).catch(
      () => undefined,
    );
  }

  private async begin(): Promise<QueryRunner> {
    const runner = this.writer.createQueryRunner();
    await runner.startTransaction();
    return runner;
  }

  private async runScript(): Promise<void> {
    const statements = this.script;
    this.script = [];
    for (let start = 0; start < statements.length;) {
      let [end, chars] = [start, 0];
      while (end < statements.length && chars < MAX_SCRIPT_CHARS) chars += statements[end++]?.length ?? 0;
      await this.execute(statements.slice(start, end).join(';'));
      start = end;
    }
  }

  private execute(script: string): Promise<void> {
    const { databaseConnection } = this.writer.driver as unknown as { databaseConnection: Database };
    return new Promise((resolve, reject) => {
      databaseConnection.exec(script, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }
}
