import path from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { drainingError } from '../../common/drain.js';
import { AppConfig } from '../../config/app-config.js';
import { secretsOf } from '../../config/secrets.js';
import { messageOf } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';
import { redact, tailOf } from '../../core/redaction.js';
import { ProcessSupervisor } from '../../processes/process-supervisor.js';
import {
  AcpxRunner,
  type AgentInfo,
  type CreatedSession,
  type PromptItem,
  type PromptOptions,
  type RunnerSession,
  type RunnerStats,
  type RunnerVersion,
  type SessionChange,
} from '../acpx-runner.js';
import { AgentCatalogue } from '../agent-catalogue.js';
import { bundledAcpxVersion } from '../installed-packages.js';
import { quoteCommand } from '../launch-command.js';
import { ACP_LIMITS, type AcpLimits, DEFAULT_ACP_LIMITS, MAX_TOLD_CHARS } from './acp-limits.js';
import { AcpTurn } from './acp-turn.js';
import { toGatewayError } from './agent-fault.js';
import { LiveSession } from './live-session.js';
import { SessionKeeper } from './session-keeper.js';

/** Idle sessions are looked for in this part of the idle time, and at least every five seconds. */
const IDLE_CHECKS = 4;
const MAX_IDLE_CHECK_MS = 5_000;

/**
 * Drives agents that are kept alive, in ACP over their stdin and stdout; several sessions share a process. A session that
 * is not used for a while leaves its process and is taken up again by its next turn.
 */
@Injectable()
export class AcpRunner extends AcpxRunner implements OnApplicationBootstrap {
  private readonly logger = new Logger(AcpRunner.name);
  private readonly secrets: readonly string[];
  private readonly keeper: SessionKeeper;
  private readonly sessions = new Map<string, LiveSession>();
  private readonly idleCheck: NodeJS.Timeout;
  private stopped: Promise<void> | undefined;

  constructor(
    config: AppConfig,
    private readonly catalogue: AgentCatalogue,
    supervisor: ProcessSupervisor,
    private readonly clock: Clock,
    @Optional() @Inject(ACP_LIMITS) private readonly limits: AcpLimits = DEFAULT_ACP_LIMITS,
  ) {
    super();
    this.secrets = secretsOf(config);
    this.keeper = new SessionKeeper(config, catalogue, limits, {
      supervisor,
      limits,
      directory: path.join(config.dataDir, 'agents'),
      told: (text) => this.told(text),
      warn: (text, about) => this.logger.warn(about, text),
    });
    const idleMs = config.agentIdleSecs * 1000;
    this.idleCheck = setInterval(
      () => this.hibernateIdle(idleMs),
      Math.min(idleMs / IDLE_CHECKS, MAX_IDLE_CHECK_MS),
    ).unref();
  }

  onApplicationBootstrap(): void {
    this.keeper.prewarm();
  }

  isAllowed(agent: string): boolean {
    return this.catalogue.isAllowed(agent);
  }

  agents(): Promise<AgentInfo[]> {
    return Promise.resolve(
      this.catalogue.list().map((info) => {
        const facts = this.keeper.factsOf(info.name);
        return facts === undefined
          ? info
          : { ...info, version: facts.version, capabilities: facts.capabilities };
      }),
    );
  }

  async create(info: RunnerSession): Promise<CreatedSession> {
    if (this.stopped !== undefined) throw drainingError();
    const launchCommand = quoteCommand(this.catalogue.launchArgv(info.agent));
    const session = this.sessionOf(info);
    try {
      await this.keeper.wake(session, session.closing.signal);
      return { launchCommand, agentSessionId: session.agentSessionId };
    } catch (error) {
      this.sessions.delete(info.id);
      throw toGatewayError(error);
    } finally {
      this.rest(session);
    }
  }

  prompt(
    info: RunnerSession,
    content: readonly JsonObject[],
    options: PromptOptions,
  ): AsyncIterable<PromptItem> {
    return { [Symbol.asyncIterator]: () => this.turnOf(info, content, options) };
  }

  async configure(info: RunnerSession, change: SessionChange): Promise<void> {
    if (this.stopped !== undefined) throw drainingError();
    const session = this.sessionOf(info);
    try {
      await this.keeper.configure(session, change, session.closing.signal);
    } catch (error) {
      throw toGatewayError(error);
    } finally {
      this.rest(session);
    }
  }

  async cancel(info: RunnerSession): Promise<void> {
    await this.sessions.get(info.id)?.turn?.cancel();
  }

  async close(info: RunnerSession): Promise<void> {
    const session = this.sessions.get(info.id);
    if (session === undefined) return;
    const turn = session.turn?.cancel();
    session.closing.abort(new Error('the session is closed'));
    await turn;
    await session.hibernate();
    this.sessions.delete(info.id);
  }

  async release(info: RunnerSession): Promise<void> {
    const session = this.sessions.get(info.id);
    await session?.turn?.cancel();
    await session?.hibernate();
  }

  /** Of the acpx whose registry says how agents are started; its command line is not used. */
  version(): Promise<RunnerVersion> {
    return Promise.resolve({ isPresent: true, version: bundledAcpxVersion() });
  }

  stats(): RunnerStats {
    const sessions = [...this.sessions.values()];
    return {
      ...this.keeper.stats(),
      loadedSessions: sessions.filter((session) => session.agent !== null).length,
      runningTurns: sessions.filter((session) => session.turn !== null).length,
    };
  }

  shutdown(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  private turnOf(info: RunnerSession, content: readonly JsonObject[], options: PromptOptions): AcpTurn {
    const session = this.sessionOf(info);
    return new AcpTurn(session, content, options, {
      limits: this.limits,
      nowMs: () => this.clock.monotonicMs(),
      told: (text) => this.told(text),
      refusal: () => (this.stopped === undefined ? undefined : drainingError()),
      wake: (signal) => this.keeper.wake(session, signal),
      giveUp: () => this.keeper.giveUp(session),
      ended: () => this.rest(session),
    });
  }

  /** What is kept in memory wins over the ledger's row, which may have been read before the last turn. */
  private sessionOf(info: RunnerSession): LiveSession {
    let session = this.sessions.get(info.id);
    if (session === undefined) {
      session = new LiveSession(info, this.keeper, this.clock.monotonicMs());
      this.sessions.set(info.id, session);
    }
    session.info = info;
    return session;
  }

  /** The session is not in use for now: its process may be given to another. */
  private rest(session: LiveSession): void {
    session.idleSinceMs = this.clock.monotonicMs();
    this.keeper.serve();
  }

  private hibernateIdle(idleMs: number): void {
    const dueMs = this.clock.monotonicMs() - idleMs;
    for (const session of this.sessions.values()) {
      if (session.agent === null || session.isBusy || session.idleSinceMs > dueMs) continue;
      session.hibernate().catch((error: unknown) => {
        this.logger.warn({ session_id: session.info.id }, messageOf(error));
      });
    }
  }

  private async stopAll(): Promise<void> {
    clearInterval(this.idleCheck);
    const turns = [...this.sessions.values()].map((session) => this.cancel(session.info));
    const late = AbortSignal.timeout(this.limits.shutdownMs);
    await Promise.race([
      Promise.all(turns),
      new Promise((resolve) => late.addEventListener('abort', resolve, { once: true })),
    ]);
    await this.keeper.shutdown(drainingError());
    await Promise.all(turns);
  }

  private told(text: string): string {
    return tailOf(redact(text, this.secrets), MAX_TOLD_CHARS);
  }
}
