import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { defaultReply } from '../support/model-reply.js';
import { pendingToolResult } from '../support/model-request.js';
import { ServerClient } from '../support/server-client.js';
import { type ServerProcess, startServer } from '../support/server-process.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

const ADMIN = 'admin-of-the-tests';

/** What the model API does, and what a client of each dialect is told of it. */
const FAULTS: [fault: string, status: number, messages: string, chat: string, mayRetry: boolean][] = [
  ['error:401', 401, 'authentication_error', 'invalid_request_error', false],
  ['error:429', 429, 'rate_limit_error', 'rate_limit_error', true],
  ['error:500', 500, 'api_error', 'server_error', true],
  ['error:529', 529, 'overloaded_error', 'server_error', true],
  ['garbage:html', 502, 'api_error', 'server_error', false],
  ['garbage:json', 502, 'api_error', 'server_error', false],
  ['garbage:events', 502, 'api_error', 'server_error', false],
  ['half', 502, 'api_error', 'server_error', false],
  ['drop', 502, 'api_error', 'server_error', false],
];

describe.each(CLAUDE_ENGINES)('a model API at fault, told over HTTP, real claude, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let server: ServerProcess;
  let app: ServerClient;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    server = await startServer({
      env: {
        ...home.env,
        CLAUDE_BIN: claudeBin,
        CLAUDE_CODE_MAX_RETRIES: '0',
        CLAWDFORGE_CLAUDE_ENGINE: engine,
        CLAWDFORGE_CLAUDE_POOL: '4',
        CLAWDFORGE_CLAUDE_TIMEOUT_SECS: '90',
        ADMIN_BOOTSTRAP_TOKEN: ADMIN,
      },
    });
    app = await new ServerClient(server.baseUrl, ADMIN).mint('app');
  }, 600_000);

  afterAll(async () => {
    const exit = await server.stop();
    await api.stop();
    const leftOver = await home.processes();
    await home.remove();
    expect({ exit, leftOver }).toEqual({ exit: { code: 0, signal: null }, leftOver: [] });
  });

  beforeEach(() => api.reset());

  const asked = (content: string, more: object = {}) => ({
    model: 'claude-code',
    messages: [{ role: 'user', content }],
    ...more,
  });
  const messages = (text: string, more: object = {}) =>
    app.call('POST', '/v1/messages', asked(text, { max_tokens: 9, ...more }));
  const chat = (text: string, more: object = {}) =>
    app.call('POST', '/v1/chat/completions', asked(text, more));
  // All of both dialects with both engines would say no more: they share what is above the engine.
  const ask = engine === 'terminal' ? messages : chat;

  it('is an error in the shape of the dialect, leaves no claude, and is over with the next request', async () => {
    const told = await Promise.all(
      FAULTS.map(async ([fault]) => {
        const { status, body, headers } = await ask(fault);
        return [fault, status, body.error.type, headers.get('x-should-retry') === null];
      }),
    );
    expect(told).toEqual(
      FAULTS.map(([fault, status, ofMessages, ofChat, mayRetry]) => {
        return [fault, status, engine === 'terminal' ? ofMessages : ofChat, mayRetry];
      }),
    );
    expect(await home.processes()).toEqual([server.pid]);
    expect(await readdir(join(server.dataDir, 'claude-code', 'sessions'))).toEqual([]);

    expect((await ask('say:again')).status).toBe(200);
  });

  it('that comes after a tool ran ends a stream with the error, and no client may repeat it by itself', async () => {
    api.respond = (request) =>
      pendingToolResult(request) === undefined ? defaultReply(request) : { kind: 'error', status: 529 };
    const [plain, streamed] = await Promise.all([
      ask('tool:bash echo plain'),
      ask('tool:bash echo streamed', { stream: true }),
    ]);
    expect([plain.status, plain.headers.get('x-should-retry')]).toEqual([529, 'false']);
    expect(streamed.status).toBe(200);
    const frames: string[] = streamed.body.trim().split('\n\n');
    expect(frames.join()).toContain('echo streamed');
    expect(frames.at(-1)).toMatch(/^(event: error\n)?data: \{.*"type":"(overloaded_error|server_error)"/);
    expect(frames.join()).not.toMatch(/DONE|message_stop/);
  });
});
