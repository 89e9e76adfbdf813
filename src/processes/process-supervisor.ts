import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { Injectable, Logger } from '@nestjs/common';
import type * as NodePty from 'node-pty';
import { In } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Ledger } from '../database/ledger.js';
import { MarkerSweeper, type SweepResult } from './marker-sweep.js';
import {
  MARKER_VARIABLE,
  type ExitStatus,
  type MarkerKind,
  type SpawnRequest,
  type TerminalRequest,
} from './process-types.js';
import { ProcessEntity } from './process.entity.js';
import { PseudoTerminal } from './pseudo-terminal.js';
import { SupervisedProcess } from './supervised-process.js';

interface KnownMarker {
  readonly kind: MarkerKind;
  readonly ownerId: string;
  /** False from `forget` on: no process may start under a marker that is being swept for good. */
  isOpen: boolean;
}

/** What processes of an earlier server get to put their affairs in order, before the port is opened. */
const LEFTOVERS_GRACE_MS = 1_500;

/** What the supervisor must know of what it started. */
type LiveProcess = Pick<SupervisedProcess, 'pid' | 'exited' | 'stop'>;

const require = createRequire(import.meta.url);

/**
 * Starts every process of the gateway and knows which are alive. Each carries a marker that was in the ledger before it
 * started, so that none outlives its purpose, not even when the gateway is killed (docs/adr/0004).
 */
@Injectable()
export class ProcessSupervisor {
  private readonly logger = new Logger(ProcessSupervisor.name);
  private readonly sweeper = new MarkerSweeper();
  private readonly markers = new Map<string, KnownMarker>();
  private readonly live = new Map<LiveProcess, string>();
  private leftovers: readonly ProcessEntity[] = [];
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a marker for the processes of one owner; its row is committed when this resolves. Not to be called within
   * a `Ledger.write` of the caller's, which would commit later.
   * @throws GatewayError `storage_unavailable`.
   */
  async newMarker(kind: MarkerKind, ownerId: string): Promise<string> {
    const marker = randomUUID();
    const createdAt = this.clock.nowMs();
    await this.ledger.write((manager) => manager.insert(ProcessEntity, { marker, kind, ownerId, createdAt }));
    this.markers.set(marker, { kind, ownerId, isOpen: true });
    return marker;
  }

  /**
   * Starts a program in a process group of its own. Whatever goes wrong is in `exited.spawnError`, nothing is thrown;
   * its code is ECANCELED when the server is stopping or the marker is unknown or forgotten.
   */
  spawn(request: SpawnRequest): SupervisedProcess {
    return this.start(request, (mayStart) => {
      return new SupervisedProcess(request, () => (mayStart ? this.launch(request) : refuse(request)));
    });
  }

  /** As `spawn`, in a pseudo-terminal, whose program is the leader of a session of its own. */
  spawnTerminal(request: TerminalRequest): PseudoTerminal {
    return this.start(request, (mayStart) => {
      return new PseudoTerminal(() => (mayStart ? this.launchTerminal(request) : refuse(request)));
    });
  }

  private start<T extends LiveProcess>(
    { marker, label }: Pick<SpawnRequest, 'marker' | 'label'>,
    make: (mayStart: boolean) => T,
  ): T {
    const owner = this.markers.get(marker);
    const startedAt = this.clock.monotonicMs();
    const started = make(this.stopping === undefined && owner?.isOpen === true);
    const about = { label, pid: started.pid, owner_id: owner?.ownerId };
    if (started.pid !== undefined) {
      this.live.set(started, marker);
      this.logger.log(about, 'process started');
    }
    void started.exited.then((status) => {
      this.live.delete(started);
      this.logExit({ ...about, duration_ms: Math.round(this.clock.monotonicMs() - startedAt) }, status);
    });
    return started;
  }

  /**
   * Kills everything that carries the marker; a ladder for live processes is the caller's, before this. Bounded by some
   * 10 s after the grace; the marker stays usable. Returns how many processes the sweep ended.
   * @param graceMs milliseconds that they have to end by themselves after a SIGTERM.
   * @throws never; survivors are logged.
   */
  async sweep(marker: string, graceMs = 0): Promise<number> {
    const { killed } = await this.killAll(marker, graceMs);
    return killed;
  }

  /**
   * Sweeps a marker that is needed no more and deletes its row. When something survives or the row cannot be deleted, the
   * row stays for the next start.
   * @throws never; faults are logged.
   */
  async forget(marker: string): Promise<void> {
    const known = this.markers.get(marker);
    if (known !== undefined) known.isOpen = false;
    const { isClear } = await this.killAll(marker, 0);
    if (!isClear) return;
    try {
      await this.ledger.write((manager) => manager.delete(ProcessEntity, { marker }));
      this.markers.delete(marker);
    } catch (error) {
      this.logger.error({ err: error, marker }, 'a marker stays in the ledger until the next start');
    }
  }

