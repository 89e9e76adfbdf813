import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { lookForMarker } from './process-markers.js';

const SWEEP_LIMIT_MS = 5000;
/** After a pass that found something: what was killed needs a moment to be gone. */
const PASS_PAUSE_MS = 10;
/** Reads at a time; they share the thread pool with all other file access. */
const PARALLEL_LOOKS = 4;
/** On a busy machine some process ends in every pass, so doubt is not allowed to go on for ever. */
const MAX_UNCLEAR_PASSES = 3;

export interface SweepResult {
  /** How many processes were sent SIGKILL. */
  readonly killed: number;
  /** Whether the last pass found none alive; false when the time was up before. */
  readonly isClear: boolean;
}

interface Sweep {
  readonly markers: ReadonlySet<string>;
  readonly killed: Set<number>;
  unclearPasses: number;
  readonly finish: (isClear: boolean) => void;
}

interface Pass {
  readonly pidsByMarker: ReadonlyMap<string, readonly number[]>;
  readonly isUnclear: boolean;
}

/**
 * Kills every process whose environment carries a marker, however it was started and whatever group or session it moved
 * to. Sweeps that overlap share the passes over `/proc`. Outside Linux a sweep finds nothing.
 */
export class MarkerSweeper {
  private readonly sweeps = new Set<Sweep>();
  private isRunning = false;

  constructor(private readonly lookAt: typeof lookForMarker = lookForMarker) {}

  /** Repeats its passes until one finds no live process with any of `markers`, for at most 5 s. Never rejects. */
  sweep(markers: Iterable<string>): Promise<SweepResult> {
    const wanted = new Set(markers);
    if (wanted.size === 0 || process.platform !== 'linux') {
      return Promise.resolve({ killed: 0, isClear: true });
    }
    return new Promise((resolve) => {
      const killed = new Set<number>();
      const finish = (isClear: boolean): void => {
        clearTimeout(timer);
        this.sweeps.delete(sweep);
        resolve({ killed: killed.size, isClear });
      };
      const timer = setTimeout(() => finish(false), SWEEP_LIMIT_MS);
      const sweep: Sweep = { markers: wanted, killed, unclearPasses: 0, finish };
      this.sweeps.add(sweep);
      if (!this.isRunning) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.sweeps.size > 0) {
      // Those that come during a pass wait for the next: part of the list has been read without them.
      const served = [...this.sweeps];
      const wanted = new Set(served.flatMap((sweep) => [...sweep.markers]));
      // A pass that could not be made says nothing; the sweeps go on until their time is up.
      const pass = await killMarked(wanted, this.lookAt).catch(() => undefined);
      if (pass !== undefined) for (const sweep of served) settle(sweep, pass);
      if (pass === undefined || pass.pidsByMarker.size > 0) await delay(PASS_PAUSE_MS);
    }
    this.isRunning = false;
  }
}

function settle(sweep: Sweep, pass: Pass): void {
  const found = [...pass.pidsByMarker].filter(([marker]) => sweep.markers.has(marker));
  for (const pid of found.flatMap(([, pids]) => pids)) sweep.killed.add(pid);
  if (found.length > 0) return;
  if (pass.isUnclear && (sweep.unclearPasses += 1) < MAX_UNCLEAR_PASSES) return;
  sweep.finish(true);
}

async function killMarked(wanted: ReadonlySet<string>, lookAt: typeof lookForMarker): Promise<Pass> {
  const pidsByMarker = new Map<string, number[]>();
  const pids = await listPids();
  let isUnclear = false;
  const work = pids.values();
  const look = async (): Promise<void> => {
    for (const pid of work) {
      const seen = await lookAt(pid, wanted);
      if (seen.kind === 'unclear') isUnclear = true;
      if (seen.kind !== 'marked') continue;
      kill(pid);
      pidsByMarker.set(seen.marker, [...(pidsByMarker.get(seen.marker) ?? []), pid]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_LOOKS }, look));
  return { pidsByMarker, isUnclear };
}

async function listPids(): Promise<number[]> {
  const entries = await readdir('/proc');
  return entries
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself, or belongs to another user; the next pass tells which.
  }
}
