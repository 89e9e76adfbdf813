/**
 * One sweep in a process of its own, over the ledger in the directory of CLAWDFORGE_DATA_DIR: the server's own sweeper,
 * put together by hand. Prints a `SweepMeasurement` as JSON.
 */
import 'reflect-metadata';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { AuditTrail } from '../../../src/audit/audit-trail.js';
import { Clock } from '../../../src/common/clock.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { LateWriter } from '../../../src/database/late-writer.js';
import { IdempotencyLedger } from '../../../src/idempotency/idempotency-ledger.js';
import { IdempotencyService } from '../../../src/idempotency/idempotency.service.js';
import { SessionStore } from '../../../src/sessions/session-store.js';
import type { SessionsService } from '../../../src/sessions/sessions.service.js';
import { TurnQueues } from '../../../src/sessions/turn-queue.js';
import { SweeperService } from '../../../src/sweeper/sweeper.service.js';
import { openBenchLedger } from '../support/seed.js';

export interface SweepMeasurement {
  readonly deleted: number;
  readonly sweepMs: number;
  /** The longest time that the event loop was held up: in the sweep, and in an idle time before it. */
  readonly blockedMs: number;
  readonly idleBlockedMs: number;
}

const IDLE_MS = 1000;
const RESOLUTION_MS = 1;
const NANOS_PER_MS = 1e6;

Logger.overrideLogger(false);
const config = loadConfig(process.env, process.cwd());
const ledger = await openBenchLedger(config.dataDir);
const clock = new Clock();
const lateWriter = new LateWriter(ledger);
const nothingIdle = {
  closeIdle: () => Promise.reject(new Error('no session of this ledger is idle for too long')),
} as unknown as SessionsService;
const sweeper = new SweeperService(
  config,
  new SessionStore(ledger),
  nothingIdle,
  new TurnQueues(),
  ledger,
  new AuditTrail(ledger, clock),
  new IdempotencyService(new IdempotencyLedger(ledger, lateWriter, clock), lateWriter),
  clock,
);

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();
await sleep(IDLE_MS);
const idleBlockedMs = loop.max / NANOS_PER_MS;
loop.reset();
const startedMs = performance.now();
const { hard_deleted } = await sweeper.sweep();
const sweepMs = performance.now() - startedMs;
// The last hold-up is seen only by the timer after it.
await sleep(5 * RESOLUTION_MS);
const blockedMs = loop.max / NANOS_PER_MS;
loop.disable();
await ledger.close();
const measured: SweepMeasurement = { deleted: hard_deleted, sweepMs, blockedMs, idleBlockedMs };
process.stdout.write(JSON.stringify(measured));
