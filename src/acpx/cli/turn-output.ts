import { costUsdOf, errorTextOf } from '../../core/acp-messages.js';
import type { AgentMessage, JsonObject } from '../../core/json-rpc.js';
import { isJsonObject, parseMessage } from '../../core/json-rpc.js';
import type { SplitLine } from '../../core/line-splitter.js';
import { TerminalLineReader } from '../../core/terminal-line.js';

/** What one line of a turn's output is. */
export type TurnLine =
  | { readonly kind: 'message'; readonly message: AgentMessage; readonly isAnswer: boolean }
  | { readonly kind: 'noise' }
  | { readonly kind: 'too_much'; readonly error: string };

/** Reads the output of `acpx … prompt` line by line: its messages, its bounds, and the answer that ends the turn. */
export class TurnOutput {
  /** The reply to the prompt, once it was read. */
  answer: JsonObject | undefined;
  /** The last error object, and what it says. */
  errorObject: JsonObject | undefined;
  noiseLines = 0;
  /** The agent's id of the session in the prompt that acpx sent; null before that, and where it does not tell. */
  agentSessionId: string | null = null;
  /** Whether acpx has sent the prompt. */
  isPrompted = false;
  /** Of the session so far, as the agent reported last in this turn. */
  costUsd: number | null = null;

  private readonly terminal = new TerminalLineReader();
  private bytes = 0;

  constructor(
    private readonly maxLineBytes: number,
    private readonly maxTurnBytes: number,
  ) {}

  take(line: SplitLine): TurnLine {
    if (line.kind === 'overflow') {
      return { kind: 'too_much', error: `stdout line exceeded ${this.maxLineBytes} bytes` };
    }
    this.bytes += Buffer.byteLength(line.text) + 1;
    const message = parseMessage(line.text);
    const isAnswer = message !== undefined && this.read(message.value);
    if (this.bytes > this.maxTurnBytes && !isAnswer) {
      return { kind: 'too_much', error: `stdout of the turn exceeded ${this.maxTurnBytes} bytes` };
    }
    if (message !== undefined) return { kind: 'message', message, isAnswer };
    this.noiseLines += 1;
    return { kind: 'noise' };
  }

  /** Tells that the output ended: without an echo of the prompt its last object may be the answer. */
  end(): void {
    this.answer ??= this.terminal.end();
  }

  /** What the agent's side said of its failure; undefined when it said nothing. */
  errorText(): string | undefined {
    return this.errorObject === undefined ? undefined : errorTextOf(this.errorObject);
  }

  private read(value: JsonObject): boolean {
    if (errorTextOf(value) !== undefined) this.errorObject = value;
    this.costUsd = costUsdOf(value) ?? this.costUsd;
    if (value.method === 'session/prompt') this.readPrompt(value.params);
    const isAnswer = this.terminal.read(value);
    if (isAnswer) this.answer = value;
    return isAnswer;
  }

  private readPrompt(params: unknown): void {
    this.isPrompted = true;
    const sessionId = isJsonObject(params) ? params.sessionId : undefined;
    this.agentSessionId = typeof sessionId === 'string' ? sessionId : null;
  }
}
