import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { AppConfig } from '../config/app-config.js';
import {
  keyBefore,
  makeDirectory,
  notMeasured,
  refuseStorage,
  type Completion,
  type Outside,
} from './completion.js';
import type { LiveSession } from './live-session.js';
import { LiveSlots } from './live-slots.js';
import { McpConfigFiles } from './mcp-config-files.js';
import type { SessionFactory } from './session-factory.js';
import { makeSessionHome, removeSessionHome } from './session-home.js';
import { SessionPool } from './session-pool.js';
import type { SessionSpec } from './session-spec.js';

/**
 * The sessions whose `claude` lives, at work or waiting, and never more than the setting's number. Each that is taken out
 * goes back by exactly one call of `keep` or `discard`.
 */
export class LiveSessions {
  private readonly logger = new Logger(LiveSessions.name);
  private readonly all = new Set<LiveSession>();
  private readonly pool = new SessionPool<LiveSession>();
  private readonly slots: LiveSlots;
  private readonly mcpConfigs: McpConfigFiles;
  private readonly homesDir: string;
  private readonly mcpDir: string;
  private evictions = 0;
  private isClosed = false;

  constructor(
    private readonly config: AppConfig,
    private readonly factory: SessionFactory,
    private readonly clock: Clock,
    directory: string,
  ) {
    this.slots = new LiveSlots(config.claudePool);
    this.homesDir = path.join(directory, 'sessions');
    this.mcpDir = path.join(directory, 'mcp');
    this.mcpConfigs = new McpConfigFiles(this.mcpDir);
  }

  get sessions(): readonly LiveSession[] {
    return [...this.all];
  }

  /** Requests that wait for room. */
  get queued(): number {
    return this.slots.waiting;
  }

  /** Removes what a server that was killed left of its sessions. */
  async removeLeftovers(): Promise<void> {
    for (const directory of [this.homesDir, this.mcpDir]) {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /**
   * The waiting session that holds the history of `completion`, or undefined. One that does not hold it any more, because
   * claude ended or somebody else wrote to it, is closed.
   */
  async take(completion: Completion): Promise<LiveSession | undefined> {
    const key = keyBefore(completion);
    for (;;) {
      const live = this.pool.take(key);
      if (live === undefined) return undefined;
      live.isBusy = true;
      if (await live.session.isReusable()) return live;
      await this.discard(live);
    }
  }

  /**
   * Starts a session, once there is room; whoever has waited longest makes it.
   * @throws GatewayError `queue_full`, `storage_unavailable`; ClaudeTurnError `not_ready`; the signal's reason.
   */
  async start(
    completion: Completion,
    signal: AbortSignal,
    outside: Outside = notMeasured,
  ): Promise<LiveSession> {
    const slot = this.slots.acquire(signal);
    this.makeRoom();
    await outside(slot);
    try {
      const live = await this.startInSlot(completion, signal, outside);
      this.all.add(live);
      if (this.isClosed) void this.discard(live);
      void live.session.ended.then(() => this.dropEnded(live));
      return live;
    } catch (error) {
      this.slots.release();
      throw error;
    }
  }

  /** Lets a session wait for its conversation to go on, under `keys`. */
  keep(live: LiveSession, keys: readonly string[]): void {
    live.isBusy = false;
    live.lastUsedMs = this.clock.nowMs();
    if (this.isClosed) void this.discard(live);
    else this.pool.put(live, keys, this.clock.monotonicMs());
    this.makeRoom();
  }

  /** Closes a session and removes all that it kept; idempotent. @throws never. */
  discard(live: LiveSession): Promise<void> {
    return (live.closing ??= this.end(live));
  }

  /** Closes those that nobody continued for the setting's time. */
  async discardExpired(): Promise<void> {
    const beforeMs = this.clock.monotonicMs() - this.config.claudePoolTtlSecs * 1000;
    await Promise.all(this.pool.takeOlderThan(beforeMs).map((live) => this.discard(live)));
  }

  /** Closes all; idempotent. @throws never. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((live) => this.discard(live)));
    await this.mcpConfigs.close().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'a file of MCP servers could not be removed');
    });
  }

  private async startInSlot(
    completion: Completion,
    signal: AbortSignal,
    outside: Outside,
  ): Promise<LiveSession> {
    const spec = specOf(completion);
    await makeDirectory(spec.cwd);
    const mcpConfig = await this.mcpConfigs.fileFor(spec.mcpServers).catch(refuseStorage);
    const nowMs = this.clock.nowMs();
    const apiKey = this.config.agentEnv.ANTHROPIC_API_KEY;
    const home = await makeSessionHome(spec, { parent: this.homesDir, apiKey, nowMs }).catch(refuseStorage);
    try {
      const session = await outside(this.factory.start(spec, home, mcpConfig, signal));
      return { spec, session, startedAtMs: nowMs, lastUsedMs: nowMs, numTurns: 0, isBusy: true };
    } catch (error) {
      await this.removeHome(spec.id);
      throw error;
    }
  }

  /** Ends as many waiting sessions as there are requests that wait for their room. */
  private makeRoom(): void {
    while (this.evictions < this.slots.waiting) {
      const oldest = this.pool.takeOldest();
      if (oldest === undefined) return;
      this.evictions += 1;
      void this.discard(oldest).then(() => (this.evictions -= 1));
    }
  }

  private dropEnded(live: LiveSession): void {
    if (this.pool.remove(live)) void this.discard(live);
  }

  private async end(live: LiveSession): Promise<void> {
    this.pool.remove(live);
    await live.session.close();
    await this.removeHome(live.spec.id);
    this.all.delete(live);
    this.slots.release();
  }

  private async removeHome(id: string): Promise<void> {
    await removeSessionHome(path.join(this.homesDir, id)).catch((error: unknown) => {
      this.logger.warn({ err: error, session_id: id }, 'the files of a session could not be removed');
    });
  }
}

function specOf(completion: Completion): SessionSpec {
  const { app, engine, cwd, model, system, permissionMode, allowedTools, disallowedTools, mcpServers } =
    completion;
  return {
    id: randomUUID(),
    app,
    engine,
    cwd,
    model,
    system,
    permissionMode,
    allowedTools,
    disallowedTools,
    mcpServers,
    plantedHistory: completion.historyMode === 'native_jsonl' ? completion.history : [],
  };
}
