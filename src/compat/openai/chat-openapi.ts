import type { ApiBodyOptions } from '@nestjs/swagger';

type Schema = NonNullable<Extract<ApiBodyOptions, { schema: unknown }>['schema']>;

const COUNT: Schema = { type: 'integer', example: 11 };

export const CHAT_BODY: Schema = {
  type: 'object',
  required: ['model', 'messages'],
  properties: {
    model: {
      type: 'string',
      description: 'A model that claude knows; `claude-code` or `default` for its own choice.',
      example: 'claude-code',
    },
    messages: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['role'],
        additionalProperties: true,
        properties: {
          role: { type: 'string', enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
          content: {
            oneOf: [
              { type: 'string' },
              { type: 'array', items: { type: 'object', additionalProperties: true } },
            ],
            description: 'Text, or parts: text, and in user messages image_url with a `data:` URL.',
          },
        },
      },
      example: [{ role: 'user', content: 'Which files are here?' }],
    },
    stream: { type: 'boolean', default: false },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
    response_format: {
      type: 'object',
      additionalProperties: true,
      properties: { type: { type: 'string', enum: ['text', 'json_object', 'json_schema'] } },
    },
  },
};

export const CHAT_COMPLETION: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string', example: 'chatcmpl-3c9d4f0e6d0b4f6f9d5e0b7f3f1c2a11' },
    object: { type: 'string', enum: ['chat.completion'] },
    created: { type: 'integer', description: 'Unix seconds.', example: 1763700000 },
    model: { type: 'string', example: 'claude-sonnet-4-5' },
    choices: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          index: { type: 'integer', example: 0 },
          message: {
            type: 'object',
            properties: { role: { type: 'string', enum: ['assistant'] }, content: { type: 'string' } },
          },
          finish_reason: { type: 'string', description: 'Never `tool_calls`.', example: 'stop' },
        },
      },
    },
    usage: {
      type: 'object',
      properties: { prompt_tokens: COUNT, completion_tokens: COUNT, total_tokens: COUNT },
    },
    clawdforge: {
      type: 'object',
      description: 'Ours: the live session, and all that the turn added, which may be sent back as history.',
      properties: {
        session_id: { type: 'string' },
        num_turns: { type: 'integer', description: 'Turns that the session has answered.', example: 1 },
        duration_ms: { type: 'integer', example: 2140 },
        messages: { type: 'array', items: { type: 'object', additionalProperties: true } },
      },
    },
  },
};

export const OPENAI_ERROR: Schema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string', example: 'n: takes 1: there is one answer' },
        type: { type: 'string', example: 'invalid_request_error' },
        param: { oneOf: [{ type: 'string' }, { type: 'null' }], example: 'n' },
        code: { oneOf: [{ type: 'string' }, { type: 'null' }], example: null },
      },
    },
  },
};
