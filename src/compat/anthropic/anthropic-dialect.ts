import { NO_USAGE, type TokenUsage } from '../../core/claude/backend-event.js';
import type { CompletionEnd, Told } from '../completions/told.js';
import type { ApiFault, FaultKind } from '../http/api-fault.js';
import type { AnswerContext, Dialect, FrameWriter } from '../http/dialect.js';

const ERROR_TYPES: Readonly<Record<FaultKind, string>> = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  too_large: 'request_too_large',
  rate_limit: 'rate_limit_error',
  overloaded: 'overloaded_error',
  timeout: 'timeout_error',
  output_form: 'api_error',
  api: 'api_error',
};
const STOP_REASONS = new Set([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'refusal',
  'model_context_window_exceeded',
]);

/** Never `tool_use`: the agent ran its tools itself, and a client must not act on them. */
export function anthropicStopReason(stopReason: string): string {
  return STOP_REASONS.has(stopReason) ? stopReason : 'end_turn';
}

export function anthropicError(fault: ApiFault, requestId: string): object {
  return {
    type: 'error',
    error: { type: ERROR_TYPES[fault.kind], message: fault.message },
    request_id: requestId,
  };
}

/** The Messages API. */
export const ANTHROPIC: Dialect = {
  route: '/v1/messages',
  errorBody: anthropicError,
  answer: (context, text, end) => ({
    ...messageHead(context, end.model),
    content: text === '' ? [] : [{ type: 'text', text }],
    stop_reason: anthropicStopReason(end.stopReason),
    usage: usageOf(end.usage),
    clawdforge: aboutTurn(end),
  }),
  frames: (context) => new MessageFrames(context),
};

/** The event sequence of a streamed message: one text block; tools that the agent ran come with pings. */
class MessageFrames implements FrameWriter {
  private hasText = false;

  constructor(private readonly context: AnswerContext) {}

  open(begin: Extract<Told, { kind: 'begin' }> | null): string {
    const usage = usageOf({ ...(begin?.usage ?? NO_USAGE), output_tokens: 0 });
    const message = {
      ...messageHead(this.context, begin?.model ?? null),
      content: [],
      stop_reason: null,
      usage,
    };
    return frame({ type: 'message_start', message }) + this.alive();
  }

  take(step: Exclude<Told, { kind: 'begin' }>): string {
    switch (step.kind) {
      case 'text':
        return this.text(step.text);
      case 'tool':
        return frame({ type: 'ping', clawdforge: { tool: step.block } });
      case 'end':
        return this.end(step);
    }
  }

  alive(): string {
    return frame({ type: 'ping' });
  }

  fail(fault: ApiFault): string {
    return frame({ ...anthropicError(fault, this.context.requestId), type: 'error' });
  }

  private text(text: string): string {
    const delta = frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
    if (this.hasText) return delta;
    this.hasText = true;
    return (
      frame({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) + delta
    );
  }

  private end(end: CompletionEnd): string {
    const delta = { stop_reason: anthropicStopReason(end.stopReason), stop_sequence: null };
    return [
      this.hasText ? frame({ type: 'content_block_stop', index: 0 }) : '',
      frame({ type: 'message_delta', delta, usage: usageOf(end.usage), clawdforge: aboutTurn(end) }),
      frame({ type: 'message_stop' }),
    ].join('');
  }
}

function messageHead({ id, model }: AnswerContext, toldModel: string | null): object {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: toldModel ?? model,
    stop_sequence: null,
  };
}

/** What only we tell; clients of the API pass over it. `messages` may be sent back instead of the shown text. */
function aboutTurn(end: CompletionEnd): object {
  return {
    session_id: end.sessionId,
    num_turns: end.numTurns,
    duration_ms: end.durationMs,
    messages: end.messages,
  };
}

function usageOf(usage: TokenUsage): object {
  return { ...usage, cache_creation: null, server_tool_use: null, service_tier: null };
}

function frame(event: { readonly type: string } & Readonly<Record<string, unknown>>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
