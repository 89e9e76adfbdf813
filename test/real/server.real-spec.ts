import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeModelApi } from '../support/fake-model-api.js';
import { systemText, userTexts } from '../support/model-request.js';
import { ServerClient } from '../support/server-client.js';
import { freePort, type ServerProcess, startServer } from '../support/server-process.js';
import { until } from '../support/until.js';
import { dummyApiKey, type IsolatedHome, isolatedHome } from './environment.js';
import { claudeCodeVersion, installRealAgents } from './install.js';

const ADMIN = 'admin-token-of-the-tests';

describe(`the built server with claude ${claudeCodeVersion}`, () => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let server: ServerProcess;
  let app: ServerClient;
  let dataDir: string;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    dataDir = join(home.home, 'data');
    server = await startServer({
      cwd: home.home,
      env: {
        ...home.env,
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
        CLAUDE_BIN: claudeBin,
        CLAWDFORGE_DATA_DIR: dataDir,
        CLAWDFORGE_FILE_ROOTS: home.work,
        ADMIN_BOOTSTRAP_TOKEN: ADMIN,
        // The adapter's agent is found on the PATH; its variables are not on the gateway's own list.
        CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
      },
    });
    app = await new ServerClient(server.baseUrl, ADMIN).mint('app');
  }, 600_000);

  afterAll(async () => {
    const exit = await server.stop();
    const left = await home.processes();
    const runs = await readdir(join(dataDir, 'runs'));
    const sessions = await readdir(join(dataDir, 'acpx-cwds'));
    await home.remove();
    await api.stop();
    expect({ exit, left, runs, sessions }).toEqual({
      exit: { code: 0, signal: null },
      left: [],
      runs: [],
      sessions: [],
    });
  });

  beforeEach(() => api.reset());

  const run = (prompt: string, more: object = {}) => app.call('POST', '/run', { prompt, ...more });

  it('finds claude and acpx and says their versions', async () => {
    await until('they were probed', async () => (await app.get('/healthz')).body.claude_version !== null);
    expect((await app.get('/healthz')).body).toMatchObject({
      claude_present: true,
      claude_version: claudeCodeVersion,
      claude_tested_version: claudeCodeVersion,
      acpx_present: true,
    });
  });

  it('answers POST /run with the text', async () => {
    const answer = await run('say:hello from the model');
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      ok: true,
      result: 'hello from the model',
      duration_ms: expect.any(Number),
      stop_reason: 'end_turn',
    });
    const { runs } = (await new ServerClient(app.baseUrl, ADMIN).get('/admin/runs?limit=1')).body;
    expect(runs).toMatchObject([{ ok: true, usage: { input_tokens: 11 }, cost_usd: expect.any(Number) }]);
  });

  it('answers with the value when the reply is JSON, fenced or not', async () => {
    expect((await run('say:{"answer": [42]}')).body.result).toEqual({ answer: [42] });
    expect((await run('say:```json\n{"answer": [42]}\n```')).body.result).toEqual({ answer: [42] });
  });

  it('passes on the system text, the model and the files', async () => {
    const file = join(home.work, 'notes.txt');
    await writeFile(file, 'the notes');
    const answer = await run('hello', { system: 'SYSTEM-MARK', model: 'some/model', files: [file] });
    expect(answer.status).toBe(200);
    const [request] = api.conversationRequests;
    expect(request?.model).toBe('some/model');
    expect(systemText(request!)).toContain('SYSTEM-MARK');
    expect(systemText(request!)).toContain(`  - ${home.work}`);
    expect(userTexts(request!).join('\n')).toContain(`  - ${file}\n\nhello`);
  });

  it('runs tools in a directory of the run', async () => {
    const { body } = await run('tool:bash pwd');
    expect(body.result).toContain(join(dataDir, 'runs'));
  });

  it.each([
    [401, /authenticat/i],
    [400, /400/],
  ])('tells what the model provider said at %i', async (status, said) => {
    const answer = await run(`error:${status}`);
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ ok: false, error: 'claude exit 1', stop_reason: 'error' });
    expect(answer.body.stderr).toMatch(said);
    expect(JSON.stringify(answer.body)).not.toContain(dummyApiKey);
  });

  it('keeps the context of a session with agent claude, and survives a failed turn', async () => {
    const { status, body } = await app.call('POST', '/sessions', {});
    expect([status, body.agent]).toEqual([200, 'claude']);
    const id = body.session_id as string;
    const first = await app.turn(id, 'marker:FIRST remember this');
    expect(first).toMatchObject({ status: 200, body: { turn_index: 1, stop_reason: 'end_turn' } });
    const second = await app.turn(id, 'recall');
    expect(second).toMatchObject({ status: 200, body: { turn_index: 2, text: 'recalled: FIRST' } });

    const failed = await app.turn(id, 'error:401');
    expect(failed).toMatchObject({ status: 502, body: { ok: false, turn_index: 3, stop_reason: 'error' } });
    expect(failed.body.error).toMatch(/authenticat/i);
    expect(JSON.stringify(failed.body)).not.toContain(dummyApiKey);
    expect((await app.turn(id, 'recall')).body).toMatchObject({ ok: true, text: 'recalled: FIRST' });

    expect((await app.close(id)).body).toEqual({ ok: true, session_id: id, already_closed: false });
    await until('only the server is left', async () => {
      return (await home.processes()).filter((pid) => pid !== server.pid).length === 0;
    });
  });
});
