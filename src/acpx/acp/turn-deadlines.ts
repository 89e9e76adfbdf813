import type { DeadlineName, TurnDeadlines } from '../acpx-runner.js';

/** A deadline that was missed, and how to say so. */
export interface MissedDeadline {
  readonly deadline: DeadlineName;
  readonly error: string;
}

/** Watches the deadlines of one turn. A message costs a look at a flag, and the clock where silence is watched. */
export class TurnDeadlineWatch {
  private readonly total: NodeJS.Timeout;
  private phase: NodeJS.Timeout | undefined;
  private hasHeard = false;
  private watchesSilence = false;
  private lastHeardMs = 0;

  constructor(
    private readonly deadlines: TurnDeadlines,
    private readonly nowMs: () => number,
    /** Whether the agent is held up by us, which is no silence of its own. */
    private readonly isHeldUp: () => boolean,
    private readonly miss: (missed: MissedDeadline) => void,
  ) {
    const { totalSecs } = deadlines;
    this.total = this.after(totalSecs, 'total', `turn timed out after ${totalSecs}s`);
  }

  /** The turn begins, and its agent may not be ready. */
  starting(): void {
    const { startSecs: secs } = this.deadlines;
    if (secs === null) return;
    this.phase = this.after(secs, 'start', `turn timed out: the agent was not ready within ${secs}s`);
  }

  /** The prompt is with the agent. */
  prompted(): void {
    clearTimeout(this.phase);
    const { firstEventSecs: secs } = this.deadlines;
    if (secs === null) return;
    const error = `turn timed out: no message from the agent within ${secs}s`;
    this.phase = this.after(secs, 'first_event', error);
  }

  heard(): void {
    if (this.watchesSilence) this.lastHeardMs = this.nowMs();
    else if (!this.hasHeard) this.heardFirst();
  }

  stop(): void {
    clearTimeout(this.total);
    clearTimeout(this.phase);
  }

  private heardFirst(): void {
    this.hasHeard = true;
    clearTimeout(this.phase);
    const { silenceSecs } = this.deadlines;
    if (silenceSecs === null) return;
    this.watchesSilence = true;
    this.lastHeardMs = this.nowMs();
    this.watchSilence(silenceSecs);
  }

  private watchSilence(secs: number): void {
    const dueInMs = this.lastHeardMs + secs * 1000 - this.nowMs();
    this.phase = setTimeout(
      () => {
        if (this.isHeldUp()) this.lastHeardMs = this.nowMs();
        if (this.lastHeardMs + secs * 1000 > this.nowMs()) this.watchSilence(secs);
        else this.miss({ deadline: 'silence', error: `turn timed out: the agent was silent for ${secs}s` });
      },
      Math.max(0, dueInMs),
    );
  }

  private after(secs: number, deadline: DeadlineName, error: string): NodeJS.Timeout {
    return setTimeout(() => this.miss({ deadline, error }), secs * 1000);
  }
}
