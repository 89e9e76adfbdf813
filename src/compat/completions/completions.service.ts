import { Injectable, Logger } from '@nestjs/common';
import { AuditTrail } from '../../audit/audit-trail.js';
import { ClaudeCodeBackend } from '../../claude-code/claude-code-backend.js';
import type { AppCaller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { DrainSwitch } from '../../common/drain.js';
import { AppConfig } from '../../config/app-config.js';
import { secretsOf } from '../../config/secrets.js';
import { textOf, type ChatMessage } from '../../core/claude/chat-message.js';
import { ClaudeTurnError } from '../../core/claude/turn-error.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/redaction.js';
import { MetricsRecorder } from '../../metrics/metrics-recorder.js';
import type { TurnTimer } from '../../metrics/turn-timer.js';
import { RunLedger, type RunRecordEnd } from '../../run/run-ledger.js';
import { answeredInForm, type AskTurn } from './answered-in-form.js';
import { claudeModelOf, type AskedCompletion, type DialectRequest } from './completion-request.js';
import { Spending } from './spending.js';
import { echoOfText, ShownText, told, type CompletionEnd, type Told } from './told.js';

/** Whose turns completions are in the metrics, beside those of the agents of sessions. */
const METRICS_AGENT = 'claude-code';

/** Answers the requests of both dialects from the backend; each is a row among the runs. */
@Injectable()
export class CompletionsService {
  private readonly logger = new Logger(CompletionsService.name);
  private readonly inFlight = new Set<Promise<void>>();

  constructor(
    private readonly backend: ClaudeCodeBackend,
    private readonly runs: RunLedger,
    private readonly audit: AuditTrail,
    private readonly drain: DrainSwitch,
    private readonly metrics: MetricsRecorder,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /**
   * Answers a request step by step. Leaving the iteration early, or aborting the signal, cancels the turn.
   * @param route the row's, such as `/v1/messages`.
   * @throws GatewayError, ClaudeTurnError, OutputFormError.
   */
  async *complete(
    caller: AppCaller,
    route: string,
    request: AskedCompletion,
    signal: AbortSignal,
  ): AsyncGenerator<Told, void, undefined> {
    this.drain.assertOpen();
    const timer = this.metrics.startTurn();
    const runId = await this.begin(caller, route, request);
    const work: Work = {
      caller,
      route,
      runId,
      startedMs: this.clock.monotonicMs(),
      timer,
      spending: new Spending(),
    };
    let settle: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (settle = resolve));
    this.inFlight.add(running);
    let outcome = CANCELLED;
    let isRecorded = false;
    try {
      for await (const step of this.steps(caller, request, signal, work)) {
        // Before the end is told: who is told must find it in the ledger.
        if (step.kind === 'end') {
          outcome = outcomeOf(step);
          isRecorded = true;
          await this.record(work, outcome, step);
        }
        yield step;
      }
    } catch (error) {
      if (error instanceof ClaudeTurnError && error.spent !== null) work.spending.add(error.spent);
      outcome = failureOf(error, redact(messageOf(error), secretsOf(this.config)));
      throw error;
    } finally {
      if (!isRecorded) {
        await this.record(work, outcome).catch(() => undefined);
      }
      this.inFlight.delete(running);
      settle();
    }
  }

  /** At shutdown: completions may end within CLAWDFORGE_DRAIN_SECS, then they are ended; their rows are written. */
  async stop(): Promise<void> {
    await this.backend.close(this.config.drainSecs * 1000);
    await Promise.all(this.inFlight);
  }

  private steps(
    caller: AppCaller,
    request: AskedCompletion,
    signal: AbortSignal,
    { spending, timer }: Work,
  ): AsyncGenerator<Told, void, undefined> {
    const { output, messages } = request;
    const system = [request.system, output?.instruction].filter(Boolean).join('\n\n');
    const shown = new ShownText();
    const ask: AskTurn = (history, echoOf) =>
      spending.watch(
        told(
          this.backend.complete(
            {
              app: caller.appName,
              model: claudeModelOf(request.model),
              system,
              messages: history,
              engine: request.engine,
            },
            {
              signal,
              echoOf,
              deltas: request.isStream && output === null,
              outside: (wait) => timer.outside(wait),
            },
          ),
          shown,
        ),
      );
    if (output !== null) return answeredInForm(messages, output, ask);
    // Asked for once all of the turn was told.
    return ask(messages, () => echoOfText(shown.text));
  }

  private begin({ appName }: AppCaller, route: string, { messages, model }: DialectRequest): Promise<number> {
    const last: ChatMessage['content'] = messages.at(-1)?.content ?? '';
    return this.runs.begin(appName, claudeModelOf(model), textOf(last), route);
  }

  private async record(work: Work, outcome: Outcome, end?: CompletionEnd): Promise<void> {
    const { runId, timer, spending } = work;
    const durationMs = Math.round(this.clock.monotonicMs() - work.startedMs);
    const line = this.audit.statementOf({
      event: 'completion',
      appName: work.caller.appName,
      // Empty when it was cancelled before it had one.
      ...(end === undefined || end.sessionId === '' ? {} : { sessionId: end.sessionId }),
      detail: {
        run_id: runId,
        route: work.route,
        status: outcome.status,
        stop_reason: outcome.stopReason,
        duration_ms: durationMs,
        ...(end === undefined ? {} : { num_turns: end.numTurns }),
      },
    });
    await this.runs.end(runId, { ...outcome, ...spending.known, durationMs }, line);
    timer.end(METRICS_AGENT, outcome.status, durationMs);
    this.logger.debug({ run_id: runId, status: outcome.status, duration_ms: durationMs }, 'completion ended');
  }
}

/** One request that is being answered. */
interface Work {
  readonly caller: AppCaller;
  readonly route: string;
  readonly runId: number;
  readonly startedMs: number;
  readonly timer: TurnTimer;
  readonly spending: Spending;
}

type Outcome = Omit<RunRecordEnd, 'durationMs' | 'usage' | 'costUsd'>;

const CANCELLED: Outcome = {
  status: 'cancelled',
  stopReason: 'cancelled',
  error: 'the client went away',
};

function outcomeOf(end: CompletionEnd): Outcome {
  if (end.wasCancelled) return CANCELLED;
  return { status: 'completed', stopReason: end.stopReason, error: null };
}

function failureOf(error: unknown, message: string): Outcome {
  const isTimeout = error instanceof ClaudeTurnError && error.fault === 'timeout';
  return {
    status: isTimeout ? 'timed_out' : 'failed',
    stopReason: isTimeout ? 'timeout' : 'error',
    error: message,
  };
}
