import path from 'node:path';
import 'reflect-metadata';
import { SessionEventEntity } from '../../../src/audit/session-event.entity.js';
import {
  IdempotencyAnswerEntity,
  IdempotencyKeyEntity,
} from '../../../src/idempotency/idempotency-key.entity.js';
import type { Ledger } from '../../../src/database/ledger.js';
import { openLedger } from '../../../src/database/open-ledger.js';
import { SessionEntity } from '../../../src/sessions/session.entity.js';
import { TurnEntity } from '../../../src/sessions/turn.entity.js';

const ROWS_AT_ONCE = 500;

export function benchLedgerFile(dataDir: string): string {
  return path.join(dataDir, 'clawdforge.db');
}

/** The server's own ledger on the file where a server of `dataDir` keeps it, brought up to date by its migrations. */
export function openBenchLedger(dataDir: string): Promise<Ledger> {
  return openLedger(benchLedgerFile(dataDir), [
    SessionEntity,
    TurnEntity,
    SessionEventEntity,
    IdempotencyKeyEntity,
    IdempotencyAnswerEntity,
  ]);
}

export interface SeededSessions {
  readonly appName: (index: number) => string;
  readonly closedAtMs: (index: number) => number | null;
  readonly turnsEach: number;
}

/** Fills the ledger with `count` sessions as the server would have written them. */
export async function seedSessions(ledger: Ledger, count: number, seeded: SeededSessions): Promise<void> {
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    const indices = Array.from(
      { length: Math.min(ROWS_AT_ONCE, count - start) },
      (_, offset) => start + offset,
    );
    const sessions = indices.map((index) => sessionRow(index, seeded));
    await ledger.write(async (manager) => {
      await manager
        .createQueryBuilder()
        .insert()
        .into(SessionEntity)
        .values(sessions)
        .updateEntity(false)
        .execute();
      for (let turnIndex = 1; turnIndex <= seeded.turnsEach; turnIndex += 1) {
        const turns = sessions.map((session) => turnRow(session, turnIndex));
        await manager
          .createQueryBuilder()
          .insert()
          .into(TurnEntity)
          .values(turns)
          .updateEntity(false)
          .execute();
      }
    });
  }
}

/** Gives every turn its events, the sessions taking turns as in a server with much to do. */
export async function seedEvents(ledger: Ledger, eventsEach: number): Promise<void> {
  const raw =
    '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"0123456789abcdef","update":{"sessionUpdate":' +
    '"agent_message_chunk","content":{"type":"text","text":"a chunk of what the agent says in this turn"}}}}';
  await ledger.write(async (manager) => {
    await manager.query(
      `INSERT INTO events (session_id, turn_id, turn_index, type, data, raw, at_ms)
       WITH RECURSIVE places (place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < ?)
       SELECT session_id, id, turn_index, 'message.delta', ?, ?, started_at FROM turns, places
       ORDER BY turn_index, place, session_id`,
      [eventsEach, JSON.stringify({ text: 'a chunk of what the agent says in this turn' }), raw],
    );
    await manager.query(
      `UPDATE turns SET first_seq = bounds.low, last_seq = bounds.high
       FROM (SELECT turn_id, min(seq) AS low, max(seq) AS high FROM events GROUP BY turn_id) AS bounds
       WHERE bounds.turn_id = turns.id`,
    );
  });
}

type NewSession = Omit<SessionEntity, 'seq'>;

function sessionRow(index: number, seeded: SeededSessions): NewSession {
  const id = hexId(0x5e, index);
  const createdAtMs = Date.now() - 600_000;
  return {
    id,
    appName: seeded.appName(index),
    agent: 'echo',
    launchCommand: '/usr/bin/node /opt/clawdforge/dist/echo-agent/main.js',
    agentSessionId: hexId(0xa9, index),
    cwd: `/var/lib/clawdforge/acpx-cwds/${id}`,
    ownsCwd: true,
    marker: hexId(0x3a, index),
    meta: JSON.stringify({ purpose: 'benchmark', index }),
    options: null,
    createdAtMs,
    lastTurnAtMs: createdAtMs + 1000,
    idleSinceMs: createdAtMs + 1000,
    turnCount: seeded.turnsEach,
    lastTurnIndex: seeded.turnsEach,
    closedAtMs: seeded.closedAtMs(index),
  };
}

function turnRow(session: NewSession, turnIndex: number): TurnEntity {
  const startedAtMs = session.createdAtMs + turnIndex;
  return {
    id: `${session.id.slice(0, 24)}${turnIndex.toString(16).padStart(8, '0')}`,
    sessionId: session.id,
    turnIndex,
    status: 'completed',
    stopReason: 'end_turn',
    error: null,
    usage: null,
    prompt: null,
    errorCode: null,
    deadline: null,
    costUsd: null,
    contextLost: false,
    createdAtMs: startedAtMs,
    startedAtMs,
    endedAtMs: startedAtMs + 1,
    durationMs: 1,
    firstSeq: null,
    lastSeq: null,
  };
}

/** 32 hexadecimal characters whose order is not that of creation, as with real ids. */
function hexId(kind: number, index: number): string {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return [mixed, kind, mixed ^ 0xffffffff, index]
    .map((part) => (part >>> 0).toString(16).padStart(8, '0'))
    .join('');
}
