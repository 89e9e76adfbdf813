import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import { eventSeqOf } from '../../core/event-cursor.js';
import type { SessionEventType } from '../../core/session-events.js';
import { Ledger } from '../../database/ledger.js';
import type { LedgerTransaction } from '../../database/ledger-transaction.js';
import { sql } from '../../database/sql-text.js';
import type { SessionEvent } from './session-event.js';

/** More save no more; a statement is parsed as a whole, and its size is what that takes of memory. */
const ROWS_PER_INSERT = 100;

export interface EventQuery {
  readonly sessionId: string;
  /** Events behind this place in the log. */
  readonly afterSeq: number;
  readonly turnId?: string | undefined;
  readonly types?: readonly SessionEventType[] | undefined;
  readonly limit: number;
}

interface EventRow {
  seq: number;
  session_id: string;
  turn_id: string | null;
  turn_index: number | null;
  type: SessionEventType;
  data: string;
  raw: string | null;
  at_ms: number;
}

/** Reads and writes the table of events, without entities: it is the one table where their cost shows. */
@Injectable()
export class EventStore {
  constructor(private readonly ledger: Ledger) {}

  insert(transaction: LedgerTransaction, events: readonly SessionEvent[]): void {
    for (let start = 0; start < events.length; start += ROWS_PER_INSERT) {
      const rows = events
        .slice(start, start + ROWS_PER_INSERT)
        .map(rowOf)
        .join(',');
      transaction.add(
        `INSERT INTO events (seq, session_id, turn_id, turn_index, type, data, raw, at_ms) VALUES ${rows}`,
      );
    }
  }

  /** In the order of the log. */
  async page(query: EventQuery): Promise<SessionEvent[]> {
    const conditions = ['session_id = ?', 'seq > ?'];
    const values: (string | number)[] = [query.sessionId, query.afterSeq];
    if (query.turnId !== undefined) {
      // The turn's bounds keep SQLite from reading on to the end of the session.
      conditions.push(
        'turn_id = ?',
        'seq >= (SELECT first_seq FROM turns WHERE id = ?)',
        `seq <= (SELECT ifnull(last_seq, ${Number.MAX_SAFE_INTEGER}) FROM turns WHERE id = ?)`,
      );
      values.push(query.turnId, query.turnId, query.turnId);
    }
    if (query.types !== undefined) {
      conditions.push(`type IN (${query.types.map(() => '?').join(',')})`);
      values.push(...query.types);
    }
    const rows = await this.ledger.read((manager) =>
      manager.query<EventRow[]>(
        `SELECT seq, session_id, turn_id, turn_index, type, data, raw, at_ms FROM events
         WHERE ${conditions.join(' AND ')} ORDER BY seq LIMIT ?`,
        [...values, query.limit],
      ),
    );
    return rows.map((row) => ({
      seq: row.seq,
      sessionId: row.session_id,
      turnId: row.turn_id,
      turnIndex: row.turn_index,
      type: row.type,
      dataJson: row.data,
      raw: row.raw,
      atMs: row.at_ms,
    }));
  }

  /** The place that a client's cursor names; 0 without one. @throws GatewayError `invalid_cursor`. */
  seqOf(sessionId: string, cursor: string | undefined, lastSeq: number): number {
    if (cursor === undefined) return 0;
    const seq = eventSeqOf(sessionId, cursor);
    if (seq > lastSeq) throw new GatewayError('invalid_cursor', 'after: this session has no such event');
    return seq;
  }

  /** Whether the log of a session has its last event. */
  async hasEnded(sessionId: string): Promise<boolean> {
    const rows = await this.ledger.read((manager) =>
      manager.query<unknown[]>(
        `SELECT 1 FROM events WHERE session_id = ? AND type = 'session.closed' LIMIT 1`,
        [sessionId],
      ),
    );
    return rows.length > 0;
  }

  /** The highest place that was ever given, deleted events included. */
  async lastSeq(): Promise<number> {
    const rows = await this.ledger.read((manager) =>
      manager.query<{ seq: number }[]>(`SELECT seq FROM sqlite_sequence WHERE name = 'events'`),
    );
    return rows[0]?.seq ?? 0;
  }
}

function rowOf(event: SessionEvent): string {
  const { seq, sessionId, turnId, turnIndex, type, dataJson, raw, atMs } = event;
  return sql`(${seq},${sessionId},${turnId},${turnIndex},${type},${dataJson},${raw},${atMs})`;
}
