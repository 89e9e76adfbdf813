import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedProcess } from '../../processes/supervised-process.js';

/** The prompt processes that have given their result and still end by themselves. Each is reaped in bounded time. */
export class DrainingProcesses {
  private readonly bySession = new Map<string, Set<SupervisedProcess>>();

  constructor(
    private readonly drainMs: number,
    private readonly killGraceMs: number,
  ) {}

  /** Takes charge of a process: what it prints is thrown away, and it is stopped when it lasts too long. */
  add(sessionId: string, process: SupervisedProcess): void {
    const processes = this.bySession.get(sessionId) ?? new Set();
    this.bySession.set(sessionId, processes.add(process));
    process.drainOutput();
    const timer = setTimeout(() => void process.stop(this.killGraceMs), this.drainMs);
    void process.exited.then(() => {
      clearTimeout(timer);
      processes.delete(process);
      if (processes.size === 0 && this.bySession.get(sessionId) === processes)
        this.bySession.delete(sessionId);
    });
  }

  /** Waits for a session's processes, at most `withinMs` milliseconds, then stops those that are left. */
  async end(sessionId: string, withinMs: number): Promise<void> {
    const processes = [...(this.bySession.get(sessionId) ?? [])];
    if (processes.length === 0) return;
    const patience = new AbortController();
    const late = sleep(withinMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([Promise.all(processes.map((process) => process.exited)), late]);
    patience.abort();
    await Promise.all(processes.map((process) => process.stop(this.killGraceMs)));
  }
}
