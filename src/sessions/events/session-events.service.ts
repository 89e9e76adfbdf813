import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AppCaller } from '../../common/caller.js';
import { SseWriter } from '../../common/sse.js';
import { eventCursor } from '../../core/event-cursor.js';
import { isFinal } from '../../core/turn-status.js';
import { SessionStore } from '../session-store.js';
import type { AcceptedTurn } from '../turn-ledger.js';
import { TurnStore } from '../turn-store.js';
import type { EventPageQuery } from './dto/event.dto.js';
import { EventLog } from './event-log.js';
import { EventStore } from './event-store.js';
import { EventStreams } from './event-streams.js';
import { eventJson } from './session-event.js';

/** Whether the client asks for an event stream rather than JSON. */
export function wantsEventStream(request: Request): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

/** Pages and streams of a session's events, for the app that owns it. */
@Injectable()
export class SessionEventsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly turns: TurnStore,
    private readonly log: EventLog,
    private readonly store: EventStore,
    private readonly streams: EventStreams,
  ) {}

  /**
   * A page as JSON text: the events are JSON in the log already.
   * @throws GatewayError `session_not_found`, `turn_not_found`, `invalid_cursor`.
   */
  async page(app: AppCaller, sessionId: string, query: EventPageQuery): Promise<string> {
    await this.assertReadable(app, sessionId, query.turn_id);
    const { after, turn_id: turnId, types, limit } = query;
    const afterSeq = this.store.seqOf(sessionId, after, this.log.lastSeq);
    const events = await this.store.page({ sessionId, afterSeq, turnId, types, limit });
    const last = events.at(-1);
    const next = last === undefined ? (after ?? null) : eventCursor(sessionId, last.seq);
    return `{"events":[${events.map(eventJson).join(',')}],"next":${JSON.stringify(next)}}`;
  }

  /**
   * Replays the log behind the cursor, then follows live until the session is closed or the turn of the query ends.
   * @throws GatewayError as `page`, before the answer begins.
   */
  async stream(app: AppCaller, sessionId: string, query: EventPageQuery, response: Response): Promise<void> {
    await this.assertReadable(app, sessionId, query.turn_id);
    const { after, turn_id: turnId, types } = query;
    const afterSeq = this.store.seqOf(sessionId, after, this.log.lastSeq);
    const isOver =
      turnId === undefined
        ? () => this.store.hasEnded(sessionId)
        : async () => isFinal((await this.turns.find(sessionId, turnId)).status);
    const client = new SseWriter(response);
    await this.streams.follow({ appName: app.appName, sessionId, afterSeq, turnId, types, isOver }, client);
  }

  /** Streams one turn from its first event to the one of its end. */
  async streamTurn(app: AppCaller, turn: AcceptedTurn, response: Response): Promise<void> {
    const { id: sessionId } = turn.session;
    const isOver = async (): Promise<boolean> => isFinal((await this.turns.find(sessionId, turn.id)).status);
    const query = { appName: app.appName, sessionId, afterSeq: 0, turnId: turn.id, isOver };
    await this.streams.follow(query, new SseWriter(response));
  }

  private async assertReadable(app: AppCaller, sessionId: string, turnId: string | undefined): Promise<void> {
    await this.sessions.find(app.appName, sessionId);
    if (turnId !== undefined) await this.turns.find(sessionId, turnId);
  }
}
