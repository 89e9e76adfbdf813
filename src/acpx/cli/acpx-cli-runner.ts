import { availableParallelism } from 'node:os';
import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { drainingError } from '../../common/drain.js';
import { AppConfig } from '../../config/app-config.js';
import { invalidFields, messageOf } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';
import { toStorageError } from '../../database/storage-error.js';
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
import { leavableTurn } from '../leavable-turn.js';
import { AcpxCommands } from './acpx-commands.js';
import { AcpxProgram } from './acpx-program.js';
import { AcpxSessions } from './acpx-sessions.js';
import { AcpxVersion } from './acpx-version.js';
import { CLI_LIMITS, DEFAULT_CLI_LIMITS, type CliLimits } from './cli-limits.js';
import { CliTurn, type TurnSurroundings } from './cli-turn.js';
import { closeFault } from './session-commands.js';
import { DrainingProcesses } from './draining-processes.js';
import { StartGate } from './start-gate.js';
import { unsupportedChanges, unsupportedOptions } from './unsupported-options.js';

/**
 * Drives agents by the acpx command line: a short-lived acpx for each call, and acpx's own queue owner, which keeps the
 * agent warm between turns (docs/adr/0005). The marker of a session is forgotten with the session: on close, and when
 * `create` fails.
 */
@Injectable()
export class AcpxCliRunner extends AcpxRunner {
  private readonly logger = new Logger(AcpxCliRunner.name);
  private readonly commands: AcpxCommands;
  private readonly acpxSessions: AcpxSessions;
  private readonly versionReader: AcpxVersion;
  private readonly draining: DrainingProcesses;
  private readonly gate: StartGate;
  /** Sessions that may have processes. */
  private readonly seen = new Map<string, RunnerSession>();
  private readonly turns = new Map<string, CliTurn>();
  private readonly closing = new Map<string, Promise<void>>();
  private noiseLines = 0;
  private stopped: Promise<void> | undefined;

  constructor(
    config: AppConfig,
    private readonly catalogue: AgentCatalogue,
    private readonly supervisor: ProcessSupervisor,
    clock: Clock,
    @Optional() @Inject(CLI_LIMITS) private readonly limits: CliLimits = DEFAULT_CLI_LIMITS,
  ) {
    super();
    const program = new AcpxProgram(config);
    this.commands = new AcpxCommands(config, program, supervisor, limits);
    this.acpxSessions = new AcpxSessions(this.commands, limits.createMs);
    this.versionReader = new AcpxVersion(config, program, supervisor, clock, limits);
    this.draining = new DrainingProcesses(limits.drainMs, limits.killGraceMs);
    this.gate = new StartGate(Math.max(4, 2 * availableParallelism()), limits.startMs);
  }

  isAllowed(agent: string): boolean {
    return this.catalogue.isAllowed(agent);
  }

  agents(): Promise<AgentInfo[]> {
    return Promise.resolve(this.catalogue.list());
  }

  async create(session: RunnerSession): Promise<CreatedSession> {
    try {
      return await this.begin(session);
    } catch (error) {
      await this.forget(session);
      throw toStorageError(error);
    }
  }

  prompt(
    session: RunnerSession,
    content: readonly JsonObject[],
    options: PromptOptions,
  ): AsyncIterable<PromptItem> {
    return leavableTurn(options, (leavable) => this.runTurn(session, content, leavable));
  }

  configure(_session: RunnerSession, change: SessionChange): Promise<void> {
    const unsupported = unsupportedChanges(change);
    return unsupported.length === 0 ? Promise.resolve() : Promise.reject(invalidFields(unsupported));
  }

  async cancel(session: RunnerSession): Promise<void> {
    // Without a turn of ours there is none: a cancel sent all the same could only hit the turn after this one.
    await this.turns.get(session.id)?.stop({ kind: 'cancelled' });
  }

  close(session: RunnerSession): Promise<void> {
    const underWay = this.closing.get(session.id);
    if (underWay !== undefined) return underWay;
    const closing = this.endSession(session).finally(() => this.closing.delete(session.id));
    this.closing.set(session.id, closing);
    return closing;
  }

  async release(session: RunnerSession): Promise<void> {
    await this.cancel(session);
    await this.draining.end(session.id, this.limits.releaseDrainMs);
    await this.sweep(session);
    this.seen.delete(session.id);
  }

  version(): Promise<RunnerVersion> {
    return this.versionReader.read();
  }

  /** What acpx's queue owners do is not seen from here: a session that may have processes counts as one agent. */
  stats(): RunnerStats {
    const liveAgents = this.seen.size;
    const runningTurns = this.turns.size;
    return {
      liveAgents,
      busyAgents: runningTurns,
      idleAgents: Math.max(0, liveAgents - runningTurns),
      loadedSessions: liveAgents,
      runningTurns,
      waiting: 0,
      noiseLines: this.noiseLines,
    };
  }

