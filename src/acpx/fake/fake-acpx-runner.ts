import type { TokenUsage } from '../../core/acp-messages.js';
import { stopReasonOf } from '../../core/acp-messages.js';
import { GatewayError } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';
import {
  AcpxRunner,
  type AgentInfo,
  type CreatedSession,
  type PromptItem,
  type PromptOptions,
  type PromptResult,
  type RunnerSession,
  type RunnerStats,
  type RunnerVersion,
  type SessionChange,
} from '../acpx-runner.js';
import { leavableTurn } from '../leavable-turn.js';
import { CANCELLED, endOf, NOTHING_ELSE, type TurnWait } from './turn-end.js';

/** What one turn of the fake does; every field has a default. */
export interface FakeTurn extends TurnWait {
  /** All messages in order, the terminal line included; default: a chunk "hello" and a terminal line. */
  readonly events?: readonly JsonObject[];
  /** Default: that of the last event, else `end_turn` (`error` when the turn fails). */
  readonly stopReason?: string;
  /** Fails the turn with this text, after its events. */
  readonly error?: string;
  readonly stderr?: string;
  readonly usage?: TokenUsage;
}

/** One call of the runner, in the order of the calls. */
export interface FakeCall {
  readonly op: 'create' | 'prompt' | 'configure' | 'cancel' | 'close' | 'release' | 'shutdown';
  /** Null for `shutdown`. */
  readonly sessionId: string | null;
  readonly agent?: string;
  /** The text blocks of the content, joined by newlines. */
  readonly prompt?: string;
  readonly timeoutSecs?: number;
  readonly change?: SessionChange;
}

/** Decides a turn that was not scripted by `next`. */
export type FakeScript = (session: RunnerSession, prompt: string) => FakeTurn;

/** The chunk of the default turn, in the older flat shape that clients also have to read. */
export const HELLO_CHUNK: JsonObject = {
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'hello' } },
};

export function terminalLine(stopReason: string): JsonObject {
  return { jsonrpc: '2.0', id: 'req-1', result: { stopReason } };
}

/** A runner without processes, for tests: scripted turns, recorded calls. */
export class FakeAcpxRunner extends AcpxRunner {
  readonly calls: FakeCall[] = [];
  /** Names that may be used; null allows every name. */
  allowed: readonly string[] | null = null;
  /** Allowed names that are not installed. */
  missing: readonly string[] = [];
  /** Sessions that may be open at once; above it `create` is `pool_full`. */
  maxSessions = Number.POSITIVE_INFINITY;
  versionFound: RunnerVersion = { isPresent: true, version: '0.0.0-fake' };

