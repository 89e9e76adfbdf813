import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerClient } from '../support/server-client.js';
import { type Answer } from '../support/server-client.js';
import { ADMIN, ServerHome } from '../support/server-home.js';
import type { ServerProcess } from '../support/server-process.js';
import { type StandInClaude, standInClaude } from '../support/stand-in-claude.js';

const SECRETS = {
  ADMIN_BOOTSTRAP_TOKEN: ADMIN,
  METRICS_TOKEN: 'the-metrics-secret-5d0c',
  ANTHROPIC_API_KEY: 'anthropic-secret-91f2',
  ANTHROPIC_AUTH_TOKEN: 'anthropic-bearer-77aa',
  OPENAI_API_KEY: 'openai-secret-0b3e',
  GEMINI_API_KEY: 'gemini-secret-6c6d',
};

describe('a run of the built server, whatever happens in it', () => {
  let home: ServerHome;
  let server: ServerProcess;
  let claude: StandInClaude;
  let app: ServerClient;
  const answers: Answer[] = [];
  /** Every secret that the run knew, by its name. */
  const secrets = new Map<string, string>(Object.entries(SECRETS));

  /** Makes a call and keeps its answer for the search at the end. */
  const keep = async (call: Promise<Answer>): Promise<Answer> => {
    const answer = await call;
    answers.push(answer);
    return answer;
  };

  beforeAll(async () => {
    claude = await standInClaude();
    home = await ServerHome.make({
      CLAWDFORGE_RUNNER: 'acpx-cli',
      ...SECRETS,
      ...claude.env,
      LOG_LEVEL: 'trace',
    });
    server = await home.start();
    app = await home.admin.mint('app');
    const revoked = await home.admin.mint('revoked');
    secrets.set('app token', app.token).set('revoked token', revoked.token);
    await keep(home.admin.call('DELETE', '/admin/tokens/revoked'));

    await keep(revoked.get('/sessions'));
    await keep(app.get('/admin/tokens'));
    await keep(home.admin.get('/sessions'));
    await keep(home.admin.get('/admin/tokens'));

    const id = await app.openEcho();
    await keep(app.turn(id, 'hello'));
    await keep(app.turn(id, '/fail no'));
    await keep(app.turn(id, '/die 1'));
    await keep(app.turn(id, ''));
    for (const prompt of ['do:reply fine', 'do:print nonsense', 'do:error no']) {
      await keep(app.call('POST', '/run', { prompt }));
    }
    const providers = [SECRETS.ANTHROPIC_API_KEY, SECRETS.OPENAI_API_KEY, SECRETS.GEMINI_API_KEY];
    for (const leak of [...providers, SECRETS.ANTHROPIC_AUTH_TOKEN, app.token, ADMIN]) {
      await keep(app.call('POST', '/run', { prompt: `do:exit 1 request failed, authorization: ${leak}` }));
      await keep(app.call('POST', '/run', { prompt: `do:error the key ${leak} is not valid` }));
    }

    // In places where no token belongs.
    for (const token of [app.token, ADMIN, SECRETS.METRICS_TOKEN]) {
      for (const path of [`/sessions?token=${token}`, `/sessions?after=${token}`, `/sessions/${token}`]) {
        await keep(app.get(path));
      }
      await keep(app.get(`/no/such/${token}`));
      await keep(app.get(`/files/${token}`));
      await keep(app.call('POST', '/run', { prompt: 'x', model: `-${token}`, files: [token] }));
      await keep(app.call('POST', '/sessions', { agent: token }));
      await keep(app.call('POST', '/sessions', { token }));
      await keep(home.admin.call('POST', '/admin/tokens', { name: `no ${token}` }));
      const basic = { authorization: `Basic ${token}`, 'x-api-key': token, cookie: `token=${token}` };
      const headers = { ...basic, 'content-type': 'application/json' };
      for (const init of [{ headers }, { headers, method: 'POST', body: `{"token": ${token}` }]) {
        const answer = await fetch(`${server.baseUrl}/sessions`, init);
        answers.push({ status: answer.status, headers: answer.headers, body: await answer.text() });
      }
    }
    for (const path of ['/healthz', '/readyz', '/admin/runs', '/admin/audit']) {
      await keep((path.startsWith('/admin') ? home.admin : app).get(path));
    }
    for (const path of ['/admin/sessions', '/metrics']) await keep(home.admin.get(path));
    // Answered before any route: the explorer, and a caller whose address is refused.
    for (const [path, headers] of [
      ['/docs', {}],
      ['/openapi.json', {}],
      ['/healthz', { 'x-forwarded-for': '203.0.113.9' }],
    ] as const) {
      const answer = await fetch(`${server.baseUrl}${path}`, { headers });
      answers.push({ status: answer.status, headers: answer.headers, body: await answer.text() });
    }
  });
  afterAll(async () => {
    await home.remove();
    await claude.remove();
  });

  const leaksIn = (text: string): string[] =>
    [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name);

  it('met successes and failures', () => {
    const statuses = new Set(answers.map(({ status }) => status));
    for (const status of [200, 401, 403, 404, 422, 502]) expect(statuses).toContain(status);
  });

  it('hands no secret of the gateway to an agent, and the providers their own', async () => {
    const id = await app.openEcho();
    const says = async (name: string): Promise<string> => (await app.turn(id, `/env ${name}`)).body.text;
    for (const name of ['ADMIN_BOOTSTRAP_TOKEN', 'METRICS_TOKEN', 'CLAWDFORGE_DATA_DIR', 'DB_PATH']) {
      expect(await says(name)).toBe(`${name} is not set`);
    }
    expect(await says('ANTHROPIC_API_KEY')).toBe('ANTHROPIC_API_KEY is set');
    await app.close(id);
  });

  it('answers with none of them', () => {
    const leaking = answers
      .map(({ status, headers, body }) => JSON.stringify([status, [...headers], body]))
      .filter((answer) => leaksIn(answer).length > 0);
    expect(leaking).toEqual([]);
  });

  it('leaves none of them in its output or its data directory', async () => {
    // First while it runs: the write-ahead log is still there.
    expect(await leaksBelow(home.dataDir)).toEqual([]);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(await leaksBelow(home.dataDir)).toEqual([]);
    expect(leaksIn(server.stderr())).toEqual([]);
    const lines = server.stdout().split('\n');
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter((line) => leaksIn(line).length > 0)).toEqual([]);
  });

  it('writes each line of its log as JSON, requests with method, path, status and id', () => {
    const lines = server.stdout().trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const logged = new Map(
      entries.filter((entry) => 'res' in entry).map((entry) => [entry.request_id, entry]),
    );
    const missing = answers.filter((answer) => !logged.has(answer.headers.get('x-request-id')));
    expect(missing.map(({ status, body }) => [status, JSON.stringify(body).slice(0, 200)])).toEqual([]);
    for (const entry of logged.values()) {
      expect(entry).toMatchObject({ request_id: expect.any(String), duration_ms: expect.any(Number) });
    }
    expect(entries.some((entry) => entry.msg === 'process started' && entry.label === 'acpx prompt')).toBe(
      true,
    );
  });

  async function leaksBelow(directory: string): Promise<string[]> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    const leaks = await Promise.all(
      files.map(async (entry) => {
        const text = await readFile(join(entry.parentPath, entry.name), 'latin1').catch(() => '');
        return leaksIn(text).map((name) => `${name} in ${entry.name}`);
      }),
    );
    return leaks.flat();
  }
});
