import { Injectable, Logger } from '@nestjs/common';
import { AcpxRunner } from '../acpx/acpx-runner.js';
import { AppConfig } from '../config/app-config.js';
import { LateWriter } from '../database/late-writer.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { OpenSessions } from './open-sessions.js';
import { SessionDirectories } from './session-directory.js';
import { SessionStore } from './session-store.js';
import { TurnLedger } from './turn-ledger.js';
import { TurnQueues } from './turn-queue.js';
import { SessionsService } from './sessions.service.js';
import { EventLog } from './events/event-log.js';
import { EventStreams } from './events/event-streams.js';
import { drainingError } from '../common/drain.js';

/** Takes sessions up at start and puts them down at shutdown; they stay open in between. */
@Injectable()
export class SessionLifecycle {
  private readonly logger = new Logger(SessionLifecycle.name);

  constructor(
    private readonly config: AppConfig,
    private readonly store: SessionStore,
    private readonly turns: TurnLedger,
    private readonly lateWriter: LateWriter,
    private readonly queues: TurnQueues,
    private readonly open: OpenSessions,
    private readonly directories: SessionDirectories,
    private readonly processes: ProcessSupervisor,
    private readonly runner: AcpxRunner,
    private readonly log: EventLog,
    private readonly streams: EventStreams,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Before the port is opened: turns that a crash cut off become `unknown`, open sessions are counted, and what closed
   * or half-made sessions left behind goes. Their processes have been swept before.
   */
  async start(): Promise<void> {
    const unknown = await this.turns.settleLeftovers();
    if (unknown > 0)
      this.logger.warn({ turns: unknown }, 'turns were running when the server ended; now unknown');
    for (const { appName, count } of await this.store.openCounts()) this.open.add(appName, count);
    const openIds = await this.store.openIds();
    for (const { marker, ownerId } of this.processes.knownMarkers('session')) {
      if (openIds.has(ownerId)) continue;
      await this.directories.removeFresh(ownerId);
      await this.processes.forget(marker);
      await this.sessions.endLog(ownerId);
    }
  }

  /** At shutdown: turns may end within CLAWDFORGE_DRAIN_SECS, then they are cancelled; agents stop, sessions stay open. */
  async stop(): Promise<void> {
    const grace = AbortSignal.timeout(this.config.drainSecs * 1000);
    const graceOver = new Promise<void>((resolve) => {
      grace.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.queues.whenIdle(), graceOver]);
    this.queues.endAll(drainingError());
    await this.queues.whenIdle();
    await this.log.flush();
    this.streams.endAll();
    await this.lateWriter.flush();
    await this.runner.shutdown();
  }
}
