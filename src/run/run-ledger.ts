import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { decodeCursor, type Page, pageOf } from '../core/cursor.js';
import { LateWriter } from '../database/late-writer.js';
import { Ledger } from '../database/ledger.js';
import { sql } from '../database/sql-text.js';
import type { RunOutcome } from './run-outcome.js';
import { RunEntity } from './run.entity.js';

const CURSOR_LIST = 'runs';

/** What the row of a run is told of its end. */
export type RunRecordEnd = Omit<RunOutcome, 'result' | 'stderr'>;

/** Writes and reads the rows of runs. Prompts and replies are not stored. */
@Injectable()
export class RunLedger {
  private lastId: number | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly lateWriter: LateWriter,
    private readonly clock: Clock,
  ) {}

  /** @returns the run's id. */
  async begin(appName: string, model: string | null, prompt: string, route = '/run'): Promise<number> {
    const id = await this.nextId();
    const promptSha256 = createHash('sha256').update(prompt).digest('hex');
    await this.ledger.commit((transaction) => {
      transaction.add(
        sql`INSERT INTO runs (id, app_name, route, model, prompt_chars, prompt_sha256, status, created_at)
          VALUES (${id}, ${appName}, ${route}, ${model}, ${prompt.length}, ${promptSha256}, 'running', ${this.clock.nowMs()})`,
      );
      return Promise.resolve();
    });
    return id;
  }

  /**
   * @param more further statements of its transaction.
   * @throws GatewayError `storage_unavailable` when it could not be recorded now; it will be later.
   */
  async end(runId: number, outcome: RunRecordEnd, ...more: readonly string[]): Promise<void> {
    const { status, stopReason, durationMs, error, costUsd } = outcome;
    const usage = outcome.usage === null ? null : JSON.stringify(outcome.usage);
    const end = sql`UPDATE runs SET status = ${status}, ok = ${status === 'completed'}, stop_reason = ${stopReason},
      duration_ms = ${durationMs}, error = ${error}, usage = ${usage}, cost_usd = ${costUsd} WHERE id = ${runId}`;
    await this.lateWriter.commit(`the end of run ${runId}`, (transaction) => {
      for (const statement of [end, ...more]) transaction.add(statement);
      return Promise.resolve();
    });
  }

  /** At start: runs that were cut off have an unknown outcome. */
  async settleLeftovers(): Promise<void> {
    await this.ledger.write((manager) =>
      manager.update(RunEntity, { status: 'running' }, { status: 'unknown', stopReason: 'unknown' }),
    );
  }

  /** Newest first. @throws GatewayError `invalid_cursor`. */
  async page(query: { app?: string; after?: string; limit: number }): Promise<Page<RunEntity>> {
    const rows = await this.ledger.read((manager) => {
      const select = manager
        .createQueryBuilder(RunEntity, 'r')
        .orderBy('r.id', 'DESC')
        .take(query.limit + 1);
      if (query.app !== undefined) select.andWhere('r.appName = :app', { app: query.app });
      if (query.after !== undefined) {
        const [before] = decodeCursor(CURSOR_LIST, query.after, ['number'] as const);
        select.andWhere('r.id < :before', { before });
      }
      return select.getMany();
    });
    return pageOf(CURSOR_LIST, rows, query.limit, (row) => row.id);
  }

  /** Nobody else writes to this ledger, so ids are given here; asking for each would be a way to another thread more. */
  private async nextId(): Promise<number> {
    if (this.lastId === undefined) {
      const last = await this.ledger.read((manager) => manager.maximum(RunEntity, 'id'));
      // Another request may have been told meanwhile.
      this.lastId ??= last ?? 0;
    }
    this.lastId += 1;
    return this.lastId;
  }
}
