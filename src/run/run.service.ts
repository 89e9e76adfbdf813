import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { AppCaller } from '../common/caller.js';
import { DrainSwitch } from '../common/drain.js';
import { AppConfig } from '../config/app-config.js';
import { GatewayError, messageOf } from '../core/errors.js';
import { FileReferences } from '../files/file-references.js';
import { secretsOf } from '../config/secrets.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { ClaudeCli } from './claude-cli.js';
import { RunLedger } from './run-ledger.js';
import { notStarted, outcomeOf, type RunOutcome } from './run-outcome.js';

export interface NewRun {
  prompt: string;
  model: string | null;
  system: string | null;
  files: string[];
  timeoutSecs: number;
}

/** One-shot runs: at most CLAWDFORGE_MAX_RUNS at a time, each a row in the ledger. */
@Injectable()
export class RunService {
  private readonly logger = new Logger(RunService.name);
  private readonly secrets: readonly string[];
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly config: AppConfig,
    private readonly claude: ClaudeCli,
    private readonly runs: RunLedger,
    private readonly files: FileReferences,
    private readonly drain: DrainSwitch,
    private readonly metrics: MetricsRecorder,
  ) {
    this.secrets = secretsOf(config);
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  /**
   * Runs once and resolves when it has ended, well or not.
   * @param clientGone aborted when the client goes away: then the run is killed and its row says `cancelled`.
   * @throws GatewayError `validation_failed` (files), `pool_full`, `agent_not_installed`, `draining`, `storage_unavailable`.
   */
  async run(caller: AppCaller, request: NewRun, clientGone: AbortSignal): Promise<RunOutcome> {
    this.drain.assertOpen();
    if (this.inFlight.size >= this.config.maxRuns) {
      throw new GatewayError(
        'pool_full',
        `${this.config.maxRuns} runs are in flight already; try again later`,
        {
          retryable: true,
          retryAfterSecs: 5,
        },
      );
    }
    const run = this.execute(caller, request, clientGone);
    this.inFlight.add(run);
    try {
      return await run;
    } finally {
      this.inFlight.delete(run);
    }
  }

  /** At start, before the port is opened. */
  async settleLeftovers(): Promise<void> {
    await this.runs.settleLeftovers();
    await this.claude.removeLeftovers();
  }

  /** At shutdown: runs may end within CLAWDFORGE_DRAIN_SECS, then they are killed. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.stopping.abort(), this.config.drainSecs * 1000);
    await Promise.allSettled([...this.inFlight]);
    clearTimeout(timer);
  }

  private async execute(caller: AppCaller, request: NewRun, clientGone: AbortSignal): Promise<RunOutcome> {
    const paths = await this.files.resolve(caller.appName, request.files);
    const launch = this.claude.launch();
    const runId = await this.runs.begin(caller.appName, request.model, request.prompt);
    const call = {
      ...request,
      id: randomUUID().replaceAll('-', ''),
      files: paths,
      clientGone,
      serverStops: this.stopping.signal,
    };
    const end = await this.claude.run(launch, call).catch(async (error: unknown) => {
      // It never ran; its row must not say for ever that it does.
      await this.runs.end(runId, notStarted(messageOf(error))).catch(() => undefined);
      throw error;
    });
    const outcome = outcomeOf(end, this.secrets);
    await this.runs.end(runId, outcome);
    this.metrics.runEnded(outcome.status, outcome.durationMs);
    this.logger.log({ run_id: runId, status: outcome.status, duration_ms: outcome.durationMs }, 'run ended');
    return outcome;
  }
}
