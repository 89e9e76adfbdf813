import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { lookForMarker } from './process-markers.js';

const SWEEP_LIMIT_MS = 10_000;
/** After a pass that found something: what was killed needs a moment to be gone, what was asked to end a longer one. */
const PASS_PAUSE_MS = 10;
const ASKED_PAUSE_MS = 50;
/** Reads at a time; they share the thread pool with all other file access. */
const PARALLEL_LOOKS = 4;
/** On a busy machine some process ends in every pass, so doubt is not allowed to go on for ever. */
const MAX_UNCLEAR_PASSES = 3;

export interface SweepResult {
  /** How many processes were sent a signal. */
  readonly killed: number;
  /** Whether the last pass found none alive; false when the time was up before. */
  readonly isClear: boolean;
}

interface Sweep {
  readonly markers: ReadonlySet<string>;
  /** Until then, by the monotonic clock, processes are asked to end and not killed. */
  readonly asksUntilMs: number;
  readonly signalled: Set<number>;
  unclearPasses: number;
  readonly finish: (isClear: boolean) => void;
}

interface Pass {
  /** Those that a live process carries. */
  readonly markers: Set<string>;
  isUnclear: boolean;
  hasKilled: boolean;
}

/**
 * Kills every process whose environment carries a marker, however it was started and whatever group or session it moved
 * to. Sweeps that overlap share the passes over `/proc`. Outside Linux a sweep finds nothing.
 */
export class MarkerSweeper {
  private readonly sweeps = new Set<Sweep>();
  private isRunning = false;

  constructor(private readonly lookAt: typeof lookForMarker = lookForMarker) {}

  /**
   * Repeats its passes until one finds no live process with any of `markers`, for at most 10 s. Never rejects.
   * @param graceMs before that, milliseconds in which each is sent SIGTERM once and may end by itself.
   */
  sweep(markers: Iterable<string>, graceMs = 0): Promise<SweepResult> {
    const wanted = new Set(markers);
    if (wanted.size === 0 || process.platform !== 'linux') {
      return Promise.resolve({ killed: 0, isClear: true });
    }
    return new Promise((resolve) => {
      const signalled = new Set<number>();
      const finish = (isClear: boolean): void => {
        clearTimeout(timer);
        this.sweeps.delete(sweep);
        resolve({ killed: signalled.size, isClear });
      };
      const timer = setTimeout(() => finish(false), graceMs + SWEEP_LIMIT_MS);
      const asksUntilMs = performance.now() + graceMs;
      const sweep: Sweep = { markers: wanted, asksUntilMs, signalled, unclearPasses: 0, finish };
      this.sweeps.add(sweep);
      if (!this.isRunning) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.sweeps.size > 0) {
      // Those that come during a pass wait for the next: part of the list has been read without them.
      const served = [...this.sweeps];
      // A pass that could not be made says nothing; the sweeps go on until their time is up.
      const pass = await signalMarked(served, this.lookAt).catch(() => undefined);
      if (pass !== undefined) for (const sweep of served) settle(sweep, pass);
      if (pass === undefined || pass.hasKilled) await delay(PASS_PAUSE_MS);
      else if (pass.markers.size > 0) await delay(ASKED_PAUSE_MS);
    }
    this.isRunning = false;
  }
}

function settle(sweep: Sweep, pass: Pass): void {
  if ([...sweep.markers].some((marker) => pass.markers.has(marker))) {
    // What was there a moment ago may run from process to process: the doubts of before count no more.
    sweep.unclearPasses = 0;
    return;
  }
  if (pass.isUnclear && (sweep.unclearPasses += 1) < MAX_UNCLEAR_PASSES) return;
  sweep.finish(true);
}

async function signalMarked(sweeps: readonly Sweep[], lookAt: typeof lookForMarker): Promise<Pass> {
  const pass: Pass = { markers: new Set(), isUnclear: false, hasKilled: false };
  const wanted = new Set(sweeps.flatMap((sweep) => [...sweep.markers]));
  const work = (await listPids()).values();
  const look = async (): Promise<void> => {
    for (const pid of work) {
      const seen = await lookAt(pid, wanted);
      if (seen.kind === 'unclear') pass.isUnclear = true;
      if (seen.kind !== 'marked') continue;
      pass.markers.add(seen.marker);
      const concerned = sweeps.filter((sweep) => sweep.markers.has(seen.marker));
      for (const sweep of concerned) if (signalFor(sweep, pid)) pass.hasKilled = true;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_LOOKS }, look));
  return pass;
}

/** Returns whether it killed. */
function signalFor(sweep: Sweep, pid: number): boolean {
  const kills = performance.now() >= sweep.asksUntilMs;
  if (kills) signal(pid, 'SIGKILL');
  // Once: a program that ends in good order at its first SIGTERM is cut off by a second.
  else if (!sweep.signalled.has(pid)) signal(pid, 'SIGTERM');
  sweep.signalled.add(pid);
  return kills;
}

async function listPids(): Promise<number[]> {
  const entries = await readdir('/proc');
  return entries
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Ended by itself, or belongs to another user; the next pass tells which.
  }
}
