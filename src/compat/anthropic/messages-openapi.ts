import type { ApiBodyOptions } from '@nestjs/swagger';

type Schema = NonNullable<Extract<ApiBodyOptions, { schema: unknown }>['schema']>;

const COUNT: Schema = { type: 'integer', example: 11 };

export const MESSAGES_BODY: Schema = {
  type: 'object',
  required: ['model', 'max_tokens', 'messages'],
  properties: {
    model: {
      type: 'string',
      description: 'A model that claude knows; `claude-code` or `default` for its own choice.',
      example: 'claude-code',
    },
    max_tokens: { type: 'integer', minimum: 1, description: 'Not honoured.', example: 1024 },
    messages: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['role', 'content'],
        properties: {
          role: { type: 'string', enum: ['user', 'assistant'] },
          content: {
            oneOf: [
              { type: 'string' },
              { type: 'array', items: { type: 'object', additionalProperties: true } },
            ],
            description: 'Text, or blocks: text, image, document, tool_use, tool_result, thinking.',
          },
        },
      },
      example: [{ role: 'user', content: 'Which files are here?' }],
    },
    system: {
      oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object', additionalProperties: true } }],
      description: 'Appended to the agent’s own system prompt: text, or text blocks.',
      example: 'Be brief.',
    },
    stream: { type: 'boolean', default: false },
    output_config: {
      type: 'object',
      properties: {
        format: {
          type: 'object',
          properties: {
            type: { type: 'string', enum: ['json_schema'] },
            schema: { type: 'object', additionalProperties: true },
          },
        },
      },
    },
  },
};

export const MESSAGE: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string', example: 'msg_3c9d4f0e6d0b4f6f9d5e0b7f3f1c2a11' },
    type: { type: 'string', enum: ['message'] },
    role: { type: 'string', enum: ['assistant'] },
    model: { type: 'string', example: 'claude-sonnet-4-5' },
    content: {
      type: 'array',
      description: 'One text block, or none.',
      items: {
        type: 'object',
        properties: { type: { type: 'string', enum: ['text'] }, text: { type: 'string' } },
      },
    },
    stop_reason: { type: 'string', description: 'Never `tool_use`.', example: 'end_turn' },
    stop_sequence: { oneOf: [{ type: 'string' }, { type: 'null' }], example: null },
    usage: {
      type: 'object',
      properties: {
        input_tokens: COUNT,
        output_tokens: COUNT,
        cache_creation_input_tokens: COUNT,
        cache_read_input_tokens: COUNT,
      },
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

export const ANTHROPIC_ERROR: Schema = {
  type: 'object',
  properties: {
    type: { type: 'string', enum: ['error'] },
    error: {
      type: 'object',
      properties: {
        type: { type: 'string', example: 'invalid_request_error' },
        message: { type: 'string', example: 'messages.0.role: takes user or assistant' },
      },
    },
    request_id: { type: 'string', example: '3c9d4f0e-6d0b-4f6f-9d5e-0b7f3f1c2a11' },
  },
};
