import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClaudeSession } from '../../src/claude-code/claude-session.js';
import { SessionFactory } from '../../src/claude-code/session-factory.js';
import type { SessionHome } from '../../src/claude-code/session-home.js';
import type { SessionSpec } from '../../src/claude-code/session-spec.js';
import { StreamSession, type StreamProcess } from '../../src/claude-code/stream/stream-session.js';
import type { ClaudeTerminal } from '../../src/claude-code/terminal/claude-terminal.js';
import { TerminalSession } from '../../src/claude-code/terminal/terminal-session.js';
import { TranscriptWatcher } from '../../src/claude-code/transcript-watcher.js';
import { Clock } from '../../src/common/clock.js';
import { textOf, type ChatMessage } from '../../src/core/claude/chat-message.js';
import { UNKNOWN_STATUS, type ClaudeStatus, type TurnLimits } from '../../src/core/claude/turn-progress.js';
import type { SplitLine } from '../../src/core/line-splitter.js';
import type { ExitStatus } from '../../src/processes/process-types.js';
import { ScriptedScreen } from './scripted-screen.js';

/** A record of a transcript; assertions are its types. */
export type TranscriptLine = Record<string, unknown>;
/** What a claude writes in answer to one prompt; nothing at all is a claude that hangs. */
export type TurnScript = TranscriptLine[];

/** Short, so that tests are quick; what is under test is that they are kept. */
export const SCRIPTED_LIMITS: TurnLimits = {
  secondEnterMs: 60,
  acknowledgeMs: 600,
  quietMs: 60,
  idleMs: 300,
};

const EXITED: ExitStatus = { code: 143, signal: null, spawnError: null };

/** One claude of a test: it notes what it is sent and answers by its script. */
export abstract class ScriptedClaude {
  readonly writes: string[] = [];
  readonly pid = 1;
  wasClosed = false;
  hasExited = false;
  readonly exited: Promise<ExitStatus>;
  private settleExit: (status: ExitStatus) => void = () => undefined;

  constructor(
    readonly spec: SessionSpec,
    readonly home: SessionHome,
    protected readonly scripts: readonly TurnScript[],
  ) {
    this.exited = new Promise((resolve) => (this.settleExit = resolve));
  }

  /** As if the process had ended by itself. */
  exit(): void {
    this.hasExited = true;
    this.settleExit(EXITED);
  }

  protected end(): Promise<void> {
    this.wasClosed = true;
    this.exit();
    return Promise.resolve();
  }
}

/** Stands in for the terminal: all above typing is real, the transcript is a real file. */
export class ScriptedTerminal extends ScriptedClaude implements ClaudeTerminal {
  readonly watched = new ScriptedScreen(this.exited.then(() => undefined));
  enters = 0;
  state: ClaudeStatus = UNKNOWN_STATUS;

  get wasTouched(): boolean {
    return this.watched.typed.length > 0;
  }

  send(prompt: string): Promise<void> {
    const script = this.scripts[this.writes.length] ?? [];
    this.writes.push(prompt);
    this.watched.show(`> ${prompt}\r\n`);
    this.append(script);
    return Promise.resolve();
  }

  append(records: readonly TranscriptLine[]): void {
    const file = this.home.transcriptFile;
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  pressEnter(): void {
    this.enters += 1;
  }

  status(): Promise<ClaudeStatus> {
    return Promise.resolve(this.state);
  }

  lastWords(): Promise<string> {
    return Promise.resolve('a scripted screen');
  }

  close(): Promise<void> {
    return this.end();
  }
}

/** Stands in for the kept-alive process, answering in stream-json what the script has as a transcript. */
export class ScriptedStream extends ScriptedClaude implements StreamProcess {
  readonly lines: AsyncIterable<SplitLine>;
  private readonly queue: string[] = [];
  private wake: () => void = () => undefined;

  constructor(spec: SessionSpec, home: SessionHome, scripts: readonly TurnScript[]) {
    super(spec, home, scripts);
    this.lines = this.read();
  }

  write(chunk: string | Uint8Array): Promise<boolean> {
    const line = JSON.parse(String(chunk)) as { uuid: string; message: ChatMessage };
    const script = this.scripts[this.writes.length] ?? [];
    this.writes.push(textOf(line.message.content));
    for (const record of script) this.say(toStreamLine(record, line.uuid));
    if (script.length > 0) this.say(resultLine(this.spec.id, script, this.writes.length));
    return Promise.resolve(true);
  }

  say(line: TranscriptLine): void {
    this.queue.push(JSON.stringify(line));
    this.wake();
  }

  stderrTail(): string {
    return 'a scripted stderr';
  }

