import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { decodeCursor, type Page, pageOf } from '../core/cursor.js';
import { Ledger } from '../database/ledger.js';
import { sql } from '../database/sql-text.js';
import { SessionEventEntity } from './session-event.entity.js';

export const AUDIT_EVENTS = [
  'create',
  'turn',
  'completion',
  'close',
  'sweep_close',
  'hard_delete',
  'token_mint',
  'token_revoke',
  'terminal_keys',
  'terminal_resize',
] as const;

export type AuditEventName = (typeof AUDIT_EVENTS)[number];

export interface AuditRecord {
  event: AuditEventName;
  appName: string;
  sessionId?: string;
  detail?: Record<string, unknown>;
}

export interface AuditQuery {
  app?: string;
  session_id?: string;
  event?: string;
  after?: string;
  limit: number;
}

const CURSOR_LIST = 'audit';

/** The append-only trail. A record is written in the transaction of what it records. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /** Appends records; `manager` is that of the transaction they belong to. */
  async record(manager: EntityManager, ...records: AuditRecord[]): Promise<void> {
    await manager.query(this.statementOf(...records));
  }

  /** The statement that appends records, for a transaction that is written as text. */
  statementOf(...records: AuditRecord[]): string {
    const createdAtMs = this.clock.nowMs();
    const rows = records.map(({ event, appName, sessionId = null, detail }) => {
      const detailJson = detail === undefined ? null : JSON.stringify(detail);
      return sql`(${sessionId},${appName},${event},${detailJson},${createdAtMs})`;
    });
    return `INSERT INTO session_events (session_id, app_name, event, detail, created_at) VALUES ${rows.join(',')}`;
  }

  /**
   * Newest first.
   * @throws GatewayError `invalid_cursor`.
   */
  async page(query: AuditQuery): Promise<Page<SessionEventEntity>> {
    const rows = await this.ledger.read((manager) => {
      const select = manager
        .createQueryBuilder(SessionEventEntity, 'e')
        .orderBy('e.id', 'DESC')
        .take(query.limit + 1);
      if (query.app !== undefined) select.andWhere('e.appName = :app', { app: query.app });
      if (query.session_id !== undefined) select.andWhere('e.sessionId = :id', { id: query.session_id });
      if (query.event !== undefined) select.andWhere('e.event = :event', { event: query.event });
      if (query.after !== undefined) {
        const [before] = decodeCursor(CURSOR_LIST, query.after, ['number'] as const);
        select.andWhere('e.id < :before', { before });
      }
      return select.getMany();
    });
    return pageOf(CURSOR_LIST, rows, query.limit, (row) => row.id);
  }
}