  shutdown(): Promise<void> {
    this.stopped ??= this.releaseAll();
    return this.stopped;
  }

  private async begin(session: RunnerSession): Promise<CreatedSession> {
    if (this.stopped !== undefined) throw drainingError();
    const unsupported = unsupportedOptions(session.options);
    if (unsupported.length > 0) throw invalidFields(unsupported);
    const launchCommand = this.catalogue.launchCommand(session.agent);
    const launched = { ...session, launchCommand };
    this.seen.set(session.id, launched);
    return { launchCommand, agentSessionId: await this.acpxSessions.create(launched) };
  }

  private async releaseAll(): Promise<void> {
    await Promise.all([...this.seen.values()].map((session) => this.release(session)));
  }

  private async *runTurn(
    session: RunnerSession,
    content: readonly JsonObject[],
    options: PromptOptions,
  ): AsyncGenerator<PromptItem, void> {
    const newTurn = (makeReady: () => Promise<void>): CliTurn =>
      new CliTurn(options, this.surroundingsOf(session, content, makeReady));
    const turn = newTurn(() => this.commands.prepare());
    let held: PromptItem | undefined;
    for await (const item of this.itemsOf(turn, session)) {
      if (item.kind === 'result' && turn.isRefused) {
        yield* this.itemsOf(
          newTurn(() => this.acpxSessions.adopt(session)),
          session,
        );
        return;
      }
      if (held !== undefined) yield held;
      // What acpx says when it refuses a prompt is nothing for the client, unless the turn ends by it.
      held = item.kind === 'message' && item.message.value.id === null ? item : undefined;
      if (held === undefined) yield item;
    }
  }

  private async *itemsOf(turn: CliTurn, session: RunnerSession): AsyncGenerator<PromptItem, void> {
    if (this.stopped !== undefined) void turn.stop({ kind: 'failed', error: drainingError().message });
    this.seen.set(session.id, session);
    this.turns.set(session.id, turn);
    try {
      yield* turn.items();
    } finally {
      if (this.turns.get(session.id) === turn) this.turns.delete(session.id);
    }
  }

  /** @param makeReady what has to be done before acpx can take the prompt. */
  private surroundingsOf(
    session: RunnerSession,
    content: readonly JsonObject[],
    makeReady: () => Promise<void>,
  ): TurnSurroundings {
    const { commands, limits } = this;
    const warn = (text: string): void => this.warn(session, text);
    let leaveGate = (): void => undefined;
    return {
      limits,
      countNoise: (lines) => {
        this.noiseLines += lines;
        warn(`${lines} lines were no JSON objects`);
      },
      prepare: async () => {
        await makeReady();
        leaveGate = await this.gate.enter();
      },
      spawn: () => {
        const process = commands.prompt(session, content);
        void process.exited.then(leaveGate);
        return process;
      },
      leaveGate: () => leaveGate(),
      sendCancel: async (signal) => {
        await commands.cancel(session, signal).catch((error: unknown) => warn(messageOf(error)));
      },
      sweep: () => this.sweep(session),
      drain: (process) => this.draining.add(session.id, process),
      told: (text) => commands.told(text),
      sentTo: (agentSessionId) => this.acpxSessions.sentTo(session, agentSessionId),
    };
  }

  private async endSession(session: RunnerSession): Promise<void> {
    await this.cancel(session);
    try {
      const outcome = await this.commands.close(session);
      if (outcome.exit?.code !== 0)
        this.warn(
          session,
          closeFault(outcome, (text) => this.commands.told(text)),
        );
    } catch (error) {
      this.warn(session, `sessions close failed: ${messageOf(error)}`);
    }
    await this.forget(session);
  }

  /** Kills what is left of a session's processes, and forgets their marker. */
  private async forget(session: RunnerSession): Promise<void> {
    await this.draining.end(session.id, 0);
    await this.supervisor.forget(session.marker);
    this.seen.delete(session.id);
    this.acpxSessions.forget(session);
  }

  /**
   * Ends the session's processes; the session goes on. Queue owners are asked to end first, for one that is killed leaves
   * its lease behind, and acpx waits on that while the process is a zombie: until PID 1 has reaped it.
   */
  private async sweep(session: RunnerSession): Promise<void> {
    await this.supervisor.sweep(session.marker, this.limits.killGraceMs);
  }

  private warn(session: RunnerSession, text: string): void {
    this.logger.warn({ session_id: session.id }, text);
  }
}
