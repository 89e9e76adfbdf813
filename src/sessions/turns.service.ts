import { Injectable, Logger } from '@nestjs/common';
import type { TurnDeadlines } from '../acpx/acpx-runner.js';
import type { AppCaller } from '../common/caller.js';
import { DrainSwitch } from '../common/drain.js';
import { AppConfig } from '../config/app-config.js';
import { GatewayError } from '../core/errors.js';
import type { JsonObject } from '../core/json-rpc.js';
import { promptWithFiles } from '../core/prompt.js';
import { FileReferences } from '../files/file-references.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { KnownSessions, sessionClosedError } from './known-sessions.js';
import { SessionStore } from './session-store.js';
import { type TurnCommand, TurnExecution } from './turn-execution.js';
import { type AcceptedTurn, TurnLedger } from './turn-ledger.js';
import { calledOffOutcome, type TurnOutcome } from './turn-outcome.js';
import { type Ticket, TurnQueues } from './turn-queue.js';

export interface TurnRequest {
  readonly prompt: string | null;
  /** ACP content blocks behind the prompt. */
  readonly content: readonly JsonObject[];
  readonly files: readonly string[];
  readonly deadlines: TurnDeadlines;
  readonly collectsEvents: boolean;
}

/** A turn that was accepted and is under way. */
export interface TurnUnderWay {
  readonly turn: AcceptedTurn;
  /** Resolves when the turn has ended and is recorded, rejects when it was called off before it began. */
  readonly ended: Promise<TurnOutcome>;
}

/** The error with which a waiting turn that its client cancelled ends. */
class CalledOff extends GatewayError {
  constructor() {
    super('session_closed', 'the turn was cancelled before it began');
  }
}

/** A turn's whole path: its place in the queue, the agent, the ledger. It runs to its end whoever is still listening. */
@Injectable()
export class TurnsService {
  private readonly logger = new Logger(TurnsService.name);
  private readonly underWay = new Map<string, { ticket: Ticket; ended: Promise<unknown> }>();

  constructor(
    private readonly config: AppConfig,
    private readonly known: KnownSessions,
    private readonly sessions: SessionStore,
    private readonly queues: TurnQueues,
    private readonly turns: TurnLedger,
    private readonly execution: TurnExecution,
    private readonly files: FileReferences,
    private readonly drain: DrainSwitch,
    private readonly metrics: MetricsRecorder,
  ) {}

  /**
   * Accepts a turn of the app's session; it runs when its time has come.
   * @throws GatewayError `session_not_found`, `session_closed`, `validation_failed` (files), `queue_full`, `draining`,
   * `storage_unavailable`. Such a request took no index.
   */
  async submit(caller: AppCaller, sessionId: string, request: TurnRequest): Promise<TurnUnderWay> {
    this.drain.assertOpen();
    const timer = this.metrics.startTurn();
    await this.assertOpen(caller.appName, sessionId);
    const paths = await this.files.resolve(caller.appName, request.files);
    const command: TurnCommand = { ...request, content: contentOf(request, paths), timer };
    // The stop may have begun meanwhile, and it does not wait for turns that come after it.
    this.drain.assertOpen();
    // From here to `accept` nothing else awaits, so that indices go by the order of arrival.
    const ticket = this.queues.enter(sessionId);
    try {
      const prompt = this.config.keepPrompts ? request.prompt : null;
      const turn = await this.turns.accept(sessionId, ticket.isFirst, prompt);
      const ended = this.runInTurn(turn, ticket, command);
      // Whoever waits for it is told; nobody has to.
      ended.catch(() => undefined);
      return { turn, ended };
    } catch (error) {
      ticket.leave();
      throw error;
    }
  }

  /** Runs one turn and resolves when it has ended, well or not. @throws as `submit`, and when it was called off. */
  async run(caller: AppCaller, sessionId: string, request: TurnRequest): Promise<TurnOutcome> {
    const { ended } = await this.submit(caller, sessionId, request);
    return ended;
  }

  /** Cancels a turn that waits or runs and waits until it has ended; one that has ended already stays as it is. */
  async cancel(turnId: string): Promise<void> {
    const turn = this.underWay.get(turnId);
    if (turn === undefined) return;
    turn.ticket.cancel(new CalledOff());
    await turn.ended.catch(() => undefined);
  }

  /** Resolves when the turn has ended, or after `waitMs` milliseconds. */
  async waitForEnd(turnId: string, waitMs: number): Promise<void> {
    const turn = this.underWay.get(turnId);
    if (turn === undefined) return;
    const { promise: timeIsUp, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), waitMs);
    await Promise.race([turn.ended.catch(() => undefined), timeIsUp]);
    clearTimeout(timer);
  }

  private async assertOpen(appName: string, sessionId: string): Promise<void> {
    if (this.known.get(sessionId)?.appName === appName) return;
    const session = await this.sessions.find(appName, sessionId);
    if (session.closedAtMs !== null) throw sessionClosedError();
  }

  private async runInTurn(turn: AcceptedTurn, ticket: Ticket, command: TurnCommand): Promise<TurnOutcome> {
    const ended = this.begin(turn, ticket, command);
    this.underWay.set(turn.id, { ticket, ended });
    try {
      const outcome = await ended;
      const { result, durationMs } = outcome;
      // The request's line, the audit trail and the turn itself tell the same.
      this.logger.debug(
        {
          session_id: turn.session.id,
          turn_index: turn.turnIndex,
          status: result.status,
          duration_ms: durationMs,
          ...(result.contextLost ? { context_lost: true } : {}),
        },
        'turn ended',
      );
      return outcome;
    } finally {
      this.underWay.delete(turn.id);
      ticket.leave();
    }
  }

  private async begin(turn: AcceptedTurn, ticket: Ticket, command: TurnCommand): Promise<TurnOutcome> {
    if (!ticket.isFirst) {
      try {
        await command.timer.outside(ticket.ready);
      } catch (error) {
        await this.turns.callOff(turn);
        if (error instanceof CalledOff) return calledOffOutcome(turn);
        throw error;
      }
      if (!(await this.turns.begin(turn))) throw sessionClosedError();
    }
    return this.execution.run(turn, command, ticket.signal);
  }
}

function contentOf(request: TurnRequest, paths: readonly string[]): JsonObject[] {
  const text = promptWithFiles(request.prompt ?? '', paths);
  return [...(text === '' ? [] : [{ type: 'text', text }]), ...request.content];
}
