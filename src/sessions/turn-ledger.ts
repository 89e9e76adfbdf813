import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import type { PromptResult } from '../acpx/acpx-runner.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Clock } from '../common/clock.js';
import type { JsonObject } from '../core/json-rpc.js';
import type { SessionEventType } from '../core/session-events.js';
import type { FinalTurnStatus, TurnStatus } from '../core/turn-status.js';
import { Ledger } from '../database/ledger.js';
import { sql } from '../database/sql-text.js';
import { type Emit, EventLog } from './events/event-log.js';
import type { NewSessionEvent } from './events/session-event.js';
import { KnownSessions, type TurnSession } from './known-sessions.js';
import { SessionEntity } from './session.entity.js';
import { TurnEntity } from './turn.entity.js';

/** A turn that was given its index. */
export interface AcceptedTurn {
  readonly id: string;
  readonly turnIndex: number;
  /** As it was before this turn. */
  readonly session: TurnSession;
}

export interface TurnEnd {
  readonly status: FinalTurnStatus;
  readonly result: PromptResult;
  readonly durationMs: number;
  /** `data` of the event that tells of the end. */
  readonly eventData: JsonObject;
}

/** Writes turns into the ledger and the event log: each from its acceptance to its end, its end with the audit. */
@Injectable()
export class TurnLedger {
  constructor(
    private readonly ledger: Ledger,
    private readonly sessions: KnownSessions,
    private readonly events: EventLog,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a turn its index: `running` when it may begin at once, else `queued`.
   * @param prompt null where prompts are not kept.
   * @throws GatewayError `session_closed`.
   */
  accept(sessionId: string, runsAtOnce: boolean, prompt: string | null): Promise<AcceptedTurn> {
    return this.events.commit(async (transaction, emit) => {
      const session = await this.sessions.open(transaction, sessionId);
      const turn = { id: randomUUID().replaceAll('-', ''), turnIndex: session.lastTurnIndex + 1, session };
      const nowMs = this.clock.nowMs();
      const status: TurnStatus = runsAtOnce ? 'running' : 'queued';
      const firstSeq = emit(this.eventOf(turn, 'turn.queued', {}));
      if (runsAtOnce) emit(this.eventOf(turn, 'turn.started', {}));
      transaction.add(
        sql`UPDATE sessions SET last_turn_index = ${turn.turnIndex} WHERE seq = ${session.seq}`,
      );
      transaction.add(
        sql`INSERT INTO turns (id, session_id, turn_index, status, prompt, created_at, started_at, first_seq)
            VALUES (${turn.id},${sessionId},${turn.turnIndex},${status},${prompt},${nowMs},${runsAtOnce ? nowMs : null},${firstSeq})`,
      );
      this.sessions.change(sessionId, { lastTurnIndex: turn.turnIndex });
      return turn;
    });
  }

  /** @returns false when the turn was called off while it waited. */
  begin(turn: AcceptedTurn): Promise<boolean> {
    return this.events.commit(async (transaction, emit) => {
      const manager = await transaction.manager();
      const changed = await manager.update(
        TurnEntity,
        { id: turn.id, status: 'queued' },
        { status: 'running', startedAtMs: this.clock.nowMs() },
      );
      if (changed.affected !== 1) return false;
      emit(this.eventOf(turn, 'turn.started', {}));
      return true;
    });
  }

  /** Calls off a turn that waits; one that has begun or ended stays as it is. @returns whether it did. */
  callOff(turn: AcceptedTurn): Promise<boolean> {
    return this.events.commit(async (transaction, emit) => {
      const manager = await transaction.manager();
      const changed = await manager.update(
        TurnEntity,
        { id: turn.id, status: 'queued' },
        { status: 'cancelled', stopReason: 'cancelled', endedAtMs: this.clock.nowMs() },
      );
      if (changed.affected !== 1) return false;
      await this.tellCalledOff(manager, turn, emit);
      return true;
    });
  }

  /** In the transaction that closes a session: the turns that wait are called off. */
  async callOffAll(manager: EntityManager, session: SessionEntity, emit: Emit): Promise<void> {
    const waiting = await manager.findBy(TurnEntity, { sessionId: session.id, status: 'queued' });
    if (waiting.length === 0) return;
    await manager.update(
      TurnEntity,
      { sessionId: session.id, status: 'queued' },
      { status: 'cancelled', stopReason: 'cancelled', endedAtMs: this.clock.nowMs() },
    );
    for (const { id, turnIndex } of waiting) {
      await this.tellCalledOff(manager, { id, turnIndex, session }, emit);
    }
  }

  /** An event of a turn, now. */
  eventOf(
    turn: AcceptedTurn,
    type: SessionEventType,
    data: JsonObject,
    raw: string | null = null,
  ): NewSessionEvent {
    return {
      sessionId: turn.session.id,
      turnId: turn.id,
      turnIndex: turn.turnIndex,
      type,
      dataJson: JSON.stringify(data),
      raw,
      atMs: this.clock.nowMs(),
    };
  }

  /**
   * Records how a running turn ended, in the transaction of its last events. Only completed turns count and move
   * `last_turn_at`.
   * @throws GatewayError `storage_unavailable` when it could not be recorded now; it will be later.
   */
  end(turn: AcceptedTurn, end: TurnEnd): Promise<void> {
    const { status, result, durationMs } = end;
    const endedAtMs = this.clock.nowMs();
    const event = this.eventOf(turn, `turn.${status}`, end.eventData);
    return this.events.commitLate((transaction, emit) => {
      const lastSeq = emit(event);
      const { stopReason, error, errorCode, deadline, costUsd, contextLost, agentSessionId } = result;
      const usage = result.usage === null ? null : JSON.stringify(result.usage);
      transaction.add(
        sql`UPDATE turns SET status = ${status}, stop_reason = ${stopReason}, error = ${error}, error_code = ${errorCode},
            deadline = ${deadline}, usage = ${usage}, cost_usd = ${costUsd}, context_lost = ${contextLost},
            duration_ms = ${durationMs}, ended_at = ${endedAtMs}, last_seq = ${lastSeq} WHERE id = ${turn.id}`,
      );
      const completed = status === 'completed' ? 1 : 0;
      transaction.add(
        sql`UPDATE sessions SET idle_since = ${endedAtMs}, agent_session_id = coalesce(${agentSessionId}, agent_session_id),
            last_turn_at = iif(${completed}, ${endedAtMs}, last_turn_at), turn_count = turn_count + ${completed}
            WHERE seq = ${turn.session.seq}`,
      );
      if (agentSessionId !== null) this.sessions.change(turn.session.id, { agentSessionId });
      transaction.add(
        this.audit.statementOf({
          event: 'turn',
          appName: turn.session.appName,
          sessionId: turn.session.id,
          detail: { turn_index: turn.turnIndex, status, stop_reason: stopReason, duration_ms: durationMs },
        }),
      );
    });
  }

  /**
   * At start: turns that were running when the server ended have an unknown outcome; those that waited never began.
   * @returns how many were running.
   */
  async settleLeftovers(): Promise<number> {
    const leftovers = await this.ledger.read((manager) =>
      manager.findBy(TurnEntity, { status: In(['queued', 'running']) }),
    );
    for (const { id, sessionId, turnIndex, status } of leftovers) {
      await this.settle(id, sessionId, turnIndex, status === 'running' ? 'unknown' : 'cancelled');
    }
    return leftovers.filter((turn) => turn.status === 'running').length;
  }

  private async tellCalledOff(manager: EntityManager, turn: AcceptedTurn, emit: Emit): Promise<void> {
    const lastSeq = emit(this.eventOf(turn, 'turn.cancelled', { ok: true, stop_reason: 'cancelled' }));
    await manager.update(TurnEntity, { id: turn.id }, { lastSeq });
  }

  private settle(
    id: string,
    sessionId: string,
    turnIndex: number,
    status: TurnStatus & FinalTurnStatus,
  ): Promise<void> {
    return this.events.commit(async (transaction, emit) => {
      const manager = await transaction.manager();
      const session = await manager.findOneByOrFail(SessionEntity, { id: sessionId });
      const endedAtMs = this.clock.nowMs();
      const lastSeq = emit(
        this.eventOf({ id, turnIndex, session }, `turn.${status}`, {
          ok: status === 'cancelled',
          stop_reason: status,
        }),
      );
      await manager.update(TurnEntity, { id }, { status, stopReason: status, endedAtMs, lastSeq });
      await manager.update(SessionEntity, { id: sessionId }, { idleSinceMs: endedAtMs });
      await this.audit.record(manager, {
        event: 'turn',
        appName: session.appName,
        sessionId,
        detail: { turn_index: turnIndex, status },
      });
    });
  }
}
