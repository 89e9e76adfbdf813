import { ClaudeTurnError } from '../../src/core/claude/turn-error.js';
import { GatewayError } from '../../src/core/errors.js';
import { followEvents } from '../support/event-stream.js';
import { SCRIPTED_USAGE, ScriptedBackend, text, TOOL_CYCLE } from '../support/scripted-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('POST /v1/messages', () => {
  let app: TestApp;
  let backend: ScriptedBackend;
  let key: string;

  beforeEach(async () => {
    backend = new ScriptedBackend();
    app = await startTestApp({ backend });
    key = (await app.mint('my-app')).slice('Bearer '.length);
  });

  afterEach(() => app.close());

  const post = (body: object, path = '/v1/messages') =>
    app.http().post(path).set('x-api-key', key).set('anthropic-version', '2023-06-01').send(body);
  const asking = (more: object = {}) => ({
    model: 'claude-code',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
  const runs = async () => (await app.http().get('/admin/runs').set('authorization', app.admin)).body.runs;
  const streamOf = (body: object) =>
    followEvents(`${app.baseUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true }),
    });

  it('answers with a message, and tells what it ignored', async () => {
    const { body, headers } = await post(asking({ temperature: 0.5, system: 'Be brief.' })).expect(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: 'message',
      role: 'assistant',
      model: 'claude-scripted',
      content: [{ type: 'text', text: 'hello there' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 11,
        output_tokens: 7,
        cache_creation_input_tokens: 2,
        cache_read_input_tokens: 5,
      },
      clawdforge: { session_id: 'S1', num_turns: 1 },
    });
    expect(headers['x-clawdforge-ignored']).toBe('max_tokens, temperature');
    expect(headers['request-id']).toBe(headers['x-request-id']);
    expect(backend.requests).toMatchObject([
      { app: 'my-app', model: null, system: 'Be brief.', messages: [{ role: 'user', content: 'hi' }] },
    ]);
  });

  it('is answered by the engine that a header names, and refuses one that there is not', async () => {
    await post(asking()).set('x-clawdforge-engine', 'stream-json').expect(200);
    await post(asking()).expect(200);
    expect(backend.requests.map(({ engine }) => engine)).toEqual(['stream-json', undefined]);
    const { body } = await post(asking()).set('x-clawdforge-engine', 'steam').expect(400);
    expect(body.error.message).toContain('x-clawdforge-engine: must be terminal or stream-json');
    expect(backend.requests).toHaveLength(2);
  });

  it('is a row among the runs, with its usage and its cost', async () => {
    await post(asking({ model: 'sonnet' })).expect(200);
    expect(await runs()).toMatchObject([
      {
        app_name: 'my-app',
        route: '/v1/messages',
        model: 'sonnet',
        status: 'completed',
        ok: true,
        stop_reason: 'end_turn',
        prompt_chars: 2,
        usage: { input_tokens: 11, output_tokens: 7 },
        cost_usd: 0.5,
      },
    ]);
  });

  it('is in the audit trail, with the session that answered it', async () => {
    await post(asking()).expect(200);
    backend.turns.push(new ClaudeTurnError('process_exit', 'gone'));
    await post(asking()).expect(502);
    const trail = await app
      .http()
      .get('/admin/audit?event=completion')
      .set('authorization', app.admin)
      .expect(200);
    const ids = (await runs()).map(({ id }: { id: number }) => id);
    expect(trail.body.events).toMatchObject([
      { session_id: null, detail: { run_id: ids[0], status: 'failed' } },
      {
        app_name: 'my-app',
        session_id: 'S1',
        detail: { run_id: ids[1], route: '/v1/messages', status: 'completed', num_turns: 1 },
      },
    ]);
  });

  it('has what was used up in the row of a turn that failed, and nothing where that is not known', async () => {
    const spent = { usage: SCRIPTED_USAGE, costUsd: 0.25 };
    backend.turns.push(new ClaudeTurnError('api_error', 'no', { apiStatus: 400, spent }));
    await post(asking()).expect(400);
    backend.turns.push(new ClaudeTurnError('process_exit', 'gone'));
    await post(asking()).expect(502);
    expect(await runs()).toMatchObject([
      { status: 'failed', usage: null, cost_usd: null },
      { status: 'failed', usage: SCRIPTED_USAGE, cost_usd: 0.25 },
    ]);
  });

  it('tells a turn with tools as one text, never as a call, and gives the whole of it to send back', async () => {
    backend.turns.push(TOOL_CYCLE);
    const { body } = await post(asking()).expect(200);
    expect(body.content).toEqual([{ type: 'text', text: 'I look.\n\nIt is Monday.' }]);
    expect(body.stop_reason).toBe('end_turn');
    expect(backend.echoes[0]).toEqual([{ role: 'assistant', content: 'I look.\n\nIt is Monday.' }]);
    const { messages } = body.clawdforge;
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(['assistant', 'user', 'assistant']);

    const next = {
      messages: [{ role: 'user', content: 'hi' }, ...messages, { role: 'user', content: 'and?' }],
    };
    await post(asking(next)).expect(200);
    expect(backend.requests[1]?.messages.slice(1, -1)).toEqual(messages);
  });

  it('streams the events of the Messages API in their order', async () => {
    backend.turns.push(TOOL_CYCLE);
    const stream = await streamOf(asking());
    await stream.ended;
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(stream.events.map(({ event }) => event)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'ping',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(stream.events.every(({ event, data }) => data.type === event)).toBe(true);
    expect(stream.events[0]?.data.message).toMatchObject({
      model: 'claude-scripted',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 11, output_tokens: 0 },
    });
    expect(stream.events[4]?.data.clawdforge.tool).toMatchObject({ type: 'tool_use', name: 'Bash' });
    expect(stream.events[8]?.data).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 7 },
      clawdforge: { num_turns: 1 },
    });
  });

  it('answers an early failure with its status also when a stream was asked for', async () => {
    backend.turns.push(new ClaudeTurnError('api_error', 'Overloaded', { apiStatus: 529 }));
    const { body, headers } = await post(asking({ stream: true })).expect(529);
    expect(body).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
      request_id: headers['x-request-id'],
    });
    expect(headers['x-should-retry']).toBeUndefined();
    expect(await runs()).toMatchObject([{ status: 'failed', ok: false, error: 'Overloaded' }]);
  });

  it.each([
    [new ClaudeTurnError('api_error', 'no', { apiStatus: 401 }), 401, 'authentication_error'],
    [new ClaudeTurnError('api_error', 'no', { apiStatus: 429 }), 429, 'rate_limit_error'],
    [new ClaudeTurnError('api_error', 'no', { apiStatus: 500 }), 500, 'api_error'],
    [new ClaudeTurnError('timeout', 'too late'), 504, 'timeout_error'],
    [new ClaudeTurnError('process_exit', 'gone'), 502, 'api_error'],
    [new GatewayError('agent_not_installed', 'install claude'), 503, 'api_error'],
    [new Error('a fault of ours'), 500, 'api_error'],
  ])('tells %s as %i %s', async (error, status, type) => {
    backend.turns.push(error);
    const { body } = await post(asking()).expect(status);
    expect(body).toMatchObject({ type: 'error', error: { type } });
    expect(body.error.message).not.toContain('fault of ours');
  });

  it('lets no client repeat by itself what an agent did before the model failed', async () => {
    const overloaded = new ClaudeTurnError('api_error', 'Overloaded', { apiStatus: 529 });
    backend.turns.push([...TOOL_CYCLE.slice(0, 3), overloaded], [text('I look.'), overloaded]);
    const acted = await post(asking()).expect(529);
    expect(acted.headers['x-should-retry']).toBe('false');
    expect((await post(asking()).expect(529)).headers['x-should-retry']).toBeUndefined();
  });

  it('asks for patience when there is no room', async () => {
    backend.turns.push(new GatewayError('queue_full', 'full', { retryable: true, retryAfterSecs: 5 }));
    const { body, headers } = await post(asking()).expect(503);
    expect(body.error.type).toBe('overloaded_error');
    expect(headers['retry-after']).toBe('5');
  });

  it('repairs an answer that does not have the asked form, at most twice', async () => {
    const schema = { type: 'object', required: ['day'], properties: { day: { type: 'string' } } };
    const wanted = asking({ output_config: { format: { type: 'json_schema', schema } } });
    backend.turns.push([text('Monday')], [text('```json\n{"day":"Monday"}\n```')]);
    const { body } = await post(wanted).expect(200);
    expect(body.content).toEqual([{ type: 'text', text: '{"day":"Monday"}' }]);
    expect(body.usage.output_tokens).toBe(14);
    expect(backend.requests[0]?.system).toContain(JSON.stringify(schema));

    backend.turns.push([text('1')], [text('2')], [text('3')], [text('4')]);
    const failed = await post(wanted).expect(502);
    expect(failed.body.error).toMatchObject({
      type: 'api_error',
      message: expect.stringContaining('2 repair turns'),
    });
    expect(failed.headers['x-should-retry']).toBe('false');
    expect(backend.requests).toHaveLength(5);
    expect((await runs())[0]).toMatchObject({
      status: 'failed',
      usage: { output_tokens: 21 },
      cost_usd: 1.5,
    });
  });

  it.each<[string, object, string]>([
    ['a body that is no object', [], 'body'],
    ['no model', { model: undefined }, 'model'],
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens'],
    ['an unknown parameter', { temprature: 1 }, 'temprature'],
    ['a parameter named like a method', { toString: 1 }, 'toString'],
    ['tools', { tools: [{ name: 'x' }] }, 'tools'],
    ['a choice of tools', { tool_choice: { type: 'any' } }, 'tool_choice'],
    ['stop sequences', { stop_sequences: ['x'] }, 'stop_sequences'],
    ['no messages', { messages: [] }, 'messages'],
    ['a system role', { messages: [{ role: 'system', content: 'x' }] }, 'messages.0.role'],
    ['an answer at the end', { messages: [{ role: 'assistant', content: 'x' }] }, 'messages.0.role'],
    ['silence at the end', { messages: [{ role: 'user', content: ' ' }] }, 'messages.0.content'],
    ['content that is none', { messages: [{ role: 'user', content: 7 }] }, 'messages.0.content'],
    [
      'an unknown block',
      { messages: [{ role: 'user', content: [{ type: 'video' }] }] },
      'messages.0.content.0.type',
    ],
    [
      'a result without a call',
      { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x' }] }] },
      'messages.0.content.0.tool_use_id',
    ],
    ['a message that is none', { messages: ['hi'] }, 'messages.0'],
    ['messages that are no list', { messages: { role: 'user', content: 'hi' } }, 'messages'],
    ['a role that is none', { messages: [{ role: 7, content: 'x' }] }, 'messages.0.role'],
    ['a block that is none', { messages: [{ role: 'user', content: ['x'] }] }, 'messages.0.content.0'],
    [
      'a text that is none',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 7 }] }] },
      'messages.0.content.0.text',
    ],
    [
      'a call of the user’s',
      history([{ type: 'tool_use', id: 'a', name: 'b', input: {} }], 'x'),
      'messages.0.content.0.type',
    ],
    ['an image of the agent’s', history('x', [{ type: 'image' }]), 'messages.1.content.0.type'],
    [
      'a call without an id',
      history('x', [{ type: 'tool_use', name: 'b', input: {} }]),
      'messages.1.content.0.id',
    ],
    [
      'a call with a text for its input',
      history('x', [{ type: 'tool_use', id: 'a', name: 'b', input: 'c' }]),
      'messages.1.content.0.input',
    ],
    [
      'a result of another call',
      history(
        'x',
        [{ type: 'tool_use', id: 'a', name: 'b', input: {} }],
        [{ type: 'tool_result', tool_use_id: 'c' }],
        'x',
      ),
      'messages.2.content.0.tool_use_id',
    ],
    [
      'a call that nobody is left to answer',
      history(
        'x',
        [{ type: 'tool_use', id: 'a', name: 'b', input: {} }],
        [{ type: 'tool_result', tool_use_id: 'a' }],
      ),
      'messages.2.content',
    ],
    [
      'an image that is not base64',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '{}' } }],
          },
        ],
      },
      'messages.0.content.0.source.data',
    ],
    [
      'an image that is none',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } }],
          },
        ],
      },
      'messages.0.content.0.source.data',
    ],
    [
      'an image elsewhere',
      {
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'http://x' } }] }],
      },
      'messages.0.content.0.source.type',
    ],
  ])('refuses %s with 400 and names the field', async (_name, more, field) => {
    const { body } = await post(Array.isArray(more) ? more : asking(more)).expect(400);
    expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect(body.error.message).toContain(`${field}: `);
    expect(backend.requests).toEqual([]);
    expect(await runs()).toEqual([]);
  });

  it('cancels the turn of a client that goes away', async () => {
    backend.turns.push('silence', 'silence');
    const leaving = new AbortController();
    const plain = post(asking());
    plain.end(() => undefined);
    const streamed = fetch(`${app.baseUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(asking({ stream: true })),
      signal: leaving.signal,
    }).catch(() => undefined);
    await until('both are asked', () => backend.requests.length === 2);
    leaving.abort();
    plain.abort();
    await streamed;
    await until('both turns are ended', () => backend.cancelled === 2);
    await until('both rows say so', async () =>
      (await runs()).every(({ status }: { status: string }) => status === 'cancelled'),
    );
  });

  it('cannot count tokens, and says so once', async () => {
    const { body, headers } = await post(asking(), '/v1/messages/count_tokens').expect(501);
    expect(body).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    expect(headers['x-should-retry']).toBe('false');
  });

  it('takes a bearer token, too, and x-api-key on no other route', async () => {
    await app.http().post('/v1/messages').set('authorization', `Bearer ${key}`).send(asking()).expect(200);
    await app.http().get('/sessions').set('x-api-key', key).expect(401);
  });

  it('refuses in the shape of the API', async () => {
    const bare = () => app.http().post('/v1/messages').send(asking());
    const none = await bare().expect(401);
    expect(none.body.error.type).toBe('authentication_error');
    expect((await bare().set('x-api-key', 'cf_wrong').expect(401)).body.type).toBe('error');
    const admin = await bare().set('authorization', app.admin).expect(403);
    expect(admin.body.error.type).toBe('permission_error');
    const far = (await app.mint('far', { ip_cidrs: ['10.0.0.0/8'] })).slice('Bearer '.length);
    expect((await bare().set('x-api-key', far).expect(403)).body.error.type).toBe('permission_error');
    const missing = await post({}, '/v1/messages/batches').expect(404);
    expect(missing.body.error.type).toBe('not_found_error');
    const large = await post(asking({ system: 'x'.repeat(11 * 1024 * 1024) })).expect(413);
    expect(large.body.error.type).toBe('request_too_large');
    const broken = await app
      .http()
      .post('/v1/messages')
      .set('x-api-key', key)
      .set('content-type', 'application/json')
      .send('{"model":')
      .expect(400);
    expect(broken.body.error.type).toBe('invalid_request_error');
  });
});

/** A body's messages, the user's and the agent's in turn, and a last one of the user's. */
function history(...contents: unknown[]): object {
  const messages = contents.map((content, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content,
  }));
  return { messages: messages.length % 2 === 0 ? [...messages, { role: 'user', content: 'x' }] : messages };
}
