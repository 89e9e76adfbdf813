import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { defaultReply, textReply } from '../support/model-reply.js';
import { pendingToolResult, userTexts } from '../support/model-request.js';
import { ServerClient } from '../support/server-client.js';
import { freePort, type ServerProcess, startServer } from '../support/server-process.js';
import { until } from '../support/until.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';
import { PROMPT_TRAPS, TRAP_FILE } from './prompt-traps.js';

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

describe.each(CLAUDE_ENGINES)('hostile prompts and models over HTTP, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let settings: Record<string, string>;
  let server: ServerProcess;
  let app: ServerClient;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    settings = {
      ...home.env,
      CLAUDE_BIN: claudeBin,
      CLAUDE_CODE_MAX_RETRIES: '0',
      CLAWDFORGE_CLAUDE_ENGINE: engine,
      CLAWDFORGE_CLAUDE_POOL: '4',
      CLAWDFORGE_DATA_DIR: join(home.home, 'data'),
      PORT: String(await freePort()),
      ADMIN_BOOTSTRAP_TOKEN: ADMIN,
    };
    server = await startServer({ env: settings });
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
  /** Where the app's claudes work. */
  const workDir = async (): Promise<string> => {
    const { status } = await messages('say:hi');
    expect(status).toBe(200);
    const parent = join(server.dataDir, 'claude-code', 'work');
    return join(parent, (await readdir(parent))[0]!);
  };
  const sessions = (): Promise<string[]> => readdir(join(server.dataDir, 'claude-code', 'sessions'));
  // All of both dialects with both engines would say no more: they share what is above the engine.
  const ask = engine === 'terminal' ? messages : chat;

  /** All of the last user message's text, as the model got it. */
  const arrived = (): string => userTexts(api.conversationRequests.at(-1)!).at(-1) ?? '';

  it('prompts that are traps arrive as text and run nothing, by both dialects in one live session', async () => {
    const work = await workDir();
    await writeFile(join(work, TRAP_FILE.name), TRAP_FILE.text);
    api.respond = () => textReply('ok');
    const wrong: unknown[] = [];
    const history = [
      { role: 'user', content: 'begin' },
      { role: 'assistant', content: 'ok' },
    ];
    let turns = 0;
    for (const [prompt, typed = prompt] of PROMPT_TRAPS) {
      history.push({ role: 'user', content: prompt });
      const post = turns % 2 === 0 ? messages : chat;
      const { status, body } = await post('', { messages: history });
      history.push({ role: 'assistant', content: 'ok' });
      turns += 1;
      const expected = (engine === 'terminal' ? typed : prompt.toWellFormed()).trim();
      if (arrived() !== expected || body.clawdforge?.num_turns !== turns)
        wrong.push({ prompt, arrived: arrived(), status, body });
    }
    expect(wrong).toEqual([]);
    expect(await readdir(work)).toEqual([TRAP_FILE.name]);
  });

  it('a prompt of 200 kB in one line arrives whole', async () => {
    const prompt = `${'0123456789'.repeat(20_000)} the end`;
    expect((await chat(prompt)).status).toBe(200);
    expect(arrived()).toBe(prompt);
  });

  it('a prompt of 3,300 lines arrives whole', async () => {
    const prompt = Array.from({ length: 3300 }, (_, line) => `line ${line} of a long text`).join('\n');
    expect((await messages(prompt)).status).toBe(200);
    expect(arrived()).toBe(prompt);
  });

  it('a fault of the model is an error in the shape of the dialect, leaves no claude, and is over with the next request', async () => {
    const before = await sessions();
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
    expect((await sessions()).filter((id) => !before.includes(id))).toEqual([]);

    expect((await ask('say:again')).status).toBe(200);
  });

  it('a fault of the model after a tool ran ends a stream with the error, and no client may repeat it by itself', async () => {
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

  it('a kill of the server itself leaves no claude and no tool after its next start, and it goes on', async () => {
    const cutOff = ask('tool:bash setsid sleep 600 & echo > started; sleep 600').catch(() => 'cut off');
    const work = await workDir();
    await until('the tool runs', async () => (await readdir(work)).includes('started'));
    const before = await home.processes();
    await server.kill();
    expect(await cutOff).toBe('cut off');
    server = await startServer({ env: settings });
    expect((await home.processes()).filter((pid) => before.includes(pid))).toEqual([]);
    expect(await sessions().catch(() => [])).toEqual([]);
    expect((await ask('say:again')).status).toBe(200);
  });
});