  /** The markers of one kind and whose they are: those of the ledger at start, and those made since. */
  knownMarkers(kind: MarkerKind): { marker: string; ownerId: string }[] {
    return [...this.markers]
      .filter(([, known]) => known.kind === kind && known.isOpen)
      .map(([marker, { ownerId }]) => ({ marker, ownerId }));
  }

  /** Whose processes of one kind an earlier server left behind; they were killed at start. */
  ownersOfLeftovers(kind: MarkerKind): string[] {
    return this.leftovers.filter((row) => row.kind === kind).map(({ ownerId }) => ownerId);
  }

  /**
   * Ends what an earlier server left behind, all markers of the ledger in one sweep. Rows of agents, runs and probes
   * go; those of sessions stay, for sessions go on. Returns how many processes were killed.
   * @throws GatewayError `storage_unavailable`; the server must not start then.
   */
  async reapLeftovers(): Promise<number> {
    const rows = await this.ledger.read((manager) => manager.find(ProcessEntity));
    // A marker of this server's own is not a leftover, however early it was made.
    const leftovers = rows.filter((row) => !this.markers.has(row.marker));
    this.leftovers = leftovers;
    const { killed, isClear } = await this.sweeper.sweep(
      leftovers.map((row) => row.marker),
      LEFTOVERS_GRACE_MS,
    );
    for (const { marker, kind, ownerId } of leftovers) {
      const isOpen = kind === 'session';
      if (isOpen || !isClear) this.markers.set(marker, { kind, ownerId, isOpen });
    }
    if (!isClear) this.logger.error('processes of an earlier server could not be killed');
    else await this.deleteRows(leftovers.filter((row) => row.kind !== 'session'));
    if (killed > 0) this.logger.warn({ killed }, 'killed processes that an earlier server left behind');
    return killed;
  }

  /**
   * Stops all live processes, then sweeps all markers; nothing is started from its first moment on. Idempotent, bounded
   * by some 18 s (2.5 s where processes obey SIGKILL). The ledger is not needed.
   * @throws never.
   */
  shutdown(): Promise<void> {
    return (this.stopping ??= this.stopAll());
  }

  private async stopAll(): Promise<void> {
    await Promise.all([...this.live.keys()].map((started) => started.stop()));
    const { isClear } = await this.sweeper.sweep(this.markers.keys());
    if (!isClear) this.logger.error('some processes could not be killed; the next start tries again');
  }

  private async killAll(marker: string, graceMs: number): Promise<SweepResult> {
    const swept = await this.sweeper.sweep([marker], graceMs);
    // Where there is no sweep, the groups of the live processes are all that can be reached; elsewhere this waits for them.
    const live = [...this.live].filter(([, carried]) => carried === marker);
    await Promise.all(live.map(([started]) => started.stop(0)));
    if (!swept.isClear) this.logger.error({ marker }, 'processes with this marker could not be killed');
    return swept;
  }

  private async deleteRows(rows: readonly ProcessEntity[]): Promise<void> {
    if (rows.length === 0) return;
    const markers = rows.map((row) => row.marker);
    await this.ledger.write((manager) => manager.delete(ProcessEntity, { marker: In(markers) }));
  }

  private launch(request: SpawnRequest): ChildProcessWithoutNullStreams {
    return spawn(request.command, request.args, {
      cwd: request.cwd,
      env: this.environmentFor(request),
      stdio: 'pipe',
      shell: false,
      windowsHide: true,
      // A process group of its own, so that signals reach its children too; Windows has none.
      detached: process.platform !== 'win32',
    });
  }

  private launchTerminal(request: TerminalRequest): NodePty.IPty {
    // Loaded at first use: where the native module was not built, only terminals are missing.
    const { spawn: spawnPty } = require('node-pty') as typeof NodePty;
    return spawnPty(request.command, [...request.args], {
      name: 'xterm-256color',
      cols: request.columns,
      rows: request.rows,
      cwd: request.cwd,
      env: this.environmentFor(request),
    });
  }

  private environmentFor(request: Pick<SpawnRequest, 'env' | 'marker'>): Record<string, string> {
    return { ...this.config.agentEnv, ...request.env, [MARKER_VARIABLE]: request.marker };
  }

  /** Never the arguments, the environment or stdin: they hold prompts and keys. */
  private logExit(about: object, { code, signal, spawnError }: ExitStatus): void {
    if (spawnError === null) this.logger.log({ ...about, code, signal }, 'process ended');
    else this.logger.warn({ ...about, error_code: spawnError.code }, 'process could not be started');
  }
}

function refuse(request: Pick<SpawnRequest, 'label'>): never {
  const message = `${request.label} was not started: the server is stopping or its owner is gone`;
  throw Object.assign(new Error(message), { code: 'ECANCELED' });
}
