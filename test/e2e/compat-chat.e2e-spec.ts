import { ClaudeTurnError } from '../../src/core/claude/turn-error.js';
import { GatewayError } from '../../src/core/errors.js';
import { ScriptedBackend, text, TOOL_CYCLE } from '../support/scripted-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('POST /v1/chat/completions', () => {
  let app: TestApp;
  let backend: ScriptedBackend;
  let token: string;

  beforeEach(async () => {
    backend = new ScriptedBackend();
    app = await startTestApp({ backend });
    token = await app.mint('my-app');
  });

  afterEach(() => app.close());

  const post = (body: object) =>
    app.http().post('/v1/chat/completions').set('authorization', token).send(body);
  const asking = (more: object = {}) => ({
    model: 'claude-code',
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of answers are any in tests
  const streamed = async (more: object = {}): Promise<any[]> => {
    const { text: body } = await post(asking({ stream: true, ...more })).expect(200);
    return body
      .split('\n\n')
      .filter((frame: string) => frame.startsWith('data: '))
      .map((frame: string) => (frame === 'data: [DONE]' ? 'DONE' : JSON.parse(frame.slice(6))));
  };

  it('answers with a completion, and tells what it ignored', async () => {
    const { body, headers } = await post(asking({ temperature: 0, n: 1, store: false })).expect(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'claude-scripted',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'hello there', refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 18,
        completion_tokens: 7,
        total_tokens: 25,
        prompt_tokens_details: { cached_tokens: 5 },
      },
    });
    expect(headers['x-clawdforge-ignored']).toBe('temperature');
    const { body: listed } = await app.http().get('/admin/runs').set('authorization', app.admin);
    expect(listed.runs).toMatchObject([{ route: '/v1/chat/completions', status: 'completed' }]);
  });

  it('translates roles, parts, calls and results', async () => {
    await post(
      asking({
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
          { role: 'user', content: 'day?', name: 'Ada' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'Bash', arguments: '{"a":1}' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'Monday' },
          { role: 'assistant', content: 'Monday.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'see' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
            ],
          },
        ],
      }),
    )
      .expect('x-clawdforge-ignored', 'messages.name, image_url.detail')
      .expect(200);
    expect(backend.requests[0]).toMatchObject({
      system: 'Be brief.\n\nBe kind.',
      messages: [
        { role: 'user', content: 'day?' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'Bash', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'Monday' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Monday.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          ],
        },
      ],
    });
  });

  it('streams chunks that end in [DONE], with the usage when it is asked for', async () => {
    backend.turns.push(TOOL_CYCLE);
    const frames = await streamed({ stream_options: { include_usage: true } });
    expect(frames.at(-1)).toBe('DONE');
    expect(frames.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 25 } });
    expect(frames.at(-3)).toMatchObject({
      choices: [{ delta: {}, finish_reason: 'stop' }],
      usage: null,
      clawdforge: { num_turns: 1 },
    });
    const chunks = frames.slice(0, -2);
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? '').join('')).toBe(
      'I look.\n\nIt is Monday.',
    );
    expect(chunks.some(({ choices }) => 'tool_calls' in choices[0].delta)).toBe(false);
    expect(chunks.filter(({ clawdforge }) => clawdforge?.tool !== undefined)).toHaveLength(2);
    expect(new Set(frames.slice(0, -1).map(({ id }) => id)).size).toBe(1);
  });

  it('streams no usage that was not asked for', async () => {
    const frames = await streamed();
    expect(frames.slice(0, -1).some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('gives the whole of a turn in messages that can be sent back', async () => {
    backend.turns.push(TOOL_CYCLE);
    const { body } = await post(asking()).expect(200);
    const { messages } = body.clawdforge;
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: 'toolu_1', type: 'function', function: { name: 'Bash', arguments: '{"command":"date"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'Monday' },
      { role: 'assistant', content: 'It is Monday.' },
    ]);
    await post(
      asking({ messages: [...asking().messages, ...messages, { role: 'user', content: 'so?' }] }),
    ).expect(200);
  });

  it.each([
    ['max_tokens', 'length'],
    ['refusal', 'content_filter'],
    ['tool_use', 'stop'],
  ])('ends for %s by %s', async (stopReason, finishReason) => {
    backend.stopReason = stopReason;
    const { body } = await post(asking()).expect(200);
    expect(body.choices[0].finish_reason).toBe(finishReason);
  });

  it('answers in JSON when asked to, in one piece', async () => {
    backend.turns.push([text('[1]')], [text('{"a":1}')]);
    const frames = await streamed({ response_format: { type: 'json_object' } });
    const said = frames.slice(0, -1).map(({ choices }) => choices[0]?.delta.content ?? '');
    expect(said.filter(Boolean)).toEqual(['{"a":1}']);
    expect(backend.requests[1]?.messages.at(-1)?.content).toContain('not a JSON object');
  });

  it('fails clearly when the form never comes', async () => {
    backend.turns.push([text('1')], [text('2')], [text('3')]);
    const schema = { type: 'string' };
    const { body } = await post(
      asking({
        response_format: { type: 'json_schema', json_schema: { name: 'day', strict: true, schema } },
      }),
    ).expect(502);
    expect(body.error).toMatchObject({ type: 'server_error', code: 'response_format_not_met', param: null });
  });

  it('keeps the row and the status of a failure', async () => {
    backend.turns.push(new ClaudeTurnError('api_error', 'slow down', { apiStatus: 429 }));
    const { body } = await post(asking({ stream: true })).expect(429);
    expect(body).toEqual({
      error: { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    });
    backend.turns.push(new GatewayError('queue_full', 'full', { retryable: true, retryAfterSecs: 5 }));
    expect((await post(asking()).expect(503).expect('retry-after', '5')).body.error.code).toBe('overloaded');
  });

  it.each<[string, object, string]>([
    ['two answers', { n: 2 }, 'n'],
    ['tools', { tools: [{ type: 'function' }] }, 'tools'],
    ['functions', { functions: [{}] }, 'functions'],
    ['a forced tool', { tool_choice: 'required' }, 'tool_choice'],
    ['probabilities', { logprobs: true }, 'logprobs'],
    ['sound', { modalities: ['text', 'audio'] }, 'modalities'],
    ['a stop', { stop: 'x' }, 'stop'],
    ['what nobody knows', { foo: 1 }, 'foo'],
    ['usage without a stream', { stream_options: { include_usage: true } }, 'stream_options'],
    ['a form that is none', { response_format: { type: 'xml' } }, 'response_format.type'],
    [
      'a schema that is none',
      { response_format: { type: 'json_schema', json_schema: { schema: { type: 'x' } } } },
      'response_format.json_schema.schema',
    ],
    ['an unknown role', { messages: [{ role: 'function', content: 'x' }] }, 'messages.0.role'],
    ['a system text alone', { messages: [{ role: 'system', content: 'x' }] }, 'messages'],
    [
      'a result without a call',
      { messages: [{ role: 'tool', tool_call_id: 'x', content: 'y' }] },
      'messages.0.tool_call_id',
    ],
    [
      'an unknown part',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'messages.0.content.0.type',
    ],
    ['a message that is none', { messages: ['hi'] }, 'messages.0'],
    ['content that is none', { messages: [{ role: 'user', content: 7 }] }, 'messages.0.content'],
    ['an answer at the end', history('x', { content: 'y' }), 'messages.1.role'],
    ['an answer that says nothing', history('x', { content: null }, 'z'), 'messages.1.content'],
    ['calls that are no list', history('x', { tool_calls: {} }, 'z'), 'messages.1.tool_calls'],
    [
      'a call without a function',
      history('x', { tool_calls: [{ id: 'a' }] }, 'z'),
      'messages.1.tool_calls.0.function',
    ],
    [
      'a call whose arguments are no JSON',
      history('x', { tool_calls: [{ id: 'a', function: { name: 'b', arguments: '{' } }] }, 'z'),
      'messages.1.tool_calls.0.function.arguments',
    ],
    ['an image that is none', imageOf('data:image/png;base64,aGk='), 'messages.0.content.0.image_url.url'],
    [
      'an image that is not base64',
      imageOf('data:image/png;base64,{}'),
      'messages.0.content.0.image_url.url',
    ],
    [
      'an image of no known kind',
      imageOf(`data:image/bmp;base64,${PNG}`),
      'messages.0.content.0.image_url.url',
    ],
    [
      'an image elsewhere',
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://x/a.png' } }] }],
      },
      'messages.0.content.0.image_url.url',
    ],
  ])('refuses %s with 400 and names the field', async (_name, more, param) => {
    const { body } = await post(asking(more)).expect(400);
    expect(body.error).toMatchObject({ type: 'invalid_request_error', param });
    expect(backend.requests).toEqual([]);
  });

  it('refuses in the shape of the API', async () => {
    const { body } = await app.http().post('/v1/chat/completions').send(asking()).expect(401);
    expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_api_key' });
    const missing = await app.http().get('/v1/engines').set('authorization', token).expect(404);
    expect(missing.body.error.code).toBe('not_found');
  });

  it('lists models in the shape of whoever asks', async () => {
    const ours = await app.http().get('/v1/models').set('authorization', token).expect(200);
    expect(ours.body.object).toBe('list');
    const theirs = await app.http().get('/v1/models').set('x-api-key', token.slice(7)).expect(200);
    expect(theirs.body).toMatchObject({ has_more: false, first_id: 'claude-code' });
    await app.http().get('/v1/models/opus').set('authorization', token).expect(200);
    await app.http().get('/v1/models/gpt-4').set('authorization', token).expect(404);
  });
});

/** A body's messages: texts are the user's, objects the agent's. */
function history(...parts: (string | object)[]): object {
  const messages = parts.map((part) =>
    typeof part === 'string' ? { role: 'user', content: part } : { role: 'assistant', ...part },
  );
  return { messages };
}

function imageOf(url: string): object {
  return { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] };
}
