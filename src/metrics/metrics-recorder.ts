import { Injectable, type OnModuleInit } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Clock } from '../common/clock.js';
import { Ledger } from '../database/ledger.js';
import { SHORT_SECS, LONG_SECS, WATCHED, type WatchedName, type WatchedShape } from './metric-shapes.js';
import { TurnTimer, type TurnTimes } from './turn-timer.js';

/** Agents with a label of their own; the allow-list is shorter, so this only bounds what an operator's changes to it add up to. */
const MAX_AGENT_LABELS = 100;

/** What a watched metric is read from: one number, or one for each value of its label. */
export type WatchedReader = () => number | Readonly<Record<string, number>>;

/** Where other rooms record what they do, and where `/metrics` reads it. Times come in milliseconds and go out in seconds. */
@Injectable()
export class MetricsRecorder implements OnModuleInit {
  private readonly registry = new Registry();
  private readonly agents = new Set<string>();
  private hasDefaults = false;

  private readonly requests = this.counter('http_requests_total', 'Requests that ended.', [
    'route',
    'method',
    'status',
  ]);
  private readonly requestSecs = this.histogram(
    'http_request_duration_seconds',
    'From the request line to the end of the answer.',
    ['route', 'method'],
    LONG_SECS,
  );
  private readonly turns = this.counter(
    'turns_total',
    'Turns that ended; those of completions as agent claude-code.',
    ['agent', 'status'],
  );
  private readonly turnSecs = this.histogram(
    'turn_duration_seconds',
    'From the start of a turn to its end, waiting in the queue not included.',
    ['agent'],
    LONG_SECS,
  );
  private readonly overheadSecs = this.histogram(
    'turn_overhead_seconds',
    'What the gateway added to a turn: neither waiting in the queue nor waiting for the agent.',
    [],
    SHORT_SECS,
  );
  private readonly runs = this.counter('runs_total', 'One-shot runs that ended.', ['status']);
  private readonly runSecs = this.histogram('run_duration_seconds', 'One-shot runs.', [], LONG_SECS);
  private readonly transactionSecs = this.histogram(
    'ledger_transaction_seconds',
    'Write transactions of the ledger, waiting in the queue not included.',
    [],
    SHORT_SECS,
  );
  constructor(
    private readonly clock: Clock,
    private readonly ledger: Ledger,
  ) {}

  onModuleInit(): void {
    this.ledger.observe((tookMs) => this.transactionSecs.observe(tookMs / 1000));
    this.watch('ledger_queue_depth', () => this.ledger.queueDepth);
  }

  /** @param route the route's pattern, never a path: paths are without number. */
  requestEnded(route: string, method: string, status: string, durationMs: number): void {
    this.requests.inc({ route, method, status });
    this.requestSecs.observe({ route, method }, durationMs / 1000);
  }

  /** To be called when the request for a turn comes in, and ended with the turn. */
  startTurn(): TurnTimer {
    return new TurnTimer(this.clock, (times) => this.turnEnded(times));
  }

  runEnded(status: string, durationMs: number): void {
    this.runs.inc({ status });
    this.runSecs.observe(durationMs / 1000);
  }

  /** Shows a number of another room, read whenever someone looks. Once for each name; one that nobody feeds is not shown. */
  watch(name: WatchedName, read: WatchedReader): void {
    const { help, labelNames, isCount }: WatchedShape = WATCHED[name];
    const [label = ''] = labelNames;
    const Metric = isCount === true ? Counter : Gauge;
    const metric: Counter | Gauge = new Metric({
      name: `clawdforge_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        metric.reset();
        const value = read();
        if (typeof value === 'number') metric.inc(value);
        else for (const [key, count] of Object.entries(value)) metric.inc({ [label]: key }, count);
      },
    });
  }

  /** The text of all metrics and its content type. The process's own are measured from the first call on. */
  async text(): Promise<{ contentType: string; body: string }> {
    if (!this.hasDefaults) {
      this.hasDefaults = true;
      collectDefaultMetrics({ register: this.registry });
    }
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private turnEnded({ agent: name, status, durationMs, overheadMs }: TurnTimes): void {
    if (this.agents.size < MAX_AGENT_LABELS) this.agents.add(name);
    const agent = this.agents.has(name) ? name : 'other';
    this.turns.inc({ agent, status });
    this.turnSecs.observe({ agent }, durationMs / 1000);
    this.overheadSecs.observe(overheadMs / 1000);
  }

  private counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `clawdforge_${name}`, help, labelNames, registers: [this.registry] });
  }

  private histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({
      name: `clawdforge_${name}`,
      help,
      labelNames,
      buckets,
      registers: [this.registry],
    });
  }
}
