import { constants } from 'node:os';
import type { IPty } from 'node-pty';
import type { ExitStatus } from './process-types.js';

const DEFAULT_STOP_GRACE_MS = 2500;
/** After SIGKILL only the kernel can hold a process back; nobody waits for that for ever. */
const REAP_LIMIT_MS = 5000;

/** Starts the program in a terminal; may throw. */
export type LaunchTerminal = () => IPty;

/**
 * One program in a pseudo-terminal of its own, from start to reaping. Made by `ProcessSupervisor.spawnTerminal` only. Its
 * output is read as it comes, with or without a listener, so the program never blocks on it.
 */
export class PseudoTerminal {
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the program is reaped, or when it could not be started; never rejects. */
  readonly exited: Promise<ExitStatus>;
  private readonly pty: IPty | undefined;
  private readonly listeners = new Set<(text: string) => void>();
  private exit: ExitStatus | undefined;
  private stopping: Promise<void> | undefined;

  constructor(launch: LaunchTerminal) {
    try {
      this.pty = launch();
      this.pid = this.pty.pid;
      this.exited = this.watch(this.pty);
    } catch (error) {
      const spawnError: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
      this.exit = { code: null, signal: null, spawnError };
      this.exited = Promise.resolve(this.exit);
    }
  }

  get hasExited(): boolean {
    return this.exit !== undefined;
  }

  /** Calls `listener` with the output from now on, escape sequences included. Returns how to end that. */
  onOutput(listener: (text: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Types; does nothing once the program has ended. */
  write(text: string): void {
    if (!this.hasExited) this.pty?.write(text);
  }

  /** Tells the program the size of its terminal, in characters. */
  resize(columns: number, rows: number): void {
    if (!this.hasExited) this.pty?.resize(columns, rows);
  }

  /**
   * Stops the program's process group: SIGTERM, then SIGKILL after `graceMs` milliseconds; what is left of the group goes
   * with it. Resolves once it is reaped, at the latest 5 s after SIGKILL. Repeated calls share the first one's promise.
   * @throws never.
   */
  stop(graceMs: number = DEFAULT_STOP_GRACE_MS): Promise<void> {
    return (this.stopping ??= this.climbLadder(graceMs));
  }

  private async climbLadder(graceMs: number): Promise<void> {
    if (this.hasExited) return;
    this.signalGroup('SIGTERM');
    if (await this.exitsWithin(graceMs)) return;
    this.signalGroup('SIGKILL');
    await this.exitsWithin(REAP_LIMIT_MS);
  }

  private exitsWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.hasExited), limitMs);
      void this.exited.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  private watch(pty: IPty): Promise<ExitStatus> {
    pty.onData((text) => {
      for (const listener of this.listeners) listener(text);
    });
    return new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        const name = signalName(signal);
        this.exit = { code: name === null ? exitCode : null, signal: name, spawnError: null };
        // Here and not later: the number of a group whose members are all gone may be given to another.
        if (this.stopping !== undefined) this.signalGroup('SIGKILL');
        resolve(this.exit);
      });
    });
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    if (process.platform === 'win32') {
      this.pty?.kill();
      return;
    }
    if (sendSignal(-this.pid, signal) || this.hasExited) return;
    // forkpty returns before its child has made the session that the group belongs to; until then there is the child alone,
    // which keeps the signal for when it has.
    sendSignal(this.pid, signal);
  }
}

/** False when there is no such process, or none left in the group. */
function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}

function signalName(signal: number | undefined): NodeJS.Signals | null {
  if (signal === undefined || signal === 0) return null;
  const entry = Object.entries(constants.signals).find(([, value]) => value === signal);
  return (entry?.[0] as NodeJS.Signals | undefined) ?? null;
}
