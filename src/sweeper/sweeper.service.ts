import { Injectable, Logger } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { closeBeforeMs, deleteBeforeMs, isDueToClose } from '../core/expiry.js';
import { Ledger } from '../database/ledger.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { TurnQueues } from '../sessions/turn-queue.js';

export interface SweepResult {
  soft_closed: number;
  hard_deleted: number;
}

const CLOSE_AT_ONCE = 4;
const PAGE = 200;

/** Closes sessions that are idle for too long and deletes the rows of those closed long ago, and expired idempotency keys. */
@Injectable()
export class SweeperService {
  private readonly logger = new Logger(SweeperService.name);
  private current: Promise<SweepResult> | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly queues: TurnQueues,
    private readonly ledger: Ledger,
    private readonly audit: AuditTrail,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
  ) {}

  /** One sweep; a call during a sweep gets that sweep's result. A session that fails to close does not stop it. */
  sweep(): Promise<SweepResult> {
    this.current ??= this.sweepOnce().finally(() => (this.current = undefined));
    return this.current;
  }

  private async sweepOnce(): Promise<SweepResult> {
    const result = { soft_closed: await this.closeIdle(), hard_deleted: await this.deleteOld() };
    await this.idempotency.deleteExpired(this.clock.nowMs());
    if (result.soft_closed + result.hard_deleted > 0) this.logger.log(result, 'swept');
    return result;
  }

  private async closeIdle(): Promise<number> {
    const nowMs = this.clock.nowMs();
    const { sessionTtlSecs, maxLiveSessions } = this.config;
    const beforeMs = closeBeforeMs(nowMs, sessionTtlSecs);
    const candidates = await this.store.idleBefore(beforeMs, maxLiveSessions);
    const due = candidates.filter(({ id, idleSinceMs, closedAtMs }) =>
      isDueToClose(
        { idleSinceMs, closedAtMs, pendingTurns: this.queues.pendingTurns(id) },
        nowMs,
        sessionTtlSecs,
      ),
    );
    let closed = 0;
    const closeNext = async (): Promise<void> => {
      for (let session = due.shift(); session !== undefined; session = due.shift()) {
        try {
          if (await this.sessions.closeIdle(session, beforeMs)) closed += 1;
        } catch (error) {
          this.logger.error({ err: error, session_id: session.id }, 'an idle session could not be closed');
        }
      }
    };
    await Promise.all(Array.from({ length: CLOSE_AT_ONCE }, closeNext));
    return closed;
  }

  /** Page by page, so that no transaction keeps others waiting for long. */
  private async deleteOld(): Promise<number> {
    const beforeMs = deleteBeforeMs(this.clock.nowMs(), this.config.sessionHardTtlSecs);
    let deleted = 0;
    for (;;) {
      const count = await this.ledger.write(async (manager) => {
        const old = await this.store.closedBefore(manager, beforeMs, PAGE);
        if (old.length === 0) return 0;
        await this.store.delete(manager, old);
        await this.audit.record(
          manager,
          ...old.map(({ id, appName }) => ({ event: 'hard_delete' as const, appName, sessionId: id })),
        );
        return old.length;
      });
      deleted += count;
      if (count < PAGE) return deleted;
    }
  }
}
