import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { defaultReply } from '../support/model-reply.js';
import { isSideCall } from '../support/model-request.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { until } from '../support/until.js';
import { installDialectClients, playScene } from './dialect-clients.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

const ADMIN = 'admin-of-the-tests';

describe.each(CLAUDE_ENGINES)('clients of other APIs on the real claude, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let server: ServerProcess;
  let token: string;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await installDialectClients();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    server = await startServer({
      env: {
        ...home.env,
        CLAUDE_BIN: claudeBin,
        CLAUDE_CODE_MAX_RETRIES: '0',
        CLAWDFORGE_CLAUDE_ENGINE: engine,
        CLAWDFORGE_CLAUDE_POOL: '3',
        CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
        ADMIN_BOOTSTRAP_TOKEN: ADMIN,
      },
    });
    const minted = await fetch(`${server.baseUrl}/admin/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'stranger' }),
    });
    ({ token } = (await minted.json()) as { token: string });
  }, 600_000);

  beforeEach(() => api.reset());

  afterAll(async () => {
    await server.stop();
    await api.stop();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  const play = (client: string, scene: string) =>
    playScene(client, scene, { baseUrl: server.baseUrl, token }, { PATH: home.env.PATH!, HOME: home.tmp });
  const runs = async (): Promise<{ status: string }[]> => {
    const listed = await fetch(`${server.baseUrl}/admin/runs?limit=5`, {
      headers: { authorization: `Bearer ${ADMIN}` },
    });
    return ((await listed.json()) as { runs: { status: string }[] }).runs;
  };

  describe.each(['openai', 'anthropic'])('the official client of %s', (client) => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of answers are any in tests
    const textOf = (answer: any): string => answer.choices?.[0].message.content ?? answer.content[0].text;

    it('gets an answer, and its continuation from the session that lives', async () => {
      const { first, second } = await play(client, 'plain');
      expect(textOf(first)).toBe('user texts: 1; first marker: ONE');
      expect(textOf(second)).toBe('recalled: ONE');
      expect(second.clawdforge).toMatchObject({ num_turns: 2, session_id: first.clawdforge.session_id });
      expect(JSON.stringify(api.conversationRequests.at(-1))).toContain('SYSTEM-MARK');
    });

    it('reads a stream to its end', async () => {
      const { text, usage, finish } = await play(client, 'stream');
      expect(text).toBe('streamed');
      expect(finish).toBe(client === 'openai' ? 'stop' : 'end_turn');
      expect(usage.completion_tokens ?? usage.output_tokens).toBeGreaterThan(0);
    });

    it('finds its session by a whole tool cycle, and by the text that it was shown', async () => {
      const { first, second, third } = await play(client, 'cycle');
      expect(textOf(first)).toBe('tool said: from a tool');
      expect([textOf(second), textOf(third)]).toEqual(['two', 'three']);
      const turns = [first, second, third].map(({ clawdforge }) => clawdforge.num_turns);
      expect(turns).toEqual([1, 2, 3]);
      expect(third.clawdforge.session_id).toBe(first.clawdforge.session_id);
    });

    it('knows our errors for its own', async () => {
      const { bad, unknown, refused } = await play(client, 'errors');
      expect(bad).toMatchObject({ name: 'BadRequestError', status: 400 });
      expect(unknown).toMatchObject({ name: 'AuthenticationError', status: 401 });
      expect(refused).toMatchObject({ name: 'BadRequestError', status: 400 });
    });

    it('tries again when the model is overloaded', async () => {
      let failures = 0;
      api.respond = (request) => {
        if (isSideCall(request) || failures > 0) return defaultReply(request);
        failures += 1;
        return { kind: 'error', status: 529 };
      };
      expect(await play(client, 'retry')).toEqual({ text: 'at last' });
      expect((await runs()).slice(0, 2)).toMatchObject([{ status: 'completed' }, { status: 'failed' }]);
    });

    it('ends its turn by going away', async () => {
      expect(await play(client, 'abort')).toEqual({ name: 'APIUserAbortError' });
      await until('the row says so', async () => (await runs())[0]?.status === 'cancelled', 20_000);
    });

    it('lists the models', async () => {
      expect(await play(client, 'models')).toContain('claude-code');
    });
  });

  describe.each(['anthropic', 'openai', 'compatible'])('the AI SDK by its provider %s', (provider) => {
    it('gets an answer, and its continuation', async () => {
      expect(await play('ai-sdk', `${provider} plain`)).toMatchObject({
        first: 'user texts: 1; first marker: ONE',
        second: 'recalled: ONE',
        finish: 'stop',
        turns: 2,
      });
    });

    it('reads a stream with tools that the agent ran, without an error and without a call', async () => {
      const { text, finish, parts } = await play('ai-sdk', `${provider} stream`);
      expect({ text, finish }).toEqual({ text: 'tool said: from a tool', finish: 'stop' });
      expect(parts).not.toContain('error');
      expect(parts).not.toContain('tool-call');
    });

    it('gets an object of its schema', async () => {
      expect(await play('ai-sdk', `${provider} object`)).toEqual({ day: 'Monday' });
    });

    it('knows our errors for its own', async () => {
      expect(await play('ai-sdk', `${provider} error`)).toMatchObject({
        name: 'AI_APICallError',
        statusCode: 400,
      });
    });
  });
});
