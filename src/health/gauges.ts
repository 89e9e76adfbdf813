import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AcpxRunner } from '../acpx/acpx-runner.js';
import { ClaudeCodeBackend } from '../claude-code/claude-code-backend.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { RunService } from '../run/run.service.js';
import { EventLog } from '../sessions/events/event-log.js';
import { OpenSessions } from '../sessions/open-sessions.js';
import { TurnQueues } from '../sessions/turn-queue.js';

/** Tells the metrics where to read what stands in other rooms; they are asked when someone looks, never before. */
@Injectable()
export class Gauges implements OnModuleInit {
  constructor(
    private readonly metrics: MetricsRecorder,
    private readonly sessions: OpenSessions,
    private readonly turns: TurnQueues,
    private readonly runs: RunService,
    private readonly log: EventLog,
    private readonly runner: AcpxRunner,
    private readonly backend: ClaudeCodeBackend,
  ) {}

  onModuleInit(): void {
    this.metrics.watch('sessions', () => ({ open: this.sessions.count }));
    this.metrics.watch('turns_pending', () => {
      const { running, waiting } = this.turns.counts();
      return { running, queued: waiting };
    });
    this.metrics.watch('event_log_lag_seconds', () => this.log.lagMs / 1000);
    this.metrics.watch('agents_live', () => this.runner.stats().liveAgents);
    this.metrics.watch('runs_in_flight', () => this.runs.inFlightCount);
    this.metrics.watch('claude_processes', () => this.backend.stats().processes);
    this.metrics.watch('claude_requests_queued', () => this.backend.stats().queued);
    this.metrics.watch('claude_histories_total', () => this.backend.stats().histories);
  }
}
