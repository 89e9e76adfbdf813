import { ClaudeTurnError } from '../../src/core/claude/turn-error.js';
import { ScriptedBackend, text } from '../support/scripted-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const BODY = { model: 'claude-code', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };

describe.each(['/v1/messages', '/v1/chat/completions'])('an Idempotency-Key on POST %s', (route) => {
  let app: TestApp;
  let backend: ScriptedBackend;
  let authorization: string;

  beforeEach(async () => {
    backend = new ScriptedBackend();
    app = await startTestApp({ backend });
    authorization = await app.mint('my-app');
  });

  afterEach(() => app.close());

  const post = (key: string, body: object = BODY) =>
    app.http().post(route).set({ authorization, 'idempotency-key': key }).send(body);

  it('gets the same answer again, with what was ignored, and the agent works once', async () => {
    const first = await post('k').expect(200);
    const again = await post('k').expect(200);
    expect(again.text).toBe(first.text);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers['x-clawdforge-ignored']).toBe('max_tokens');
    expect(backend.requests).toHaveLength(1);
    await post('another').expect(200);
    expect(backend.requests).toHaveLength(2);
  });

  it('keeps the failure of an agent, and frees the key after one of the model API', async () => {
    backend.turns.push(
      new ClaudeTurnError('process_exit', 'gone'),
      new ClaudeTurnError('api_error', 'slow down', { apiStatus: 429 }),
      [text('at last')],
    );
    const failed = await post('kept').expect(502).expect('x-should-retry', 'false');
    const again = await post('kept').expect(502).expect('x-should-retry', 'false');
    expect(again.text).toBe(failed.text);
    expect(failed.body.error.message).toBe('gone');
    await post('freed').expect(429);
    expect((await post('freed').expect(200)).text).toContain('at last');
    expect(backend.requests).toHaveLength(3);
  });

  it('is refused in the shape of the API: with another body, with a stream, and when it is none', async () => {
    await post('k').expect(200);
    const other = await post('k', { ...BODY, messages: [{ role: 'user', content: 'else' }] }).expect(400);
    const stream = await post('s', { ...BODY, stream: true }).expect(400);
    const none = await post('two words').expect(400);
    for (const { body } of [other, stream, none]) {
      expect(body.error).toMatchObject({
        type: 'invalid_request_error',
        message: expect.stringContaining('Idempotency-Key'),
      });
    }
    expect(backend.requests).toHaveLength(1);
    await post('s').expect(200);
  });

  it('lets the turn go on when its client goes away, for whoever comes back', async () => {
    const release = backend.hold();
    const leaving = new AbortController();
    const left = fetch(`${app.baseUrl}${route}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: JSON.stringify(BODY),
      signal: leaving.signal,
    }).catch(() => 'gone');
    await until('it is asked', () => backend.requests.length === 1);
    leaving.abort();
    expect(await left).toBe('gone');
    const again = post('k').then((answer) => answer);
    release();
    expect((await again).status).toBe(200);
    expect((await again).headers['idempotent-replayed']).toBe('true');
    expect(backend.requests).toHaveLength(1);
  });
});
