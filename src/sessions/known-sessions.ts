import { Injectable } from '@nestjs/common';
import { GatewayError } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';
import type { LedgerTransaction } from '../database/ledger-transaction.js';
import { SessionEntity } from './session.entity.js';

/** What a turn needs of its session. */
export type TurnSession = Readonly<
  Pick<
    SessionEntity,
    | 'id'
    | 'seq'
    | 'appName'
    | 'agent'
    | 'launchCommand'
    | 'agentSessionId'
    | 'cwd'
    | 'marker'
    | 'options'
    | 'lastTurnIndex'
  >
>;

export function sessionClosedError(): GatewayError {
  return new GatewayError('session_closed', 'the session is closed');
}

/**
 * Open sessions as the transaction that is being written has them, so that a turn reads nothing. Only steps of the event log
 * read, change and forget them, in the order in which they write: turns change what they write of a session, everything else that
 * writes to its row makes it forgotten. Whatever rolls back makes all forgotten, and the ledger is read again.
 */
@Injectable()
export class KnownSessions {
  private readonly sessions = new Map<string, TurnSession>();
  private rollbacks = 0;

  constructor(private readonly ledger: Ledger) {}

  /** The session if it is known, and so open. */
  get(sessionId: string): TurnSession | undefined {
    if (this.rollbacks !== this.ledger.rollbacks) {
      this.rollbacks = this.ledger.rollbacks;
      this.sessions.clear();
    }
    return this.sessions.get(sessionId);
  }

  /** The session as it is in the transaction. @throws GatewayError `session_closed`. */
  async open(transaction: LedgerTransaction, sessionId: string): Promise<TurnSession> {
    const known = this.get(sessionId);
    if (known !== undefined) return known;
    const manager = await transaction.manager();
    const session = await manager.findOneByOrFail(SessionEntity, { id: sessionId });
    if (session.closedAtMs !== null) throw sessionClosedError();
    this.sessions.set(sessionId, session);
    return session;
  }

  /** Takes over what the transaction writes of a session; one that is not known stays so. */
  change(sessionId: string, written: Partial<Pick<TurnSession, 'agentSessionId' | 'lastTurnIndex'>>): void {
    const known = this.get(sessionId);
    if (known !== undefined) this.sessions.set(sessionId, { ...known, ...written });
  }

  forget(sessionId: string): void {
    this.sessions.delete(sessionId);
  }
}
