import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { median, type Benchmark } from '../support/figures.js';
import { inLab, type Lab } from '../support/lab.js';
import { benchLedgerFile, openBenchLedger, seedSessions } from '../support/seed.js';
import type { SweepMeasurement } from './sweep-worker.js';

const SESSIONS = 100_000;
const DUE = 1000;
const OPEN = 32;
const TURNS_EACH = 3;
const RUNS = 7;
const DAY_MS = 86_400_000;

const WORKER = path.resolve(import.meta.dirname, 'sweep-worker.js');

export const sweepBenchmark: Benchmark = {
  name: 'sweep',
  about:
    `A sweep over ${SESSIONS} sessions with ${TURNS_EACH} turns each, of which ${DUE} are due to be deleted: the whole time ` +
    `of the sweep, which its time in the database is a part of, and the longest hold-up of the event loop. The median and ` +
    `the worst of ${RUNS} sweeps, each over a fresh copy of the ledger; the same hold-up in an idle process tells the ` +
    `noise of the machine.`,
  run: () =>
    inLab(async (lab) => {
      const seeded = await seed(lab);
      const sweeps: SweepMeasurement[] = [];
      for (let run = 0; run < RUNS; run += 1) sweeps.push(await sweepOnce(lab, seeded));
      const durations = sweeps.map((sweep) => sweep.sweepMs);
      return [
        { what: 'a sweep, median', value: median(durations), unit: 'ms' },
        {
          what: 'a sweep, worst',
          value: Math.max(...durations),
          unit: 'ms',
          target: { kind: 'at most', limit: 1000 },
        },
        {
          what: 'event loop held up while idle, worst',
          value: Math.max(...sweeps.map((sweep) => sweep.idleBlockedMs)),
          unit: 'ms',
        },
        {
          what: 'event loop held up in a sweep, median',
          value: median(sweeps.map((sweep) => sweep.blockedMs)),
          unit: 'ms',
        },
        {
          what: 'event loop held up in a sweep, worst',
          value: Math.max(...sweeps.map((sweep) => sweep.blockedMs)),
          unit: 'ms',
          target: { kind: 'at most', limit: 50 },
        },
      ];
    }),
};

/** @returns the file of the seeded ledger. */
async function seed(lab: Lab): Promise<string> {
  const dataDir = await lab.directory('seeded');
  const ledger = await openBenchLedger(dataDir);
  const nowMs = Date.now();
  const dueEvery = SESSIONS / DUE;
  await seedSessions(ledger, SESSIONS, {
    appName: (index) => `app-${index % 20}`,
    closedAtMs: (index) => {
      if (index % dueEvery === 0) return nowMs - 3 * DAY_MS + index;
      return index < SESSIONS - OPEN ? nowMs - 60_000 : null;
    },
    turnsEach: TURNS_EACH,
  });
  await ledger.close();
  return benchLedgerFile(dataDir);
}

async function sweepOnce(lab: Lab, seeded: string): Promise<SweepMeasurement> {
  const dataDir = await lab.directory('swept');
  await copyFile(seeded, benchLedgerFile(dataDir));
  const { stdout } = await promisify(execFile)(process.execPath, [WORKER], {
    cwd: lab.root,
    env: { ...lab.env, CLAWDFORGE_DATA_DIR: dataDir },
  });
  const measured = JSON.parse(stdout) as SweepMeasurement;
  if (measured.deleted !== DUE)
    throw new Error(`${measured.deleted} sessions were deleted instead of ${DUE}`);
  return measured;
}
