import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { secretsOf } from '../config/secrets.js';
import {
  NOTHING_SPENT,
  usageOf,
  type BackendEvent,
  type ResultEvent,
  type Spent,
  type TurnEvent,
} from '../core/claude/backend-event.js';
import { blocksOf, type ChatMessage } from '../core/claude/chat-message.js';
import { promptWithHistory } from '../core/claude/history-preamble.js';
import { ClaudeTurnError } from '../core/claude/turn-error.js';
import { finalTextOf, synthesizeTurnMessages } from '../core/claude/turn-synthesis.js';
import { GatewayError } from '../core/errors.js';
import { redact } from '../core/redaction.js';
import { pause } from './abort.js';
import { historyFoundFor, type BackendStats, type HistoryFound } from './backend-stats.js';
import type { TurnEnd } from './claude-session.js';
import {
  assertMessages,
  keysAfter,
  notMeasured,
  makeDirectory,
  settleCompletion,
  type Completion,
  type CompletionOptions,
  type CompletionRequest,
} from './completion.js';
import { viewOf, type LiveSession, type LiveSessionView } from './live-session.js';
import { LiveSessions } from './live-sessions.js';
import { SessionFactory } from './session-factory.js';

const EXPIRY_CHECK_MS = 15_000;
const ABANDONED_READER_MS = 2000;

/**
 * Answers whole message histories from live `claude` sessions. A history that goes on where a session of the same app and
 * options stands is answered by that session; any other is planted into a new one (docs/adr/0010).
 */
@Injectable()
export class ClaudeCodeBackend {
  private readonly logger = new Logger(ClaudeCodeBackend.name);
  private readonly directory: string;
  private readonly live: LiveSessions;
  private readonly work = new Map<AbortController, Promise<void>>();
  private workDir: string | undefined;
  private expiryTimer: NodeJS.Timeout | undefined;
  private closing: Promise<void> | undefined;
  private readonly histories: Record<HistoryFound, number> = { live: 0, planted: 0, told: 0, none: 0 };

  constructor(
    private readonly config: AppConfig,
    private readonly factory: SessionFactory,
    private readonly clock: Clock,
  ) {
    this.directory = path.join(config.dataDir, 'claude-code');
    this.live = new LiveSessions(config, factory, clock, this.directory);
  }

  /** The sessions that live now, at work or waiting, with their terminals where they have one. */
  get liveSessions(): readonly LiveSessionView[] {
    return this.live.sessions.filter(({ closing }) => closing === undefined).map(viewOf);
  }

  /** Counts for metrics. */
  stats(): BackendStats {
    const { sessions, queued } = this.live;
    const busy = sessions.filter(({ isBusy }) => isBusy).length;
    return {
      processes: { busy, waiting: sessions.length - busy },
      queued,
      histories: { ...this.histories },
    };
  }

  /** Cleans up after a server that was killed, and begins to close sessions that nobody continues. */
  async start(): Promise<void> {
    await this.live.removeLeftovers();
    this.expiryTimer = setInterval(() => void this.discardExpired(), EXPIRY_CHECK_MS);
    this.expiryTimer.unref();
  }

  /** Closes the sessions that have waited for longer than the setting allows. */
  async discardExpired(): Promise<void> {
    await this.live.discardExpired();
  }

  /**
   * Answers a history: what claude says and does as it comes, and a result as the last event. Leaving the iteration early
   * cancels the turn.
   * @throws before anything is started: GatewayError `validation_failed`, `agent_not_installed`, `draining`, `queue_full`,
   * `storage_unavailable`; afterwards ClaudeTurnError, or GatewayError `draining` when the backend is closed meanwhile.
   */
  async *complete(
    request: CompletionRequest,
    options: CompletionOptions = {},
  ): AsyncGenerator<BackendEvent, void, undefined> {
    if (this.closing !== undefined) throw closedError();
    assertMessages(request);
    this.factory.assertInstalled();
    const { controller, finish } = this.begin(options);
    const startedMs = this.clock.monotonicMs();
    let live: LiveSession | undefined;
    const turn: TurnEvent[] = [];
    try {
      const completion = await settleCompletion(request, this.config, () => this.workDirectory());
      controller.signal.throwIfAborted();
      const found = await this.live.take(completion);
      this.histories[found === undefined ? historyFoundFor(completion) : 'live'] += 1;
      live = found ?? (await this.live.start(completion, controller.signal, options.outside));
      const prompt = found === undefined ? firstPrompt(completion) : completion.prompt;
      const events = live.session.turn(prompt, controller.signal);
      const end = yield* recorded(events, turn, options);
      const result = this.resultOf(live, end, startedMs);
      await this.keepOrDiscard(live, completion, turn, options);
      live = undefined;
      yield result;
    } catch (error) {
      if (options.signal?.aborted !== true || controller.signal.reason !== options.signal.reason) {
        throw this.presentable(error, turn);
      }
      await this.discard(live);
      const cancelled = live;
      live = undefined;
      yield this.cancelledResult(cancelled, turn, startedMs);
    } finally {
      await this.discard(live);
      finish();
    }
  }

