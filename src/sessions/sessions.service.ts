import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { IsNull, LessThan } from 'typeorm';
import { AcpxRunner, type RunnerSession } from '../acpx/acpx-runner.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { AppCaller } from '../common/caller.js';
import { Clock } from '../common/clock.js';
import { DrainSwitch } from '../common/drain.js';
import { invalidFields } from '../core/errors.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { EventLog } from './events/event-log.js';
import { sessionEvent } from './events/session-event.js';
import { KnownSessions, sessionClosedError } from './known-sessions.js';
import { OpenSessions } from './open-sessions.js';
import { SessionDirectories } from './session-directory.js';
import type { NewSession, SessionPatch } from './session-requests.js';
import { SessionStore } from './session-store.js';
import { SessionEntity } from './session.entity.js';
import { toRunnerSession } from './session.mapper.js';
import { SessionOptionsReader, storedOptionsOf } from './session-options.js';
import { TurnLedger } from './turn-ledger.js';
import { TurnExecution } from './turn-execution.js';
import { TurnQueues } from './turn-queue.js';

/** Opens, changes and closes sessions. What is promised is in the ledger first; processes and directories follow it. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger(SessionsService.name);

  constructor(
    private readonly store: SessionStore,
    private readonly log: EventLog,
    private readonly turns: TurnLedger,
    private readonly audit: AuditTrail,
    private readonly queues: TurnQueues,
    private readonly known: KnownSessions,
    private readonly open: OpenSessions,
    private readonly directories: SessionDirectories,
    private readonly options: SessionOptionsReader,
    private readonly runner: AcpxRunner,
    private readonly processes: ProcessSupervisor,
    private readonly execution: TurnExecution,
    private readonly drain: DrainSwitch,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens a session with its agent.
   * @throws GatewayError `validation_failed` (agent, cwd), `pool_full`, `agent_not_installed`, `agent_failed`, `draining`.
   */
  async create(caller: AppCaller, request: NewSession): Promise<SessionEntity> {
    this.drain.assertOpen();
    if (!this.runner.isAllowed(request.agent)) {
      throw invalidFields([{ field: 'agent', message: 'takes a name of the allow-list of agents' }]);
    }
    this.open.reserve(caller.appName, caller.maxSessions);
    try {
      return await this.start(caller.appName, request);
    } catch (error) {
      this.open.release(caller.appName);
      throw error;
    }
  }

  /**
   * Closes an app's session at once: its running turn is cancelled, those that wait are refused.
   * @returns whether it had been closed before; of two calls at once exactly one gets false.
   */
  async close(caller: AppCaller, sessionId: string): Promise<boolean> {
    const session = await this.store.find(caller.appName, sessionId);
    if (session.closedAtMs !== null) return true;
    if (!(await this.markClosed(session, 'close'))) return true;
    await this.windDown(session);
    return false;
  }

  /**
   * Closes a session that is idle since before a point in Unix milliseconds, unless a turn came in meanwhile.
   * @returns whether it was closed by this call.
   */
  async closeIdle(session: SessionEntity, idleBeforeMs: number): Promise<boolean> {
    if (!(await this.markClosed(session, 'sweep_close', idleBeforeMs))) return false;
    await this.windDown(session);
    return true;
  }

  /**
   * Changes an open session between its turns; `meta` at any time.
   * @throws GatewayError `session_not_found`, `session_closed`, `validation_failed` naming what the agent does not support,
   * `queue_full`, `agent_failed`.
   */
  async change(caller: AppCaller, sessionId: string, change: SessionPatch): Promise<SessionEntity> {
    const session = await this.store.find(caller.appName, sessionId);
    if (session.closedAtMs !== null) throw sessionClosedError();
    const { meta, ...atAgent } = change;
    const ticket = Object.keys(atAgent).length === 0 ? undefined : this.queues.enter(sessionId);
    try {
      await ticket?.ready;
      if (ticket !== undefined) await this.runner.configure(this.toRunnerSession(session), atAgent);
      await this.log.commit(async (transaction) => {
        const manager = await transaction.manager();
        const row = await manager.findOneByOrFail(SessionEntity, { id: sessionId });
        if (row.closedAtMs !== null) throw sessionClosedError();
        const options = storedOptionsOf(row);
        const config = { ...options.config, ...atAgent.config };
        session.options = JSON.stringify({ ...options, ...atAgent, config });
        if (meta !== undefined) session.meta = meta === null ? null : JSON.stringify(meta);
        await manager.update(
          SessionEntity,
          { id: sessionId },
          { options: session.options, meta: session.meta },
        );
        this.known.forget(sessionId);
      });
      return session;
    } finally {
      ticket?.leave();
    }
  }

  private async start(appName: string, request: NewSession): Promise<SessionEntity> {
    const options = await this.options.check(request.options);
    const id = randomUUID().replaceAll('-', '');
    // The marker goes first: by it the next start finds what a crash leaves of a session that was being made.
    const marker = await this.processes.newMarker('session', id);
    try {
      const directory = await this.directories.open(id, request.cwd);
      const created = await this.runner.create({
        id,
        agent: request.agent,
        launchCommand: null,
        cwd: directory.cwd,
        marker,
        agentSessionId: null,
        hasHistory: false,
        options: this.options.toRunnerOptions(options),
      });
      const nowMs = this.clock.nowMs();
      const session = this.newRow(
        { id, appName, agent: request.agent, marker, ...directory, ...created },
        nowMs,
      );
      session.meta = request.meta === null ? null : JSON.stringify(request.meta);
      session.options = JSON.stringify(options);
      await this.log.commit(async (transaction, emit) => {
        const manager = await transaction.manager();
        await manager.insert(SessionEntity, session);
        await this.audit.record(manager, {
          event: 'create',
          appName,
          sessionId: id,
          detail: { agent: request.agent, cwd: directory.cwd },
        });
        emit(sessionEvent(id, 'session.created', { agent: request.agent, cwd: directory.cwd }, nowMs));
      });
      return session;
    } catch (error) {
      if (request.cwd === undefined) await this.directories.removeFresh(id);
      await this.processes.forget(marker);
      throw error;
    }
  }

  private newRow(
    known: Pick<
      SessionEntity,
      'id' | 'appName' | 'agent' | 'marker' | 'cwd' | 'ownsCwd' | 'launchCommand' | 'agentSessionId'
    >,
    nowMs: number,
  ): SessionEntity {
    return Object.assign(new SessionEntity(), known, {
      meta: null,
      options: null,
      createdAtMs: nowMs,
      lastTurnAtMs: null,
      idleSinceMs: nowMs,
      turnCount: 0,
      lastTurnIndex: 0,
      closedAtMs: null,
    });
  }

  /** Closes the session in the ledger, with the turns that wait; false when there was nothing to close. */
  private async markClosed(
    session: SessionEntity,
    event: 'close' | 'sweep_close',
    idleBeforeMs?: number,
  ): Promise<boolean> {
    const isClosed = await this.log.commit(async (transaction, emit) => {
      if (idleBeforeMs !== undefined && this.queues.pendingTurns(session.id) > 0) return false;
      const manager = await transaction.manager();
      const nowMs = this.clock.nowMs();
      const changed = await manager.update(
        SessionEntity,
        {
          id: session.id,
          closedAtMs: IsNull(),
          ...(idleBeforeMs === undefined ? {} : { idleSinceMs: LessThan(idleBeforeMs) }),
        },
        { closedAtMs: nowMs },
      );
      if (changed.affected !== 1) return false;
      this.known.forget(session.id);
      await this.turns.callOffAll(manager, session, emit);
      await this.audit.record(manager, { event, appName: session.appName, sessionId: session.id });
      return true;
    });
    if (isClosed) this.open.release(session.appName);
    return isClosed;
  }

  /** After the close is in the ledger: the turns, the agent, its processes, our directory. */
  private async windDown(session: SessionEntity): Promise<void> {
    await this.queues.end(session.id, sessionClosedError());
    await this.endLog(session.id);
    await this.runner.close(this.toRunnerSession(session));
    await this.directories.remove(session);
    await this.processes.forget(session.marker);
    this.logger.log({ session_id: session.id }, 'session closed');
  }

  /** The last event of a session, behind the ends of its turns; a storage fault is not the closing client's. */
  async endLog(sessionId: string): Promise<void> {
    this.execution.forget(sessionId);
    await this.log
      .commitLate(async (transaction, emit) => {
        const manager = await transaction.manager();
        if (!(await manager.existsBy(SessionEntity, { id: sessionId }))) return;
        const told = await manager.query<unknown[]>(
          `SELECT 1 FROM events WHERE session_id = ? AND type = 'session.closed'`,
          [sessionId],
        );
        if (told.length === 0) emit(sessionEvent(sessionId, 'session.closed', {}, this.clock.nowMs()));
      })
      .catch((error: unknown) =>
        this.logger.warn({ err: error, session_id: sessionId }, 'end of log not written yet'),
      );
  }

  private toRunnerSession(session: SessionEntity): RunnerSession {
    return toRunnerSession(session, this.options.toRunnerOptions(storedOptionsOf(session)));
  }
}
