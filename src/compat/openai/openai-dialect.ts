import type { TokenUsage } from '../../core/claude/backend-event.js';
import { blocksOf, textOf, type ChatMessage } from '../../core/claude/chat-message.js';
import type { CompletionEnd, Told } from '../completions/told.js';
import type { ApiFault, FaultKind } from '../http/api-fault.js';
import type { AnswerContext, Dialect, FrameWriter } from '../http/dialect.js';

const ERRORS: Readonly<Record<FaultKind, readonly [type: string, code: string | null]>> = {
  invalid_request: ['invalid_request_error', null],
  authentication: ['invalid_request_error', 'invalid_api_key'],
  permission: ['permission_error', null],
  not_found: ['invalid_request_error', 'not_found'],
  too_large: ['invalid_request_error', 'request_too_large'],
  rate_limit: ['rate_limit_error', 'rate_limit_exceeded'],
  overloaded: ['server_error', 'overloaded'],
  timeout: ['server_error', 'timeout'],
  output_form: ['server_error', 'response_format_not_met'],
  api: ['server_error', null],
};

/** Never `tool_calls`: the agent ran its tools itself, and a client must not act on them. */
export function finishReasonOf(stopReason: string): string {
  if (stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded') return 'length';
  return stopReason === 'refusal' ? 'content_filter' : 'stop';
}

export function openAiError({ kind, message, field }: ApiFault): object {
  const [type, code] = ERRORS[kind];
  return { error: { message, type, param: field, code } };
}

/** The Chat Completions API. */
export const OPENAI: Dialect = {
  route: '/v1/chat/completions',
  errorBody: openAiError,
  answer: (context, text, end) => ({
    ...head(context, 'chat.completion', end.model),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: finishReasonOf(end.stopReason),
      },
    ],
    usage: usageOf(end.usage),
    clawdforge: aboutTurn(end),
  }),
  frames: (context) => new ChunkFrames(context),
};

/** The chunks of a streamed completion; tools that the agent ran come with chunks that say nothing. */
class ChunkFrames implements FrameWriter {
  private model: string | null = null;

  constructor(private readonly context: AnswerContext) {}

  open(begin: Extract<Told, { kind: 'begin' }> | null): string {
    this.model = begin?.model ?? null;
    return this.chunk({ role: 'assistant', content: '' });
  }

  take(step: Exclude<Told, { kind: 'begin' }>): string {
    switch (step.kind) {
      case 'text':
        return this.chunk({ content: step.text });
      case 'tool':
        return this.chunk({}, null, { clawdforge: { tool: step.block } });
      case 'end':
        return this.end(step);
    }
  }

  alive(): string {
    return ': still at work\n\n';
  }

  fail(fault: ApiFault): string {
    return frame(openAiError(fault));
  }

  private end(end: CompletionEnd): string {
    const last = this.chunk({}, finishReasonOf(end.stopReason), { clawdforge: aboutTurn(end) });
    if (!this.context.includeUsage) return `${last}data: [DONE]\n\n`;
    const usage = frame({ ...this.head(), choices: [], usage: usageOf(end.usage) });
    return `${last}${usage}data: [DONE]\n\n`;
  }

  private chunk(delta: object, finishReason: string | null = null, more: object = {}): string {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
    const usage = this.context.includeUsage ? { usage: null } : {};
    return frame({ ...this.head(), choices, ...usage, ...more });
  }

  private head(): object {
    return head(this.context, 'chat.completion.chunk', this.model);
  }
}

function head({ id, createdSecs, model }: AnswerContext, object: string, toldModel: string | null): object {
  return { id: `chatcmpl-${id}`, object, created: createdSecs, model: toldModel ?? model };
}

/** What only we tell; clients of the API pass over it. `messages` may be sent back instead of the shown text. */
function aboutTurn(end: CompletionEnd): object {
  return {
    session_id: end.sessionId,
    num_turns: end.numTurns,
    duration_ms: end.durationMs,
    messages: end.messages.flatMap(toChatMessages),
  };
}

/** A message of the backend as Chat Completions has it; a result of a tool is a message of its own. */
export function toChatMessages({ role, content }: ChatMessage): object[] {
  const blocks = blocksOf(content);
  if (role === 'assistant') {
    const text = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
    const calls = blocks.flatMap((block) =>
      block.type === 'tool_use'
        ? [
            {
              id: block.id,
              type: 'function',
              function: { name: block.name, arguments: JSON.stringify(block.input) },
            },
          ]
        : [],
    );
    // One that only thought has nothing to show.
    if (text === '' && calls.length === 0) return [];
    return [
      { role, content: text === '' ? null : text, ...(calls.length === 0 ? {} : { tool_calls: calls }) },
    ];
  }
  return blocks.flatMap((block) =>
    block.type === 'tool_result'
      ? [{ role: 'tool', tool_call_id: block.tool_use_id, content: textOf(block.content) }]
      : [],
  );
}

function usageOf(usage: TokenUsage): object {
  const cached = usage.cache_read_input_tokens;
  const prompt = usage.input_tokens + usage.cache_creation_input_tokens + cached;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output_tokens,
    total_tokens: prompt + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
