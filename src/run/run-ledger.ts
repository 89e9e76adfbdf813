import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { decodeCursor, type Page, pageOf } from '../core/cursor.js';
import { LateWriter } from '../database/late-writer.js';
import { Ledger } from '../database/ledger.js';
import type { RunOutcome } from './run-outcome.js';
import { RunEntity } from './run.entity.js';

const CURSOR_LIST = 'runs';

/** What the row of a run is told of its end. */
export type RunRecordEnd = Omit<RunOutcome, 'result' | 'stderr'>;

/** Writes and reads the rows of runs. Prompts and replies are not stored. */
@Injectable()
export class RunLedger {
  constructor(
    private readonly ledger: Ledger,
    private readonly lateWriter: LateWriter,
    private readonly clock: Clock,
  ) {}

  /** @returns the run's id. */
  begin(appName: string, model: string | null, prompt: string, route = '/run'): Promise<number> {
    return this.ledger.write(async (manager) => {
      const inserted = await manager.insert(RunEntity, {
        appName,
        route,
        model,
        promptChars: prompt.length,
        promptSha256: createHash('sha256').update(prompt).digest('hex'),
        status: 'running',
        createdAtMs: this.clock.nowMs(),
      });
      return inserted.identifiers[0]?.id as number;
    });
  }

  /**
   * @param within what else belongs into its transaction.
   * @throws GatewayError `storage_unavailable` when it could not be recorded now; it will be later.
   */
  async end(
    runId: number,
    outcome: RunRecordEnd,
    within?: (manager: EntityManager) => Promise<void>,
  ): Promise<void> {
    const end = {
      status: outcome.status,
      ok: outcome.status === 'completed',
      stopReason: outcome.stopReason,
      durationMs: outcome.durationMs,
      error: outcome.error,
      usage: outcome.usage === null ? null : JSON.stringify(outcome.usage),
      costUsd: outcome.costUsd,
    };
    await this.lateWriter.write(`the end of run ${runId}`, async (manager) => {
      await manager.update(RunEntity, { id: runId }, end);
      await within?.(manager);
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
}