  private readonly turns: FakeTurn[] = [];
  private readonly createFailures: Error[] = [];
  private readonly open = new Set<string>();
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly script: FakeScript = () => ({})) {
    super();
  }

  /** Scripts the turns to come, one each. */
  next(...turns: FakeTurn[]): this {
    this.turns.push(...turns);
    return this;
  }

  /** Scripts a turn that hangs before its last event until the returned function is called (or it is cancelled). */
  hold(turn: FakeTurn = {}): () => void {
    let release = (): void => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    this.next({ ...turn, until });
    return release;
  }

  /** Makes the next `create` fail. */
  failNextCreate(error: Error = new GatewayError('agent_failed', 'the agent could not be started')): this {
    this.createFailures.push(error);
    return this;
  }

  /** Ids of the sessions that were created and not closed. */
  get openSessions(): readonly string[] {
    return [...this.open];
  }

  /** Ids of the sessions with a turn in flight. */
  get runningSessions(): readonly string[] {
    return [...this.running.keys()];
  }

  callsOf(op: FakeCall['op']): FakeCall[] {
    return this.calls.filter((call) => call.op === op);
  }

  isAllowed(agent: string): boolean {
    return this.allowed === null || this.allowed.includes(agent);
  }

  agents(): Promise<AgentInfo[]> {
    const names = this.allowed ?? ['claude', 'echo'];
    return Promise.resolve(names.map((name) => this.infoOf(name)));
  }

  create(session: RunnerSession): Promise<CreatedSession> {
    this.calls.push({ op: 'create', sessionId: session.id, agent: session.agent });
    const failure = this.createFailures.shift() ?? this.refusal(session.agent);
    if (failure !== undefined) return Promise.reject(failure);
    this.open.add(session.id);
    return Promise.resolve({ launchCommand: null, agentSessionId: `agent-${session.id}` });
  }

  prompt(
    session: RunnerSession,
    content: readonly JsonObject[],
    options: PromptOptions,
  ): AsyncIterable<PromptItem> {
    return leavableTurn(options, (leavable) => this.runTurn(session, textOfBlocks(content), leavable));
  }

  configure(session: RunnerSession, change: SessionChange): Promise<void> {
    this.calls.push({ op: 'configure', sessionId: session.id, change });
    return Promise.resolve();
  }

  cancel(session: RunnerSession): Promise<void> {
    return this.record('cancel', session);
  }

  close(session: RunnerSession): Promise<void> {
    this.open.delete(session.id);
    return this.record('close', session);
  }

  release(session: RunnerSession): Promise<void> {
    return this.record('release', session);
  }

  version(): Promise<RunnerVersion> {
    return Promise.resolve(this.versionFound);
  }

  stats(): RunnerStats {
    const runningTurns = this.running.size;
    return {
      liveAgents: this.open.size,
      busyAgents: runningTurns,
      idleAgents: Math.max(0, this.open.size - runningTurns),
      loadedSessions: this.open.size,
      runningTurns,
      waiting: 0,
      noiseLines: 0,
    };
  }

  shutdown(): Promise<void> {
    this.calls.push({ op: 'shutdown', sessionId: null });
    for (const stop of this.running.values()) stop.abort();
    return Promise.resolve();
  }

  private record(op: 'cancel' | 'close' | 'release', session: RunnerSession): Promise<void> {
    this.calls.push({ op, sessionId: session.id });
    this.running.get(session.id)?.abort();
    return Promise.resolve();
  }

  private infoOf(name: string): AgentInfo {
    const missing = this.missing.includes(name) ? `agent ${name} is not installed` : null;
    return { name, isInstalled: missing === null, missing, version: null, capabilities: null };
  }

  private refusal(agent: string): GatewayError | undefined {
    if (this.missing.includes(agent)) {
      return new GatewayError('agent_not_installed', `agent ${agent} is not installed`);
    }
    if (this.open.size < this.maxSessions) return undefined;
    return new GatewayError('pool_full', `max_live_sessions=${this.maxSessions} reached`, {
      retryable: true,
      retryAfterSecs: 1,
    });
  }

  private async *runTurn(
    session: RunnerSession,
    prompt: string,
    options: PromptOptions,
  ): AsyncGenerator<PromptItem, void> {
    this.calls.push({
      op: 'prompt',
      sessionId: session.id,
      prompt,
      timeoutSecs: options.deadlines.totalSecs,
    });
    if (options.signal.aborted) {
      yield { kind: 'result', result: { ...CANCELLED, stderr: '' } };
      return;
    }
    const turn = this.turns.shift() ?? this.script(session, prompt);
    const stop = new AbortController();
    this.running.set(session.id, stop);
    try {
      yield* play(turn, { ...options, signal: AbortSignal.any([options.signal, stop.signal]) });
    } finally {
      this.running.delete(session.id);
    }
  }
}

async function* play(turn: FakeTurn, options: PromptOptions): AsyncGenerator<PromptItem, void> {
  const events = turn.events ?? defaultEvents(turn);
  // A turn that fails has no terminal line: it waits and fails after the last event.
  const beforeEnd = turn.error === undefined ? events.slice(0, -1) : events;
  for (const event of beforeEnd) yield messageItem(event);
  const stopped = await endOf(turn, options);
  if (stopped !== null) {
    yield messageItem(terminalLine('cancelled'));
    yield { kind: 'result', result: { ...stopped, stderr: turn.stderr ?? '' } };
    return;
  }
  for (const event of events.slice(beforeEnd.length)) yield messageItem(event);
  yield { kind: 'result', result: resultOf(turn, events) };
}

function defaultEvents(turn: FakeTurn): readonly JsonObject[] {
  if (turn.error !== undefined) return [HELLO_CHUNK];
  return [HELLO_CHUNK, terminalLine(turn.stopReason ?? 'end_turn')];
}

function textOfBlocks(content: readonly JsonObject[]): string {
  return content.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('\n');
}

function messageItem(value: JsonObject): PromptItem {
  return { kind: 'message', message: { raw: JSON.stringify(value), value } };
}

function resultOf(turn: FakeTurn, events: readonly JsonObject[]): PromptResult {
  const last = events.at(-1);
  const ownReason = turn.stopReason ?? (last === undefined ? undefined : stopReasonOf(last));
  const isFailed = turn.error !== undefined;
  return {
    status: isFailed ? 'failed' : 'completed',
    stopReason: ownReason ?? (isFailed ? 'error' : 'end_turn'),
    error: turn.error ?? null,
    stderr: turn.stderr ?? '',
    ...NOTHING_ELSE,
    deadline: null,
    usage: turn.usage ?? null,
  };
}
