import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HELLO_CHUNK, terminalLine } from '../../src/acpx/fake/fake-acpx-runner.js';
import { TurnQueues } from '../../src/sessions/turn-queue.js';
import { SweeperService } from '../../src/sweeper/sweeper.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('sessions over HTTP', () => {
  let server: TestApp;
  let mine: string;
  let theirs: string;

  beforeEach(async () => {
    server = await startTestApp({ env: { CLAWDFORGE_MAX_LIVE_SESSIONS: '8' } });
    mine = await server.mint('testapp');
    theirs = await server.mint('otherapp');
  });
  afterEach(() => server.close());

  const call = (method: 'get' | 'post' | 'delete', path: string, token = mine) =>
    server.http()[method](path).set('authorization', token);
  const open = async (token = mine, body: object = {}): Promise<string> => {
    const answer = await call('post', '/sessions', token).send(body);
    expect(answer.status).toBe(200);
    return answer.body.session_id;
  };
  const events = async (sessionId: string): Promise<string[]> => {
    const { body } = await server
      .http()
      .get(`/admin/audit?session_id=${sessionId}`)
      .set('authorization', server.admin);
    return body.events.map((event: { event: string }) => event.event).reverse();
  };

  describe('creating', () => {
    it('answers with an id, the defaults and a fresh directory', async () => {
      const { body } = await call('post', '/sessions').send({}).expect(200);
      expect(Object.keys(body)).toEqual(['ok', 'session_id', 'agent', 'cwd', 'created_at', 'meta']);
      expect(body).toMatchObject({ ok: true, agent: 'claude', meta: null });
      expect(body.session_id).toMatch(/^[0-9a-f]{32}$/);
      expect(body.cwd).toBe(path.join(await realpath(server.dataDir), 'acpx-cwds', body.session_id));
      expect(Math.abs(body.created_at - Date.now() / 1000)).toBeLessThan(5);
      expect(await events(body.session_id)).toEqual(['create']);
    });

    it('works without a body, and keeps meta as it was given', async () => {
      await call('post', '/sessions').expect(200);
      const meta = { purpose: 'smoke', nested: { list: [1, null, 'ü'] } };
      const { body } = await call('post', '/sessions').send({ meta }).expect(200);
      expect(body.meta).toEqual(meta);
      const state = await call('get', `/sessions/${body.session_id}`).expect(200);
      expect(state.body).toEqual({
        session_id: body.session_id,
        agent: 'claude',
        cwd: body.cwd,
        created_at: body.created_at,
        last_turn_at: null,
        turn_count: 0,
        closed_at: null,
        closed: false,
        meta,
      });
    });

    it.each([
      [{ agent: '' }, 'agent'],
      [{ agent: 7 }, 'agent'],
      [{ meta: 'text' }, 'meta'],
      [{ meta: [] }, 'meta'],
      [{ meta: { big: 'x'.repeat(16 * 1024) } }, 'meta'],
      [{ cwd: '/etc' }, 'cwd'],
      [{ cwd: 'relative' }, 'cwd'],
      [{ color: 'x' }, 'color'],
      [{ mcp_servers: ['none'] }, 'mcp_servers[0]'],
      [{ additional_directories: ['/etc'] }, 'additional_directories[0]'],
      [{ permissions: 'ask' }, 'permissions'],
      [{ config: { a: 1 } }, 'config'],
    ])('refuses %j with 422 naming %s', async (body, field) => {
      const answer = await call('post', '/sessions').send(body);
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
      expect(server.runner.calls).toEqual([]);
    });

    it('refuses an agent outside the allow-list before anything is made', async () => {
      server.runner.allowed = ['claude'];
      const answer = await call('post', '/sessions').send({ agent: 'rm -rf' });
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'agent']);
    });

    it('leaves nothing behind when the agent fails or is missing', async () => {
      server.runner.missing = ['claude'];
      const missing = await call('post', '/sessions').send({});
      expect([missing.status, missing.body.code]).toEqual([503, 'agent_not_installed']);
      server.runner.missing = [];
      server.runner.failNextCreate();
      const failed = await call('post', '/sessions').send({});
      expect([failed.status, failed.body.code]).toEqual([502, 'agent_failed']);
      expect(await readdir(path.join(server.dataDir, 'acpx-cwds'))).toEqual([]);
      const { body } = await call('get', '/sessions').expect(200);
      expect(body).toEqual({ count: 0, sessions: [], next: null });
      expect((await server.http().get('/healthz')).body.open_sessions).toBe(0);
    });

    it('works in a project below a workspace root, resolved, and never removes it', async () => {
      const root = await mkdtemp(path.join(tmpdir(), 'clawdforge-root-'));
      const outside = await mkdtemp(path.join(tmpdir(), 'clawdforge-outside-'));
      await mkdir(path.join(root, 'project'));
      await symlink(path.join(root, 'project'), path.join(root, 'link'));
      await symlink(outside, path.join(root, 'escape'));
      const other = await startTestApp({ env: { CLAWDFORGE_WORKSPACE_ROOTS: root } });
      const token = await other.mint('a');
      const create = (cwd: string) =>
        other.http().post('/sessions').set('authorization', token).send({ cwd });

      const { body } = await create(path.join(root, 'link')).expect(200);
      expect(body.cwd).toBe(path.join(await realpath(root), 'project'));
      await other.http().delete(`/sessions/${body.session_id}`).set('authorization', token).expect(200);
      expect(await readdir(root)).toContain('project');
      const refusals = [];
      for (const cwd of [
        path.join(root, 'escape'),
        path.join(root, 'missing'),
        `${root}/../..`,
        '/etc/passwd',
      ]) {
        const answer = await create(cwd);
        refusals.push([answer.status, answer.body.errors[0].message]);
      }
      expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
      expect(refusals[0]![0]).toBe(422);
      await other.close();
      await Promise.all([root, outside].map((directory) => rm(directory, { recursive: true })));
    });

    it('holds the bound on open sessions, creations in flight included, and gives places back', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => call('post', '/sessions').send({})));
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(8);
      const refused = answers.find((answer) => answer.status === 503)!;
      expect(refused.body).toMatchObject({ code: 'pool_full', retryable: true });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      const [first] = answers.filter((answer) => answer.status === 200);
      await call('delete', `/sessions/${first!.body.session_id}`).expect(200);
      await open();
    });

    it("holds an app's own bound and leaves the others alone", async () => {
      const bounded = await server.mint('bounded', { max_sessions: 1 });
      await open(bounded);
      const refused = await call('post', '/sessions', bounded).send({});
      expect([refused.status, refused.body.code]).toEqual([503, 'pool_full']);
      await open();
    });
  });

  describe('a turn', () => {
    it('answers with the events, the text and its index, and moves the state', async () => {
      const sessionId = await open();
      server.runner.next({ events: [HELLO_CHUNK, terminalLine('end_turn')] });
      const { body } = await call('post', `/sessions/${sessionId}/turn`)
        .send({ prompt: 'say hello' })
        .expect(200);
      expect(body).toEqual({
        ok: true,
        session_id: sessionId,
        turn_index: 1,
        stop_reason: 'end_turn',
        events: [HELLO_CHUNK, terminalLine('end_turn')],
        duration_ms: expect.any(Number),
        text: 'hello',
      });
      const state = await call('get', `/sessions/${sessionId}`);
      expect(state.body).toMatchObject({ turn_count: 1, last_turn_at: expect.any(Number) });
      expect(await events(sessionId)).toEqual(['create', 'turn']);
    });

    it('answers 502 to a failed turn and 504 to a late one, uses up their indices and counts neither', async () => {
      const sessionId = await open();
      server.runner.next({ error: 'agent or protocol error', stderr: 'boom' });
      const failed = await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'x' });
      expect(failed.status).toBe(502);
      expect(failed.body).toEqual({
        ok: false,
        session_id: sessionId,
        turn_index: 1,
        stop_reason: 'error',
        error: 'agent or protocol error',
        events: [HELLO_CHUNK],
        duration_ms: expect.any(Number),
        stderr: 'boom',
      });
      server.runner.hold();
      const late = await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'x', timeout_secs: 1 });
      expect([late.status, late.body.stop_reason, late.body.turn_index]).toEqual([504, 'timeout', 2]);
      const good = await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'x' }).expect(200);
      expect(good.body.turn_index).toBe(3);
      expect((await call('get', `/sessions/${sessionId}`)).body.turn_count).toBe(1);
    });

    it.each([
      [{}, 'prompt'],
      [{ prompt: '' }, 'prompt'],
      [{ prompt: 1 }, 'prompt'],
      [{ prompt: 'x', timeout_secs: 0 }, 'timeout_secs'],
      [{ prompt: 'x', timeout_secs: 86_401 }, 'timeout_secs'],
      [{ prompt: 'x', timeout_secs: '5' }, 'timeout_secs'],
      [{ prompt: 'x', files: 'a' }, 'files'],
      [{ prompt: 'x', files: ['/etc/passwd'] }, 'files[0]'],
      [{ prompt: 'x', extra: true }, 'extra'],
    ])('refuses %j with 422 naming %s, and takes no index', async (body, field) => {
      const sessionId = await open();
      const answer = await call('post', `/sessions/${sessionId}/turn`).send(body);
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
      expect((await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'x' })).body.turn_index).toBe(
        1,
      );
    });

    it('puts attached files before the prompt, which stays unchanged at the end', async () => {
      const sessionId = await open();
      const upload = await call('post', '/files')
        .attach('file', Buffer.from('content'), 'notes.txt')
        .expect(200);
      const prompt = '  - not a path\n\nhello\n';
      await call('post', `/sessions/${sessionId}/turn`)
        .send({ prompt, files: [upload.body.file_id] })
        .expect(200);
      const sent = server.runner.callsOf('prompt')[0]!.prompt!;
      const [header, file, blank] = sent.split('\n');
      expect(header).toContain('Attached files');
      expect(file).toMatch(/^ {2}- \/.+\.txt$/);
      expect(blank).toBe('');
      expect(sent.endsWith(`\n\n${prompt}`)).toBe(true);
      const theirsRefused = await call('post', `/sessions/${await open(theirs)}/turn`, theirs).send({
        prompt,
        files: [upload.body.file_id],
      });
      const unknown = await call('post', `/sessions/${sessionId}/turn`).send({
        prompt,
        files: ['0'.repeat(32)],
      });
      expect([theirsRefused.status, unknown.status]).toEqual([422, 422]);
      expect(theirsRefused.body.errors).toEqual(unknown.body.errors);
    });

    it('runs turns of one session one at a time in the order of arrival, and of others at the same time', async () => {
      const [first, second] = [await open(), await open()];
      const release = server.runner.hold();
      const turns: Promise<number>[] = [];
      for (const n of [1, 2, 3]) {
        turns.push(
          call('post', `/sessions/${first}/turn`)
            .send({ prompt: `p${n}` })
            .then((answer) => answer.body.turn_index),
        );
        await until('it has its place', () => server.app.get(TurnQueues).pendingTurns(first) === n);
      }
      await until('the first turn runs', () => server.runner.callsOf('prompt').length === 1);
      await call('post', `/sessions/${second}/turn`).send({ prompt: 'other' }).expect(200);
      expect(server.runner.callsOf('prompt').map((prompt) => prompt.prompt)).toEqual(['p1', 'other']);
      release();
      expect(await Promise.all(turns)).toEqual([1, 2, 3]);
    });

    it('lets sixteen wait and refuses the next, which takes no index', async () => {
      const sessionId = await open();
      const release = server.runner.hold();
      const first = call('post', `/sessions/${sessionId}/turn`)
        .send({ prompt: 'x' })
        .then((answer) => answer);
      await until('it runs', () => server.runner.callsOf('prompt').length === 1);
      const answers = Promise.all(
        Array.from({ length: 17 }, () =>
          call('post', `/sessions/${sessionId}/turn`)
            .send({ prompt: 'x' })
            .then((a) => {
              if (a.status === 503) release();
              return a;
            }),
        ),
      );
      const all = [await first, ...(await answers)];
      const refused = all.filter((answer) => answer.status === 503);
      expect(refused.map((answer) => answer.body.code)).toEqual(['queue_full']);
      expect(refused[0]!.headers['retry-after']).toBeDefined();
      const indices = all.filter((answer) => answer.status === 200).map((answer) => answer.body.turn_index);
      expect(indices.sort((a, b) => a - b)).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
    });

    it('goes on and is recorded when the client goes away', async () => {
      const sessionId = await open();
      const release = server.runner.hold();
      const leaving = new AbortController();
      const gone = fetch(`${server.baseUrl}/sessions/${sessionId}/turn`, {
        method: 'POST',
        headers: { authorization: mine, 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'x' }),
        signal: leaving.signal,
      }).catch(() => 'gone');
      await until('it runs', () => server.runner.callsOf('prompt').length === 1);
      leaving.abort();
      expect(await gone).toBe('gone');
      release();
      await until(
        'it is recorded',
        async () => (await call('get', `/sessions/${sessionId}`)).body.turn_count === 1,
      );
      const next = await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'y' }).expect(200);
      expect(next.body.turn_index).toBe(2);
    });
  });

  describe('closing', () => {
    it('is safe to repeat, and exactly one of many calls says that it closed', async () => {
      const sessionId = await open();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => call('delete', `/sessions/${sessionId}`)),
      );
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
      expect(answers.filter((answer) => answer.body.already_closed === false)).toHaveLength(1);
      expect((await call('delete', `/sessions/${sessionId}`)).body).toEqual({
        ok: true,
        session_id: sessionId,
        already_closed: true,
      });
      expect(await events(sessionId)).toEqual(['create', 'close']);
      const turn = await call('post', `/sessions/${sessionId}/turn`).send({ prompt: 'x' });
      expect([turn.status, turn.body.code]).toEqual([410, 'session_closed']);
      expect((await call('get', `/sessions/${sessionId}`)).body).toMatchObject({
        closed: true,
        closed_at: expect.any(Number),
      });
      expect(await readdir(path.join(server.dataDir, 'acpx-cwds'))).toEqual([]);
    });

    it('cancels the turn that runs and refuses those that wait', async () => {
      const sessionId = await open();
      server.runner.hold();
      const running = call('post', `/sessions/${sessionId}/turn`)
        .send({ prompt: 'runs' })
        .then((answer) => answer);
      await until('it runs', () => server.runner.callsOf('prompt').length === 1);
      const waiting = call('post', `/sessions/${sessionId}/turn`)
        .send({ prompt: 'waits' })
        .then((answer) => answer);
      await until('it waits', () => {
        return server.app.get(TurnQueues).pendingTurns(sessionId) === 2;
      });
      const closed = await call('delete', `/sessions/${sessionId}`);
      expect([closed.status, closed.body.already_closed]).toEqual([200, false]);
      const cancelled = await running;
      expect([cancelled.status, cancelled.body.ok, cancelled.body.stop_reason]).toEqual([
        200,
        true,
        'cancelled',
      ]);
      expect((await waiting).status).toBe(410);
      expect((await call('get', `/sessions/${sessionId}`)).body).toMatchObject({
        turn_count: 0,
        last_turn_at: null,
      });
    });
  });

  it("answers to another app's session exactly as to none", async () => {
    const sessionId = await open();
    const absent = 'f'.repeat(32);
    const calls: ((id: string) => ReturnType<typeof call>)[] = [
      (id) => call('get', `/sessions/${id}`, theirs),
      (id) => call('post', `/sessions/${id}/turn`, theirs).send({ prompt: 'hi' }),
      (id) => call('delete', `/sessions/${id}`, theirs),
    ];
    for (const request of calls) {
      const answers = [await request(sessionId), await request(absent), await request('not-an-id')];
      const seen = answers.map(({ status, body }) => JSON.stringify([status, { ...body, request_id: '' }]));
      expect(new Set(seen).size).toBe(1);
      expect(answers[0]!.status).toBe(404);
    }
    expect((await call('get', '/sessions', theirs)).body.count).toBe(0);
    expect((await call('get', `/sessions/${sessionId}`)).body.closed).toBe(false);
  });

  it('lists newest first, page by page, open or closed, for the app and for the admin', async () => {
    const ids = [await open(), await open(), await open()];
    await open(theirs);
    await call('delete', `/sessions/${ids[1]!}`).expect(200);
    const idsOf = (body: { sessions: { session_id: string }[] }) =>
      body.sessions.map((row) => row.session_id);
    const all = await call('get', '/sessions').expect(200);
    expect(all.body).toMatchObject({ count: 3, next: null });
    expect(idsOf(all.body)).toEqual([...ids].reverse());
    const first = await call('get', '/sessions?limit=2').expect(200);
    const rest = await call('get', `/sessions?limit=2&after=${first.body.next}`).expect(200);
    expect([...idsOf(first.body), ...idsOf(rest.body)]).toEqual([...ids].reverse());
    expect(rest.body.next).toBeNull();
    expect(idsOf((await call('get', '/sessions?open=true')).body)).toEqual([ids[2], ids[0]]);
    expect(idsOf((await call('get', '/sessions?open=false')).body)).toEqual([ids[1]]);
    for (const query of ['open=yes', 'limit=0', 'limit=1001', 'offset=1'])
      await call('get', `/sessions?${query}`).expect(422);
    const bad = await call('get', '/sessions?after=eyJ4Ijoxfq');
    expect([bad.status, bad.body.code]).toEqual([400, 'invalid_cursor']);
    const admin = await server.http().get('/admin/sessions').set('authorization', server.admin).expect(200);
    expect(admin.body.count).toBe(4);
    expect(admin.body.sessions[0]).toMatchObject({ app_name: 'otherapp', closed: false });
    const one = await server
      .http()
      .get('/admin/sessions?app=testapp&open=true')
      .set('authorization', server.admin);
    expect(one.body.count).toBe(2);
  });

  it('sweeps idle sessions, but none with a turn queued or running, and deletes old rows with their turns', async () => {
    const [idle, used, busy] = [await open(), await open(), await open()];
    const release = server.runner.hold();
    const running = call('post', `/sessions/${busy}/turn`)
      .send({ prompt: 'x' })
      .then((answer) => answer);
    await until('it runs', () => server.runner.callsOf('prompt').length === 1);
    server.clock.advanceSecs(3590);
    await call('post', `/sessions/${used}/turn`).send({ prompt: 'x' }).expect(200);
    server.clock.advanceSecs(20);
    const sweeper = server.app.get(SweeperService);
    expect(await Promise.all([sweeper.sweep(), sweeper.sweep()])).toEqual([
      { soft_closed: 1, hard_deleted: 0 },
      { soft_closed: 1, hard_deleted: 0 },
    ]);
    expect(await events(idle)).toEqual(['create', 'sweep_close']);
    release();
    expect((await running).status).toBe(200);
    expect((await call('get', `/sessions/${used}`)).body.closed).toBe(false);

    server.clock.advanceSecs(86_401);
    expect(await sweeper.sweep()).toEqual({ soft_closed: 2, hard_deleted: 1 });
    expect((await call('get', `/sessions/${idle}`)).status).toBe(404);
    expect(await events(idle)).toEqual(['create', 'sweep_close', 'hard_delete']);
    server.clock.advanceSecs(86_401);
    expect(await sweeper.sweep()).toEqual({ soft_closed: 0, hard_deleted: 2 });
    expect((await call('get', '/sessions')).body.count).toBe(0);
  });

  it('goes on with the next session when one fails to close', async () => {
    await Promise.all([open(), open(), open()]);
    server.clock.advanceSecs(3601);
    const { SessionsService } = await import('../../src/sessions/sessions.service.js');
    const sessions = server.app.get(SessionsService);
    const closeIdle = sessions.closeIdle.bind(sessions);
    let calls = 0;
    sessions.closeIdle = (...args) => (calls++ === 0 ? Promise.reject(new Error('no')) : closeIdle(...args));
    expect(await server.app.get(SweeperService).sweep()).toEqual({ soft_closed: 2, hard_deleted: 0 });
  });

  it('takes sessions up again after a restart; turns that were cut off are unknown', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'clawdforge-restart-'));
    const before = await startTestApp({ dataDir });
    const token = await before.mint('a');
    const { body } = await before.http().post('/sessions').set('authorization', token).send({}).expect(200);
    const path_ = `/sessions/${body.session_id}`;
    await before.http().post(`${path_}/turn`).set('authorization', token).send({ prompt: 'one' }).expect(200);
    const { Ledger } = await import('../../src/database/ledger.js');
    await before.app.get(Ledger).write((manager) => manager.query(`UPDATE turns SET status = 'running'`));
    await before.close();

    const after = await startTestApp({ dataDir });
    expect((await after.http().get('/healthz')).body.open_sessions).toBe(1);
    const next = await after
      .http()
      .post(`${path_}/turn`)
      .set('authorization', token)
      .send({ prompt: 'two' })
      .expect(200);
    expect(next.body.turn_index).toBe(2);
    const rows = await after.app
      .get(Ledger)
      .read((manager) => manager.query('SELECT turn_index, status FROM turns ORDER BY turn_index'));
    expect(rows).toEqual([
      { turn_index: 1, status: 'unknown' },
      { turn_index: 2, status: 'completed' },
    ]);
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});
