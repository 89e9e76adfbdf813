import { randomUUID } from 'node:crypto';
import { NO_USAGE, type Spent, type TurnEvent } from '../../core/claude/backend-event.js';
import type { ChatMessage } from '../../core/claude/chat-message.js';
import { ClaudeTurnError } from '../../core/claude/turn-error.js';
import type { SplitLine } from '../../core/line-splitter.js';
import type { SupervisedProcess } from '../../processes/supervised-process.js';
import { untilAborted } from '../abort.js';
import type { ClaudeSession, TurnEnd } from '../claude-session.js';
import { promptLine, readStreamLine, type StreamMessage, type StreamResult } from './stream-messages.js';

/** claude ends its tools on SIGTERM within this, in milliseconds. */
const STOP_GRACE_MS = 3000;

/** The part of a supervised process that the session needs, so that a test can stand in for claude. */
export type StreamProcess = Pick<
  SupervisedProcess,
  'pid' | 'lines' | 'exited' | 'write' | 'stop' | 'stderrTail'
>;

/** Milliseconds. */
export interface StreamLimits {
  /** For the start, which the first prompt waits for: a history of megabytes, servers to connect to. */
  readonly startMs: number;
  /** After so long the prompt counts as lost: claude hangs. */
  readonly acknowledgeMs: number;
}

const STREAM_LIMITS: StreamLimits = { startMs: 60_000, acknowledgeMs: 15_000 };

export interface StreamSessionParts {
  readonly sessionId: string;
  readonly process: StreamProcess;
  readonly limits?: StreamLimits;
  /** Ends what the process left behind, once it is stopped. */
  readonly dispose: () => Promise<void>;
}

/** A kept-alive `claude -p` that takes a line of JSON for each prompt and answers in lines of JSON. */
export class StreamSession implements ClaudeSession {
  readonly terminal = null;
  readonly ended: Promise<void>;
  private readonly lines: AsyncIterator<SplitLine>;
  private isIntact = true;
  private totalCostUsd = 0;
  private hasEnded = false;
  private hasStarted = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: StreamSessionParts) {
    this.lines = parts.process.lines[Symbol.asyncIterator]();
    this.ended = parts.process.exited.then(() => {
      this.hasEnded = true;
    });
  }

  get pid(): number | undefined {
    return this.parts.process.pid;
  }

  async *turn(
    prompt: ChatMessage['content'],
    signal: AbortSignal,
  ): AsyncGenerator<TurnEvent, TurnEnd, undefined> {
    const limit = this.acknowledgeLimit();
    const aborted = untilAborted(AbortSignal.any([signal, limit.signal]));
    const uuid = randomUUID();
    let stopReason: string | null = null;
    let messageId: string | null = null;
    let isAcknowledged = false;
    try {
      void this.parts.process.write(promptLine(prompt, uuid));
      for (;;) {
        const message = await Promise.race([this.nextMessage(), aborted.rejection]);
        // What comes before is of a turn that was not ours.
        if (!isAcknowledged && message.kind !== 'acknowledged') continue;
        switch (message.kind) {
          case 'acknowledged':
            if (message.uuid !== uuid) continue;
            isAcknowledged = true;
            this.hasStarted = true;
            limit.end();
            yield { type: 'user', content: prompt };
            break;
          case 'assistant':
            stopReason = message.event.stopReason ?? stopReason;
            yield message.event;
            break;
          case 'message-start':
            messageId = message.messageId;
            break;
          case 'delta':
            yield { type: 'delta', messageId, block: message.block, text: message.text };
            break;
          case 'tool-result':
            yield message.event;
            break;
          case 'compacted':
            this.isIntact = false;
            break;
          case 'result':
            return this.endOf(message.result, stopReason);
        }
      }
    } finally {
      limit.end();
      aborted.dispose();
    }
  }

  isReusable(): Promise<boolean> {
    return Promise.resolve(this.isIntact && !this.hasEnded && this.closing === undefined);
  }

  close(): Promise<void> {
    return (this.closing ??= this.stop());
  }

  private async stop(): Promise<void> {
    await this.parts.process.stop(STOP_GRACE_MS);
    await this.parts.dispose();
  }

  private acknowledgeLimit(): { signal: AbortSignal; end: () => void } {
    const { startMs, acknowledgeMs } = this.parts.limits ?? STREAM_LIMITS;
    const limitMs = this.hasStarted ? acknowledgeMs : startMs + acknowledgeMs;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const message = `claude did not take the prompt within ${limitMs} ms`;
      controller.abort(new ClaudeTurnError('not_acknowledged', message));
    }, limitMs);
    return { signal: controller.signal, end: () => clearTimeout(timer) };
  }

  private async nextMessage(): Promise<StreamMessage> {
    for (;;) {
      const next = await this.lines.next();
      if (next.done === true) throw await this.exitError();
      if (next.value.kind === 'overflow') {
        throw new ClaudeTurnError(
          'protocol',
          `a line of claude's exceeded its bound with ${next.value.bytes} bytes`,
        );
      }
      const message = readStreamLine(next.value.text);
      if (message !== undefined) return message;
    }
  }

  private endOf(result: StreamResult, stopReason: string | null): TurnEnd {
    if (result.sessionId !== this.parts.sessionId) this.isIntact = false;
    const spent = this.spentIn(result);
    if (result.isError) {
      this.isIntact = false;
      throw new ClaudeTurnError('api_error', result.text, { apiStatus: result.apiStatus, spent });
    }
    return { stopReason: result.stopReason ?? stopReason ?? 'end_turn', ...spent };
  }

  private spentIn({ usage, totalCostUsd }: StreamResult): Spent {
    const costUsd = totalCostUsd === null ? null : Math.max(0, totalCostUsd - this.totalCostUsd);
    this.totalCostUsd = totalCostUsd ?? this.totalCostUsd;
    return { usage: usage ?? NO_USAGE, costUsd };
  }

  private async exitError(): Promise<ClaudeTurnError> {
    const { code, signal, spawnError } = await this.parts.process.exited;
    if (spawnError !== null) {
      return new ClaudeTurnError('not_ready', `claude could not be started: ${spawnError.message}`);
    }
    const said = this.parts.process.stderrTail(1000).trim();
    const how = signal ?? `exit ${code ?? 'unknown'}`;
    return new ClaudeTurnError('process_exit', `claude ended (${how})${said === '' ? '' : `: ${said}`}`);
  }
}
