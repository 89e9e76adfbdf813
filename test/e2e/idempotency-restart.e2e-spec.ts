import { cp, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CreatedSession } from '../../src/acpx/acpx-runner.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { waitingClaude, type WaitingClaude } from '../support/waiting-claude.js';

describe('a keyed request and the end of the server', () => {
  let claude: WaitingClaude;
  let directory: string;

  beforeEach(async () => {
    claude = await waitingClaude();
    directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-idempotency-'));
  });
  afterEach(async () => {
    await Promise.all([claude.remove(), rm(directory, { recursive: true, force: true })]);
  });

  const start = (name: string) =>
    startTestApp({ dataDir: path.join(directory, name), env: { ...claude.env, CLAWDFORGE_DRAIN_SECS: '0' } });
  const post = (server: TestApp, token: string, route: string, body: object) =>
    server.http().post(route).set({ authorization: token, 'idempotency-key': 'k' }).send(body);

  it('gets the same answer from the next server', async () => {
    const before = await start('data');
    const token = await before.mint('a');
    const first = await post(before, token, '/run', { prompt: 'x' }).expect(200);
    await before.close();
    const after = await start('data');
    const again = await post(after, token, '/run', { prompt: 'x' }).expect(200);
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    const other = await post(after, token, '/run', { prompt: 'y' });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(await claude.runs()).toBe(1);
    await after.close();
  });

  it('is unknown, in the shape of its route, when a crash cut it off, and is never run again', async () => {
    const before = await start('data');
    const token = await before.mint('a');
    const opened = await before.http().post('/sessions').set('authorization', token).send({});
    const turn = `/sessions/${String(opened.body.session_id)}/turn`;
    const creation = Promise.withResolvers<CreatedSession>();
    const create = jest.spyOn(before.runner, 'create').mockReturnValue(creation.promise);
    await claude.hold();
    const releaseTurn = before.runner.hold();
    const cutOff = [
      post(before, token, '/run', { prompt: 'x' }).then((answer) => answer),
      post(before, token, turn, { prompt: 'x' }).then((answer) => answer),
      post(before, token, '/sessions', {}).then((answer) => answer),
    ];
    await until('all three run', async () => {
      const began = before.runner.callsOf('prompt').length + create.mock.calls.length + (await claude.runs());
      return began === 3;
    });
    // What a crash at this moment would leave behind.
    await cp(path.join(directory, 'data'), path.join(directory, 'crashed'), { recursive: true });

    const after = await start('crashed');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const run = await post(after, token, '/run', { prompt: 'x' });
      expect([run.status, run.body]).toEqual([
        502,
        {
          ok: false,
          error: expect.stringContaining('before the outcome of this request was known'),
          stderr: '',
          duration_ms: null,
          stop_reason: 'unknown',
        },
      ]);
      const repeated = await post(after, token, turn, { prompt: 'x' });
      expect([repeated.status, repeated.body]).toEqual([
        502,
        {
          ok: false,
          session_id: opened.body.session_id,
          turn_index: null,
          stop_reason: 'unknown',
          error: expect.stringContaining('before the outcome of this request was known'),
          events: [],
          duration_ms: null,
          stderr: '',
        },
      ]);
      const session = await post(after, token, '/sessions', {});
      expect([session.status, session.body.code]).toEqual([502, 'outcome_unknown']);
      expect(session.headers['content-type']).toContain('application/problem+json');
    }
    const reused = await post(after, token, '/run', { prompt: 'y' });
    expect([reused.status, reused.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(after.runner.calls).toEqual([]);
    expect(await claude.runs()).toBe(1);
    await after.close();

    await claude.release();
    releaseTurn();
    creation.resolve({ launchCommand: null, agentSessionId: null });
    await Promise.all(cutOff);
    await before.close();
  });

  it('runs to its end when its client goes away, and its answer waits', async () => {
    const server = await start('data');
    const token = await server.mint('a');
    await claude.hold();
    const body = JSON.stringify({ prompt: 'x' });
    const leaving = httpRequest(`${server.baseUrl}/run`, {
      method: 'POST',
      headers: {
        authorization: token,
        'idempotency-key': 'k',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    }).on('error', () => undefined);
    leaving.end(body);
    await until('claude runs', async () => (await claude.runs()) === 1);
    leaving.destroy();
    const waiting = post(server, token, '/run', { prompt: 'x' }).then((answer) => answer);
    await claude.release();
    const answer = await waiting;
    expect([answer.status, answer.body.result, answer.headers['idempotent-replayed']]).toEqual([
      200,
      'reply 1',
      'true',
    ]);
    const { body: rows } = await server.http().get('/admin/runs').set('authorization', server.admin);
    expect(rows.runs.map(({ status }: { status: string }) => status)).toEqual(['completed']);
    await server.close();
  });

  it('keeps the answer of a failed run', async () => {
    const server = await start('data');
    const token = await server.mint('a');
    const first = await post(server, token, '/run', { prompt: 'fail' });
    const again = await post(server, token, '/run', { prompt: 'fail' });
    expect([first.status, first.body.error]).toEqual([502, 'claude exit 3']);
    expect([again.status, again.text]).toEqual([502, first.text]);
    expect(await claude.runs()).toBe(1);
    await server.close();
  });

  it('commits the answers of what the stop let end, though their clients are gone', async () => {
    const before = await start('data');
    const token = await before.mint('a');
    const opened = await before.http().post('/sessions').set('authorization', token).send({});
    const turn = `/sessions/${String(opened.body.session_id)}/turn`;
    before.runner.hold();
    const leaving = post(before, token, turn, { prompt: 'x' });
    const left = leaving.then(
      () => undefined,
      () => undefined,
    );
    await until('the turn runs', () => before.runner.callsOf('prompt').length === 1);
    leaving.abort();
    await left.catch(() => undefined);
    await before.close();
    const after = await start('data');
    const again = await post(after, token, turn, { prompt: 'x' });
    expect([again.status, again.body.stop_reason]).toEqual([200, 'cancelled']);
    expect(after.runner.callsOf('prompt')).toEqual([]);
    await after.close();
  });
});
