import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findProcesses } from '../support/find-processes.js';
import { type ClaudeNotes, type StandInClaude, standInClaude } from '../support/stand-in-claude.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('POST /run', () => {
  let claude: StandInClaude;
  let roots: string;
  let server: TestApp;
  let app: string;

  beforeAll(async () => {
    claude = await standInClaude();
    roots = await realpath(await mkdtemp(path.join(tmpdir(), 'clawdforge-roots-')));
    server = await startTestApp({
      env: {
        ...claude.env,
        ANTHROPIC_API_KEY: 'the-key-of-the-provider',
        CLAWDFORGE_FILE_ROOTS: roots,
        CLAWDFORGE_DRAIN_SECS: '0',
      },
    });
    app = await server.mint('runner');
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([claude.remove(), rm(roots, { recursive: true, force: true })]);
  });
  afterEach(async () => {
    expect(await readdir(path.join(server.dataDir, 'runs'))).toEqual([]);
    // A probe of the version may be under way, which is none of the runs'.
    await until('nothing is left', async () => (await processes()).length === 0);
  });

  const others: TestApp[] = [];
  const startOther = async (env: Record<string, string>): Promise<TestApp> => {
    const other = await startTestApp({ env });
    others.push(other);
    return other;
  };
  afterEach(() => Promise.all(others.splice(0).map((other) => other.close())));

  // The test application hands its data directory to agents as their HOME.
  const processes = (): Promise<number[]> => findProcesses((env) => env.get('HOME') === server.dataDir);
  const run = (prompt: string, more: object = {}) =>
    server
      .http()
      .post('/run')
      .set('authorization', app)
      .send({ prompt, ...more });
  const rows = async (query = '') => {
    const answer = await server.http().get(`/admin/runs${query}`).set('authorization', server.admin);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const lastRow = async () => (await rows('?limit=1')).runs[0];

  describe('a reply', () => {
    it('is 200 with exactly four keys', async () => {
      const answer = await run('do:reply hello there').expect(200);
      expect(answer.body).toEqual({
        ok: true,
        result: 'hello there',
        duration_ms: expect.any(Number),
        stop_reason: 'end_turn',
      });
    });

    it.each([
      ['an object', '{"a": [1, null, "ü"]}', { a: [1, null, 'ü'] }],
      ['a fenced object', '```json\n{"a": 1}\n```', { a: 1 }],
      ['a number', '42', 42],
      ['null', 'null', null],
      ['text around a fence', 'see:\n```json\n{"a": 1}\n```', 'see:\n```json\n{"a": 1}\n```'],
      ['a fence of another language', '```js\n{"a": 1}\n```', '```js\n{"a": 1}\n```'],
      ['an empty reply', '', ''],
    ])('that is %s comes as its value', async (_what, reply, value) => {
      const { body } = await run(`do:reply ${reply}`).expect(200);
      expect(body.result).toEqual(value);
    });

    it('is found behind other lines', async () => {
      expect((await run('do:banner-first hello').expect(200)).body.result).toBe('hello');
    });
  });

  describe('a failure', () => {
    it('by exit code is 502 with the code and the end of stderr, keys masked', async () => {
      const said = `${'x'.repeat(5000)} key=the-key-of-the-provider other=sk-ant-api03-abcdefghijklmnop end`;
      const answer = await run(`do:exit 7 ${said}`);
      expect(answer.status).toBe(502);
      expect(answer.headers['content-type']).toContain('application/json');
      expect(answer.body).toEqual({
        ok: false,
        error: 'claude exit 7',
        stderr: expect.stringMatching(/^x+ key=\[redacted\] other=\[redacted\] end$/),
        duration_ms: expect.any(Number),
        stop_reason: 'error',
      });
      expect(answer.body.stderr).toHaveLength(2000);
      expect(await lastRow()).toMatchObject({ status: 'failed', ok: false, error: 'claude exit 7' });
    });

    it.each([
      ['nothing', ''],
      ['text', 'I could not'],
      ['an object of another kind', '{"type":"assistant","result":"no"}'],
      ['half an envelope', '{"type":"result","result":"cut'],
    ])('is exit 0 after %s', async (_what, printed) => {
      const answer = await run(`do:print ${printed}`);
      expect(answer.status).toBe(502);
      expect(answer.body).toMatchObject({
        ok: false,
        error: 'claude exit 0 without a readable result',
        stop_reason: 'error',
      });
    });

    it('that the envelope reports is told in its words', async () => {
      const reported = await run('do:error the model said no');
      expect(reported.status).toBe(502);
      expect(reported.body).toMatchObject({
        ok: false,
        error: 'claude reported an error: the model said no',
        stop_reason: 'error',
      });
      const withCode = await run('do:error-exit API Error: 529');
      expect(withCode.body).toMatchObject({ error: 'claude exit 1', stderr: 'API Error: 529' });
    });

    it('of a program that cannot be started says so', async () => {
      const broken = await standInClaude();
      await writeFile(broken.program, '#!/no/such/interpreter\n');
      const other = await startOther(broken.env);
      const answer = await other
        .http()
        .post('/run')
        .set('authorization', await other.mint('a'))
        .send({ prompt: 'hi' });
      expect([answer.status, answer.body.error]).toEqual([502, 'claude could not be started']);
      await broken.remove();
    });

    it('of a missing claude is 503 with what to install, before a row is written', async () => {
      const other = await startOther({ CLAUDE_BIN: '/no/such/claude' });
      const answer = await other
        .http()
        .post('/run')
        .set('authorization', await other.mint('a'))
        .send({ prompt: 'hi' });
      expect([answer.status, answer.body.code]).toEqual([503, 'agent_not_installed']);
      expect(answer.body.detail).toContain('npm install -g @anthropic-ai/claude-code');
      const listed = await other.http().get('/admin/runs').set('authorization', other.admin);
      expect(listed.body).toEqual({ count: 0, runs: [], next: null });
    });

    it('of our own disk is 503, and the row does not stay open', async () => {
      const other = await startOther(claude.env);
      await rm(path.join(other.dataDir, 'runs'), { recursive: true });
      await writeFile(path.join(other.dataDir, 'runs'), 'in the way');
      const answer = await other
        .http()
        .post('/run')
        .set('authorization', await other.mint('a'))
        .send({ prompt: 'hi' });
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable']);
      const listed = await other.http().get('/admin/runs').set('authorization', other.admin);
      expect(listed.body.runs).toMatchObject([{ status: 'failed', ok: false, stop_reason: 'error' }]);
    });
  });

  describe('what claude is given', () => {
    const noted = async (prompt: string, more: object = {}): Promise<ClaudeNotes> => {
      await run(prompt, more).expect(200);
      return claude.notes();
    };

    it('is print mode with JSON, in a fresh directory that is gone afterwards', async () => {
      const { argv, cwd, environment } = await noted('hello');
      expect(argv.slice(0, 4)).toEqual(['-p', '--output-format', 'json', '--dangerously-skip-permissions']);
      expect(argv.filter((argument) => /^--(model|append|add)/.test(argument))).toEqual([]);
      expect(path.dirname(path.dirname(cwd))).toBe(path.join(await realpath(server.dataDir), 'runs'));
      expect(environment.TMPDIR).toBe(path.join(path.dirname(cwd), 'tmp'));
      expect(existsSync(path.dirname(cwd))).toBe(false);
    });

    it.each([
      ['leading dashes', '--version'],
      ['a leading slash', '/help'],
      [
        'line ends, controls and every plane',
        '\r\n\t\u0007\u001b[31m ünï \u{1f980}\u{10ffff}\u2028\ufeff end  ',
      ],
      ['1 MB', 'ü0123456789abcd\n'.repeat(65_536)],
    ])('is the prompt on stdin, unchanged: %s', async (_what, prompt) => {
      const { argv, prompt: given } = await noted(prompt);
      expect(given === prompt).toBe(true);
      expect(argv.some((argument) => argument.includes(prompt.slice(0, 20)))).toBe(false);
    });

    it('is the model as one argument and the system text as a file', async () => {
      const { argv, system } = await noted('hi', { model: 'some/model:v1@x[1m]', system: '--Be brief.\nü' });
      expect(argv).toContain('--model=some/model:v1@x[1m]');
      expect(system).toBe('--Be brief.\nü');
      expect(argv.join(' ')).not.toContain('Be brief');
    });

    it('is the paths of files before the prompt, and their directories, each once', async () => {
      await mkdir(path.join(roots, 'docs'), { recursive: true });
      const files = ['docs/a.txt', 'docs/b.txt'].map((name) => path.join(roots, name));
      for (const file of files) await writeFile(file, 'text');
      const upload = await server
        .http()
        .post('/files')
        .set('authorization', app)
        .attach('file', Buffer.from('uploaded'), 'notes.txt');
      const { argv, prompt } = await noted('do it', { files: [...files, roots, upload.body.file_id] });
      const lines = prompt.split('\n');
      expect(lines.slice(1, 4)).toEqual([...files, roots].map((file) => `  - ${file}`));
      expect(lines[4]).toMatch(/^ {2}- \/.*\.txt$/);
      expect(lines.slice(5)).toEqual(['', 'do it']);
      const uploads = path.join(await realpath(server.dataDir), 'files');
      expect(argv.filter((argument) => argument.startsWith('--add-dir='))).toEqual(
        [path.join(roots, 'docs'), roots, uploads].map((directory) => `--add-dir=${directory}`),
      );
    });

    it('is no secret of the gateway', async () => {
      const { environment } = await noted('hi');
      expect(environment).toMatchObject({ ANTHROPIC_API_KEY: 'the-key-of-the-provider' });
      expect(JSON.stringify(environment)).not.toContain(server.admin.replace('Bearer ', ''));
      expect(Object.keys(environment).filter((name) => /^(CLAWDFORGE|ADMIN)_/.test(name))).toEqual([
        'CLAWDFORGE_PROCESS_MARKER',
      ]);
    });
  });

  describe('bounds', () => {
    it('ends a run that is out of time, and what it started', async () => {
      const answer = await run('do:hang', { timeout_secs: 1 });
      expect(answer.status).toBe(502);
      expect(answer.body).toMatchObject({
        ok: false,
        error: 'timed out after 1 s',
        stop_reason: 'timeout',
      });
      expect(await lastRow()).toMatchObject({ status: 'timed_out', stop_reason: 'timeout', ok: false });
    });

    it('kills a claude that ignores SIGTERM', async () => {
      const answer = await run('do:stubborn', { timeout_secs: 1 });
      expect(answer.body).toMatchObject({ error: 'timed out after 1 s' });
    });

    it('kills what claude leaves behind', async () => {
      expect((await run('do:daemon').expect(200)).body.result).toBe('left a daemon');
      // A probe of the version may be under way, which is none of the runs'.
      await until('nothing is left', async () => (await processes()).length === 0);
    });

    it('survives a flood on stderr', async () => {
      expect((await run(`do:flood-stderr 50000000`).expect(200)).body.result).toBe('survived');
    });

    it.each(['flood-stdout', 'flood-newlines'])('ends a run that writes too much: %s', async (kind) => {
      const answer = await run(`do:${kind} 100000000`);
      expect([answer.status, answer.body.error]).toEqual([502, 'claude wrote more than can be read']);
    });

    it('kills the run when its client goes away', async () => {
      const body = JSON.stringify({ prompt: 'do:hang' });
      const headers = { authorization: app, 'content-type': 'application/json' };
      const leaving = httpRequest(`${server.baseUrl}/run`, { method: 'POST', headers });
      leaving.on('error', () => undefined);
      leaving.end(body);
      await until('claude runs', async () => (await processes()).length > 0);
      leaving.destroy();
      await until('the row is closed', async () => (await lastRow()).status !== 'running');
      expect(await lastRow()).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled', ok: false });
      await until('nothing is left', async () => (await processes()).length === 0);
    });

    it('answers 503 while CLAWDFORGE_MAX_RUNS are in flight', async () => {
      const other = await startOther({ ...claude.env, CLAWDFORGE_MAX_RUNS: '1' });
      const token = await other.mint('a');
      const post = (prompt: string, more: object = {}) =>
        other
          .http()
          .post('/run')
          .set('authorization', token)
          .send({ prompt, ...more });
      const first = post('do:hang', { timeout_secs: 3 }).then((answer) => answer.status);
      await until('it runs', async () => {
        const listed = await other.http().get('/admin/runs').set('authorization', other.admin);
        return listed.body.count === 1;
      });
      const refused = await post('hi');
      expect([refused.status, refused.body.code, refused.body.retryable]).toEqual([503, 'pool_full', true]);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(await first).toBe(502);
      await post('hi').expect(200);
    });

    it('ends a run when the server stops, and does not blame the client', async () => {
      const other = await startOther({ ...claude.env, CLAWDFORGE_DRAIN_SECS: '0' });
      const token = await other.mint('a');
      const answered = other.http().post('/run').set('authorization', token).send({ prompt: 'do:hang' });
      const answer = answered.then(({ status, body }) => ({ status, body }));
      await until('claude runs', async () => {
        const found = await findProcesses((env) => env.get('HOME') === other.dataDir);
        return found.length > 0;
      });
      await other.close();
      expect(await answer).toMatchObject({
        status: 502,
        body: { ok: false, error: 'the server was stopped', stop_reason: 'cancelled' },
      });
    });
  });

  describe('the rows', () => {
    it('tell of each run, and never its prompt or reply', async () => {
      const prompt = 'do:reply the reply that nobody keeps';
      await run(prompt, { model: 'sonnet' }).expect(200);
      const row = await lastRow();
      expect(row).toEqual({
        id: expect.any(Number),
        app_name: 'runner',
        route: '/run',
        model: 'sonnet',
        prompt_chars: prompt.length,
        prompt_sha256: createHash('sha256').update(prompt).digest('hex'),
        status: 'completed',
        ok: true,
        stop_reason: 'end_turn',
        duration_ms: expect.any(Number),
        error: null,
        usage: { input_tokens: 11, output_tokens: 3 },
        cost_usd: 0.25,
        created_at: expect.any(Number),
      });
      expect(JSON.stringify(await rows())).not.toContain('nobody keeps');
    });

    it('come in pages, newest first, and per app', async () => {
      const other = await server.mint('second');
      for (const reply of ['1', '2', '3']) {
        await server.http().post('/run').set('authorization', other).send({ prompt: reply }).expect(200);
      }
      const seen: number[] = [];
      let query = '?app=second&limit=2';
      for (let next: string | null = ''; next !== null; query = `?app=second&limit=2&after=${next}`) {
        const page = await rows(query);
        expect(page.count).toBe(page.runs.length);
        seen.push(...page.runs.map((row: { id: number }) => row.id));
        next = page.next;
      }
      expect(seen).toHaveLength(3);
      expect(seen).toEqual([...seen].sort((a, b) => b - a));
      expect(await rows('?app=nobody')).toEqual({ count: 0, runs: [], next: null });
    });

    it.each([
      ['?limit=0', 422, 'validation_failed'],
      ['?limit=1001', 422, 'validation_failed'],
      ['?after=nonsense', 400, 'invalid_cursor'],
      ['?colour=red', 422, 'validation_failed'],
    ])('are refused for %s', async (query, status, code) => {
      const answer = await server.http().get(`/admin/runs${query}`).set('authorization', server.admin);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    });
  });

  describe('a bad request', () => {
    it.each([
      [{}, 'prompt'],
      [{ prompt: '' }, 'prompt'],
      [{ prompt: 7 }, 'prompt'],
      [{ prompt: 'x', model: '-p' }, 'model'],
      [{ prompt: 'x', model: 'a b' }, 'model'],
      [{ prompt: 'x', model: `a${'b'.repeat(128)}` }, 'model'],
      [{ prompt: 'x', system: 1 }, 'system'],
      [{ prompt: 'x', timeout_secs: 0 }, 'timeout_secs'],
      [{ prompt: 'x', timeout_secs: 3601 }, 'timeout_secs'],
      [{ prompt: 'x', timeout_secs: '5' }, 'timeout_secs'],
      [{ prompt: 'x', timeout_secs: 1.5 }, 'timeout_secs'],
      [{ prompt: 'x', files: 'a' }, 'files'],
      [{ prompt: 'x', files: [1] }, 'files'],
      [{ prompt: 'x', files: ['/etc/passwd'] }, 'files[0]'],
      [{ prompt: 'x', files: ['relative'] }, 'files[0]'],
      [{ prompt: 'x', cwd: '/tmp' }, 'cwd'],
    ])('%j is 422 naming %s, and no run', async (body, field) => {
      const before = (await rows()).count;
      const answer = await server.http().post('/run').set('authorization', app).send(body);
      expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
      expect((await rows()).count).toBe(before);
    });
  });
});
