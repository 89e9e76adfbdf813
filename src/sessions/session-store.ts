import { Injectable } from '@nestjs/common';
import { type EntityManager, In, IsNull, LessThan } from 'typeorm';
import { decodeCursor, encodeCursor } from '../core/cursor.js';
import { GatewayError } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';
import { ReadCache } from '../database/read-cache.js';
import type { SessionPage } from './session-page.js';
import { SessionEntity } from './session.entity.js';

export interface SessionQuery {
  /** All apps when undefined. */
  appName?: string | undefined;
  isOpen?: boolean | undefined;
  after?: string | undefined;
  limit: number;
}

interface PageRow {
  count: number;
  states: string;
  last: number | null;
  has_more: 0 | 1;
}

const CURSOR_LIST = 'sessions';
/** A page holds at most 1,000 sessions, some 400 kB. */
const MAX_CACHED_PAGES = 32;
const SESSION_ID = /^[0-9a-f]{32}$/;

/** Reads sessions from the ledger, and writes them within transactions of others. */
@Injectable()
export class SessionStore {
  private readonly pages: ReadCache<SessionPage>;

  constructor(private readonly ledger: Ledger) {
    this.pages = new ReadCache(ledger, MAX_CACHED_PAGES);
  }

  /** The app's session. @throws GatewayError `session_not_found`, the same for another app's. */
  async find(appName: string, sessionId: string): Promise<SessionEntity> {
    const row = SESSION_ID.test(sessionId)
      ? await this.ledger.read((manager) => manager.findOneBy(SessionEntity, { id: sessionId, appName }))
      : null;
    if (row === null) throw new GatewayError('session_not_found', 'there is no such session');
    return row;
  }

  /**
   * Newest first.
   * @param stateJson what is told of each session, `STATE_JSON` or `ADMIN_STATE_JSON`.
   * @throws GatewayError `invalid_cursor`.
   */
  page(query: SessionQuery, stateJson: string): Promise<SessionPage> {
    const { appName, isOpen, after, limit } = query;
    return this.pages.read(JSON.stringify([stateJson, appName, isOpen, after, limit]), () =>
      this.readPage(query, stateJson),
    );
  }

  /** How many sessions each app has open. */
  openCounts(): Promise<{ appName: string; count: number }[]> {
    return this.ledger.read((manager) =>
      manager
        .createQueryBuilder(SessionEntity, 's')
        .select('s.appName', 'appName')
        .addSelect('COUNT(*)', 'count')
        .where('s.closedAtMs IS NULL')
        .groupBy('s.appName')
        .getRawMany(),
    );
  }

  /** The ids of all open sessions. */
  async openIds(): Promise<Set<string>> {
    const rows = await this.ledger.read((manager) =>
      manager.find(SessionEntity, { select: { id: true }, where: { closedAtMs: IsNull() } }),
    );
    return new Set(rows.map((row) => row.id));
  }

  /** Open sessions that have been idle since before a point in Unix milliseconds, longest first. */
  idleBefore(beforeMs: number, limit: number): Promise<SessionEntity[]> {
    return this.ledger.read((manager) =>
      manager.find(SessionEntity, {
        where: { closedAtMs: IsNull(), idleSinceMs: LessThan(beforeMs) },
        order: { idleSinceMs: 'ASC' },
        take: limit,
      }),
    );
  }

  /** Ids and apps of sessions closed before a point in Unix milliseconds. */
  closedBefore(manager: EntityManager, beforeMs: number, limit: number): Promise<SessionEntity[]> {
    return manager.find(SessionEntity, {
      select: { id: true, appName: true },
      where: { closedAtMs: LessThan(beforeMs) },
      order: { closedAtMs: 'ASC' },
      take: limit,
    });
  }

  /** Deletes sessions and, by cascade, their turns. */
  async delete(manager: EntityManager, sessions: readonly SessionEntity[]): Promise<void> {
    await manager.delete(SessionEntity, { id: In(sessions.map((session) => session.id)) });
  }

  private async readPage(query: SessionQuery, stateJson: string): Promise<SessionPage> {
    const { conditions, parameters } = narrow(query);
    const after = query.after === undefined ? [] : [cursorSeq(query.after)];
    const page = `SELECT * FROM sessions ${where([...conditions, ...after.map(() => 'seq < ?')])}
      ORDER BY seq DESC LIMIT ?`;
    const [row] = await this.ledger.read((manager) =>
      manager.query<PageRow[]>(
        `SELECT count, states, last, EXISTS (SELECT 1 FROM sessions ${where([...conditions, 'seq < last'])}) AS has_more
         FROM (SELECT COUNT(*) AS count, json_group_array(${stateJson} ORDER BY seq DESC) AS states, MIN(seq) AS last
               FROM (${page}))`,
        [...parameters, ...parameters, ...after, query.limit],
      ),
    );
    if (row === undefined) throw new Error('a count without a group has one row');
    return {
      count: row.count,
      sessionsJson: row.states,
      next: row.has_more === 1 && row.last !== null ? encodeCursor(CURSOR_LIST, [row.last]) : null,
    };
  }
}

function narrow({ appName, isOpen }: SessionQuery): { conditions: string[]; parameters: string[] } {
  const conditions: string[] = [];
  if (appName !== undefined) conditions.push('app_name = ?');
  if (isOpen !== undefined) conditions.push(`closed_at IS ${isOpen ? '' : 'NOT '}NULL`);
  return { conditions, parameters: appName === undefined ? [] : [appName] };
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function cursorSeq(after: string): number {
  const [seq] = decodeCursor(CURSOR_LIST, after, ['number'] as const);
  return seq;
}
