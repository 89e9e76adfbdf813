import type { BackendStats } from '../../src/claude-code/backend-stats.js';
import {
  assertMessages,
  type CompletionOptions,
  type CompletionRequest,
} from '../../src/claude-code/completion.js';
import { NO_USAGE, type BackendEvent, type TokenUsage } from '../../src/core/claude/backend-event.js';
import type { ChatMessage, ContentBlock } from '../../src/core/claude/chat-message.js';
import { synthesizeTurnMessages } from '../../src/core/claude/turn-synthesis.js';

export const SCRIPTED_USAGE: TokenUsage = {
  input_tokens: 11,
  output_tokens: 7,
  cache_creation_input_tokens: 2,
  cache_read_input_tokens: 5,
};

export const SCRIPTED_COST_USD = 0.5;

/**
 * What the next turn does: says these blocks (results of tools are told as the tools'), fails (after what stands before the
 * error), or stays silent until it is ended.
 */
export type ScriptedTurn = readonly (ContentBlock | Error)[] | Error | 'silence';

/** Stands in for the Claude Code backend: it notes what it is asked and answers by its script. */
export class ScriptedBackend {
  readonly requests: CompletionRequest[] = [];
  /** What each turn's dialect says that it showed. */
  readonly echoes: (readonly ChatMessage[])[] = [];
  readonly turns: ScriptedTurn[] = [];
  stopReason = 'end_turn';
  cancelled = 0;
  private held: Promise<unknown> = Promise.resolve();

  /** Turns say nothing until what is returned is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.held = promise;
    return () => resolve(undefined);
  }

  async *complete(
    request: CompletionRequest,
    { signal, echoOf }: CompletionOptions = {},
  ): AsyncGenerator<BackendEvent, void, undefined> {
    assertMessages(request);
    this.requests.push(request);
    await this.held;
    const script = this.turns.shift() ?? [{ type: 'text', text: 'hello there' }];
    if (script instanceof Error) throw script;
    if (script === 'silence') {
      await new Promise<void>((resolve) =>
        signal?.addEventListener('abort', () => resolve(), { once: true }),
      );
      this.cancelled += 1;
      yield this.result('cancelled');
      return;
    }
    let messageId = 1;
    const blocks = script.filter((step): step is ContentBlock => !(step instanceof Error));
    const events = blocks.map((block): Exclude<BackendEvent, { type: 'result' }> => {
      if (block.type === 'tool_result') {
        messageId += 1;
        return { type: 'user', content: [block] };
      }
      const head = {
        messageId: `m${messageId}`,
        model: 'claude-scripted',
        stopReason: null,
        usage: SCRIPTED_USAGE,
      };
      return { type: 'assistant', content: [block], ...head };
    });
    for (const event of events) yield await Promise.resolve(event);
    const error = script.find((step) => step instanceof Error);
    if (error !== undefined) throw error;
    this.echoes.push(echoOf?.(synthesizeTurnMessages(events)) ?? []);
    yield this.result('success');
  }

  stats(): BackendStats {
    const histories = { live: 0, planted: 0, told: 0, none: this.requests.length };
    return { processes: { busy: 0, waiting: 1 }, queued: 0, histories };
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private result(subtype: 'success' | 'cancelled'): BackendEvent {
    const isGood = subtype === 'success';
    return {
      type: 'result',
      subtype,
      stopReason: isGood ? this.stopReason : 'cancelled',
      durationMs: 3,
      numTurns: this.requests.length,
      sessionId: 'S1',
      usage: isGood ? SCRIPTED_USAGE : NO_USAGE,
      costUsd: isGood ? SCRIPTED_COST_USD : null,
    };
  }
}

export function text(value: string): ContentBlock {
  return { type: 'text', text: value };
}

/** A tool that the agent ran itself, from its call to its last word. */
export const TOOL_CYCLE: readonly ContentBlock[] = [
  text('I look.'),
  { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'date' } },
  { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Monday' },
  text('It is Monday.'),
];