  /**
   * Takes no new requests, lets the running ones end within `graceMs` milliseconds, then ends them with `draining`, and
   * closes all sessions; idempotent. @throws never.
   */
  close(graceMs = 0): Promise<void> {
    return (this.closing ??= this.stop(graceMs));
  }

  private async stop(graceMs: number): Promise<void> {
    clearInterval(this.expiryTimer);
    const finished = new AbortController();
    const running = Promise.all(this.work.values()).then(() => finished.abort());
    await pause(graceMs, finished.signal);
    for (const controller of this.work.keys()) controller.abort(closedError());
    await this.live.close();
    // A reader that stopped in the middle never ends its iteration; its session is closed all the same.
    await Promise.race([running, pause(ABANDONED_READER_MS, finished.signal)]);
    await this.live.close();
  }

  private begin({ signal, timeoutMs = this.config.claudeTimeoutSecs * 1000 }: CompletionOptions): {
    controller: AbortController;
    finish: () => void;
  } {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal?.reason);
    const timer = setTimeout(() => {
      controller.abort(new ClaudeTurnError('timeout', `claude did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    let settle: () => void = () => undefined;
    this.work.set(controller, new Promise((resolve) => (settle = resolve)));
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.work.delete(controller);
      settle();
    };
    return { controller, finish };
  }

  /** Asked for once: a request that finds its session has no business with the disk. */
  private async workDirectory(): Promise<string> {
    return (this.workDir ??= await makeDirectory(path.join(this.directory, 'work')));
  }

  private async keepOrDiscard(
    live: LiveSession,
    completion: Completion,
    events: readonly TurnEvent[],
    { echoOf = finalTextOf }: CompletionOptions,
  ): Promise<void> {
    if (!(await live.session.isReusable())) return this.discard(live);
    const turn = synthesizeTurnMessages(events);
    this.live.keep(live, keysAfter(completion, turn, echoOf(turn)));
  }

  /** What claude printed may hold anything, keys too, and callers pass messages on. */
  private presentable(error: unknown, turn: readonly TurnEvent[]): unknown {
    if (!(error instanceof ClaudeTurnError)) return error;
    const { fault, message, apiStatus } = error;
    const spent = error.spent ?? spentOn(turn);
    const { cause } = error;
    return new ClaudeTurnError(fault, redact(message, secretsOf(this.config)), { apiStatus, spent, cause });
  }

  private async discard(live: LiveSession | undefined): Promise<void> {
    if (live === undefined) return;
    this.logger.debug({ session_id: live.spec.id, engine: live.spec.engine }, 'a claude session is closed');
    await this.live.discard(live);
  }

  private resultOf(live: LiveSession, end: TurnEnd, startedMs: number): ResultEvent {
    live.numTurns += 1;
    return {
      type: 'result',
      subtype: 'success',
      stopReason: end.stopReason,
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      numTurns: live.numTurns,
      sessionId: live.spec.id,
      usage: end.usage,
      costUsd: end.costUsd,
    };
  }

  private cancelledResult(
    live: LiveSession | undefined,
    turn: readonly TurnEvent[],
    startedMs: number,
  ): ResultEvent {
    return {
      type: 'result',
      subtype: 'cancelled',
      stopReason: 'cancelled',
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      numTurns: live?.numTurns ?? 0,
      sessionId: live?.spec.id ?? '',
      ...spentOn(turn),
    };
  }
}

/** Passes events on and keeps the whole ones; leaving early ends the turn's own iteration too. */
async function* recorded(
  turn: AsyncGenerator<TurnEvent, TurnEnd, undefined>,
  events: TurnEvent[],
  { deltas: withDeltas = false, outside = notMeasured }: CompletionOptions,
): AsyncGenerator<TurnEvent, TurnEnd, undefined> {
  try {
    for (;;) {
      const next = await outside(turn.next());
      if (next.done === true) return next.value;
      const isDelta = next.value.type === 'delta';
      if (!isDelta) events.push(next.value);
      if (!isDelta || withDeltas) yield next.value;
    }
  } finally {
    await turn.return({ stopReason: 'cancelled', ...NOTHING_SPENT });
  }
}

/** What the messages of a turn that did not end well have told of it. */
function spentOn(turn: readonly TurnEvent[]): Spent {
  return { usage: usageOf(turn), costUsd: null };
}

/** The first prompt of a new session: told with its history where that was not planted. */
function firstPrompt({ historyMode, history, prompt }: Completion): ChatMessage['content'] {
  if (historyMode === 'native_jsonl' || history.length === 0) return prompt;
  if (typeof prompt === 'string') return promptWithHistory(history, prompt);
  return [{ type: 'text', text: promptWithHistory(history, '') }, ...blocksOf(prompt)];
}

function closedError(): GatewayError {
  return new GatewayError('draining', 'the Claude Code backend is closed', { retryable: true });
}