  stop(): Promise<void> {
    return this.end();
  }

  override exit(): void {
    super.exit();
    this.wake();
  }

  private async *read(): AsyncGenerator<SplitLine, void, undefined> {
    for (;;) {
      const text = this.queue.shift();
      if (text !== undefined) yield { kind: 'line', text };
      else if (this.hasExited) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** What each turn of a scripted stream costs, in US dollars. */
export const SCRIPTED_COST_USD = 0.25;

/** Starts scripted claudes, each with the next of the given scripts, and keeps them to be looked at. */
export class ScriptedFactory extends SessionFactory {
  readonly spawned: (ScriptedTerminal | ScriptedStream)[] = [];
  /** The transcripts that were planted before a claude was started. */
  readonly seeds: string[] = [];
  readonly mcpConfigs: (string | null)[] = [];
  isInstalled = true;

  constructor(
    private readonly scripts: TurnScript[][] = [],
    private readonly limits: TurnLimits = SCRIPTED_LIMITS,
  ) {
    super();
  }

  assertInstalled(): void {
    if (!this.isInstalled) throw new Error('not installed');
  }

  start(
    spec: SessionSpec,
    home: SessionHome,
    mcpConfig: string | null,
    signal: AbortSignal,
  ): Promise<ClaudeSession> {
    signal.throwIfAborted();
    const scripts = this.scripts.shift();
    if (scripts === undefined) return Promise.reject(new Error('no script is left for another claude'));
    if (home.plantedBytes > 0) this.seeds.push(readFileSync(home.transcriptFile, 'utf8'));
    this.mcpConfigs.push(mcpConfig);
    const dispose = (): Promise<void> => Promise.resolve();
    if (spec.engine === 'stream-json') {
      const process = new ScriptedStream(spec, home, scripts);
      this.spawned.push(process);
      const limits = { startMs: 0, acknowledgeMs: this.limits.acknowledgeMs };
      return Promise.resolve(new StreamSession({ sessionId: spec.id, process, limits, dispose }));
    }
    const terminal = new ScriptedTerminal(spec, home, scripts);
    this.spawned.push(terminal);
    const watcher = new TranscriptWatcher(home.transcriptFile, home.plantedBytes);
    const parts = { sessionId: spec.id, terminal, watcher, clock: new Clock(), limits: this.limits };
    return Promise.resolve(new TerminalSession(parts));
  }
}

export function userRecord(content: unknown): TranscriptLine {
  return { type: 'user', uuid: 'u', parentUuid: null, message: { role: 'user', content } };
}

/** As a careless stand-in writes it: every message has the same id. */
export function assistantRecord(content: string | object[], stopReason = 'end_turn'): TranscriptLine {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = {
    id: 'msg_x',
    role: 'assistant',
    model: 'claude-test',
    content: blocks,
    stop_reason: stopReason,
  };
  return { type: 'assistant', uuid: 'a', parentUuid: null, message: { ...message, usage } };
}

export function toolUseRecord(id: string, name = 'Read'): TranscriptLine {
  return assistantRecord([{ type: 'tool_use', id, name, input: { q: 'x' } }], 'tool_use');
}

export function toolResultRecord(id: string, content: string): TranscriptLine {
  return userRecord([{ type: 'tool_result', tool_use_id: id, content }]);
}

export function apiErrorRecord(status: number, text: string): TranscriptLine {
  return { ...assistantRecord(text, 'stop_sequence'), isApiErrorMessage: true, apiErrorStatus: status };
}

/** A whole turn without tools. */
export function answer(prompt: string, text: string): TurnScript {
  return [userRecord(prompt), assistantRecord(text)];
}

function toStreamLine(record: TranscriptLine, uuid: string): TranscriptLine {
  const content = (record.message as { content: unknown } | undefined)?.content;
  if (record.type === 'user' && typeof content === 'string') return { ...record, uuid, isReplay: true };
  return record.isApiErrorMessage === true ? { ...record, error: 'unknown' } : record;
}

/** The costs are those of all turns so far, as claude tells them. */
function resultLine(sessionId: string, script: TurnScript, turns: number): TranscriptLine {
  const last = script.at(-1)!;
  const { content, stop_reason, usage } = last.message as Record<string, unknown>;
  return {
    type: 'result',
    subtype: 'success',
    is_error: last.isApiErrorMessage === true,
    api_error_status: last.apiErrorStatus ?? null,
    result: textOf(content as ChatMessage['content']),
    stop_reason,
    usage,
    total_cost_usd: turns * SCRIPTED_COST_USD,
    session_id: sessionId,
  };
}
