import { HELLO_CHUNK, terminalLine } from '../../src/acpx/fake/fake-acpx-runner.js';
import { GatewayError } from '../../src/core/errors.js';
import { LateWriter } from '../../src/database/late-writer.js';
import { Ledger } from '../../src/database/ledger.js';
import { storageUnavailable } from '../../src/database/storage-error.js';
import { TurnLedger } from '../../src/sessions/turn-ledger.js';
import { SweeperService } from '../../src/sweeper/sweeper.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Keys in the ledger: their number, and how many of them have no answer. */
async function keysOf(server: TestApp): Promise<{ all: number; pending: number }> {
  const [row] = await server.app
    .get(Ledger)
    .read((manager) =>
      manager.query<{ all: number; pending: number }[]>(
        'SELECT count(*) AS "all", count(*) - count(status) AS pending FROM idempotency_keys',
      ),
    );
  return row!;
}

describe('a request with an Idempotency-Key', () => {
  let server: TestApp;
  let mine: string;
  let theirs: string;

  beforeEach(async () => {
    server = await startTestApp();
    mine = await server.mint('mine');
    theirs = await server.mint('theirs');
  });
  afterEach(() => server.close());

  const post = (route: string, key: string | undefined, body: object = {}, token = mine) => {
    const call = server.http().post(route).set('authorization', token);
    return (key === undefined ? call : call.set('idempotency-key', key)).send(body);
  };
  const open = async (token = mine): Promise<string> =>
    (await post('/sessions', undefined, {}, token)).body.session_id;
  const prompts = (): number => server.runner.callsOf('prompt').length;

  it('gets the same answer again, byte for byte, and the work is done once', async () => {
    const first = await post('/sessions', 'k1', { meta: { a: 1, b: 2 } }).expect(200);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const again = await post('/sessions', 'k1', { meta: { b: 2, a: 1 } }).expect(200);
    expect(again.text).toBe(first.text);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    expect(server.runner.callsOf('create')).toHaveLength(1);
  });

  it('is answered as it would be without a key', async () => {
    const id = await open();
    const plain = await post(`/sessions/${id}/turn`, undefined, { prompt: 'x' }).expect(200);
    const keyed = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).expect(200);
    expect(keyed.headers['content-type']).toBe(plain.headers['content-type']);
    expect(Object.keys(keyed.body)).toEqual(Object.keys(plain.body));
  });

  it('runs once when ten come at once, and all get its answer', async () => {
    const id = await open();
    const release = server.runner.hold();
    const calls = Array.from({ length: 10 }, () =>
      post(`/sessions/${id}/turn`, 'ten', { prompt: 'x' }).then((answer) => answer),
    );
    await until('the turn runs', () => prompts() === 1);
    release();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(200);
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true')).toHaveLength(9);
    expect(prompts()).toBe(1);
  });

  it('is refused with another body, while the first runs and after it', async () => {
    const id = await open();
    const release = server.runner.hold();
    const first = post(`/sessions/${id}/turn`, 'k', { prompt: 'one' }).then((answer) => answer);
    await until('the turn runs', () => prompts() === 1);
    const during = await post(`/sessions/${id}/turn`, 'k', { prompt: 'two' });
    release();
    await first;
    const after = await post(`/sessions/${id}/turn`, 'k', { prompt: 'one', timeout_secs: 5 });
    for (const { status, body } of [during, after]) {
      expect([status, body.code, body.retryable]).toEqual([422, 'idempotency_key_reused', false]);
    }
    expect(prompts()).toBe(1);
  });

  it.each([
    ['a failed turn', { error: 'no luck' }, 1, 502],
    ['a turn out of time', { delayMs: 5000 }, 1, 504],
  ])('gets the answer of %s again', async (_what, turn, timeout_secs, status) => {
    const id = await open();
    server.runner.next(turn);
    const first = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x', timeout_secs });
    const again = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x', timeout_secs });
    expect([first.status, again.status, again.text]).toEqual([status, status, first.text]);
    expect(prompts()).toBe(1);
  });

  it('gets a 502 problem again, with the request id of the original', async () => {
    server.runner.failNextCreate();
    const first = await post('/sessions', 'k');
    const again = await post('/sessions', 'k');
    expect([first.status, first.body.code]).toEqual([502, 'agent_failed']);
    expect(first.headers['content-type']).toContain('application/problem+json');
    expect([again.status, again.text]).toEqual([502, first.text]);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(server.runner.callsOf('create')).toHaveLength(1);
  });

  it('is free again after 422, 404, 410, 503 and 500', async () => {
    const id = await open();
    await post(`/sessions/${id}/turn`, 'k', { prompt: 7 }).expect(422);
    await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).expect(200);
    await post(`/sessions/${'0'.repeat(32)}/turn`, 'k', { prompt: 'x' }).expect(404);
    server.runner.missing = ['claude'];
    await post('/sessions', 'k').expect(503);
    server.runner.missing = [];
    server.runner.failNextCreate(new Error('a fault of ours'));
    await post('/sessions', 'k').expect(500);
    const opened = await post('/sessions', 'k').expect(200);
    expect(opened.headers['idempotent-replayed']).toBeUndefined();
    await server.http().delete(`/sessions/${id}`).set('authorization', mine).expect(200);
    await post(`/sessions/${id}/turn`, 'late', { prompt: 'x' }).expect(410);
    expect(await keysOf(server)).toEqual({ all: 2, pending: 0 });
  });

  it('is tried anew by one that waited when the first was refused', async () => {
    server.runner.failNextCreate(new Error('a fault of ours'));
    const answers = await Promise.all([post('/sessions', 'k'), post('/sessions', 'k')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 500]);
    expect(server.runner.callsOf('create')).toHaveLength(2);
  });

  it('never meets an equal key of another app, session or route', async () => {
    const ids = [await open(), await open()];
    const [ours, others] = [await post('/sessions', 'k'), await post('/sessions', 'k', {}, theirs)];
    expect(ours.body.session_id).not.toBe(others.body.session_id);
    for (const id of ids) {
      const turn = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).expect(200);
      expect([turn.body.session_id, turn.body.turn_index]).toEqual([id, 1]);
    }
    const foreign = await post(`/sessions/${ids[0]!}/turn`, 'k', { prompt: 'x' }, theirs);
    expect(foreign.status).toBe(404);
  });

  it('is the same request however its path is spelled', async () => {
    const id = await open();
    const first = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).expect(200);
    const again = await post(`/Sessions/${id}/turn/?a=1`, 'k', { prompt: 'x' }).expect(200);
    expect(again.text).toBe(first.text);
  });

  it.each(['', 'with blank', 'x'.repeat(256), 'ümlaut'])('is refused with the key %j', async (key) => {
    const answer = await post('/sessions', key);
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'Idempotency-Key']);
    expect(server.runner.calls).toEqual([]);
  });

  it('takes a key of 255 characters, and is refused as a stream or nested too deep', async () => {
    await post('/sessions', '~'.repeat(255)).expect(200);
    const id = await open();
    const stream = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).set(
      'accept',
      'text/event-stream',
    );
    expect([stream.status, stream.body.errors[0].field]).toEqual([422, 'Idempotency-Key']);
    const deep = await server
      .http()
      .post('/sessions')
      .set({ authorization: mine, 'idempotency-key': 'k', 'content-type': 'application/json' })
      .send(`{"meta":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    expect([deep.status, deep.body.errors[0].field]).toEqual([422, 'body']);
    expect(prompts()).toBe(0);
  });

  it('is not looked at on other routes, nor before the token', async () => {
    await server.http().get('/sessions').set({ authorization: mine, 'idempotency-key': '' }).expect(200);
    await post('/sessions', '', {}, 'Bearer nobody').expect(401);
  });

  it('is forgotten after 24 hours, whether or not it was swept', async () => {
    const first = await post('/sessions', 'k').expect(200);
    server.clock.advanceSecs(86_399);
    expect((await post('/sessions', 'k')).text).toBe(first.text);
    server.clock.advanceSecs(2);
    const anew = await post('/sessions', 'k', { meta: { another: 'body' } }).expect(200);
    expect(anew.body.session_id).not.toBe(first.body.session_id);
    await post('/sessions', 'other').expect(200);
    server.clock.advanceSecs(86_401);
    await server.app.get(SweeperService).sweep();
    expect(await keysOf(server)).toEqual({ all: 0, pending: 0 });
    const pieces = await server.app
      .get(Ledger)
      .read((manager) => manager.query('SELECT * FROM idempotency_answers'));
    expect(pieces).toEqual([]);
  });

  it('outlives 24 hours while it runs', async () => {
    const id = await open();
    const release = server.runner.hold();
    const first = post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).then((answer) => answer);
    await until('the turn runs', () => prompts() === 1);
    server.clock.advanceSecs(90_000);
    await server.app.get(SweeperService).sweep();
    const second = post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).then((answer) => answer);
    release();
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1].text).toBe(answers[0].text);
    expect(prompts()).toBe(1);
  });

  it('gets an answer of many megabytes again, whole', async () => {
    const id = await open();
    const chunk = { ...HELLO_CHUNK, filler: 'ä'.repeat(1024 * 1024) };
    server.runner.next({ events: [chunk, chunk, chunk, terminalLine('end_turn')] });
    const first = await post(`/sessions/${id}/turn`, 'big', { prompt: 'x' }).expect(200);
    const again = await post(`/sessions/${id}/turn`, 'big', { prompt: 'x' }).expect(200);
    expect(first.text.length).toBeGreaterThan(3 * 1024 * 1024);
    expect(again.text === first.text).toBe(true);
  });

  it('is answered 503 while its answer cannot be written, and then the answer', async () => {
    const id = await open();
    const ledger = server.app.get(Ledger);
    const release = server.runner.hold();
    const first = post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).then((answer) => answer);
    await until('the turn runs', () => prompts() === 1);
    const late = server.app.get(LateWriter);
    const write = late.write.bind(late);
    jest.spyOn(late, 'write').mockImplementationOnce((what, work) => {
      expect(what).toBe('the answer to a keyed request');
      jest.spyOn(ledger, 'commit').mockRejectedValueOnce(storageUnavailable(new Error('SQLITE_FULL')));
      return write(what, work);
    });
    release();
    const refused = await first;
    expect([refused.status, refused.body.code, refused.body.retryable]).toEqual([
      503,
      'storage_unavailable',
      true,
    ]);
    await server.app.get(LateWriter).flush();
    const again = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' }).expect(200);
    expect(again.body).toMatchObject({ ok: true, turn_index: 1 });
    expect(prompts()).toBe(1);
  });

  it('is unknown, and not run again, when the end of its turn could not be written', async () => {
    const id = await open();
    const unwritten = new GatewayError('storage_unavailable', 'the end of turn 1 could not be recorded yet');
    jest.spyOn(server.app.get(TurnLedger), 'end').mockRejectedValueOnce(unwritten);
    const first = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' });
    expect([first.status, first.body.retryable]).toEqual([503, false]);
    const again = await post(`/sessions/${id}/turn`, 'k', { prompt: 'x' });
    expect([again.status, again.body.stop_reason]).toEqual([502, 'unknown']);
    expect(prompts()).toBe(1);
  });

  it('gets the same 202 and Location for a turn that was submitted', async () => {
    const id = await open();
    const first = await post(`/sessions/${id}/turns`, 'k', { prompt: 'x' }).expect(202);
    const again = await post(`/sessions/${id}/turns`, 'k', { prompt: 'x' }).expect(202);
    expect([again.text, again.headers.location]).toEqual([first.text, first.headers.location]);
    expect(again.headers.location).toContain(`/sessions/${id}/turns/`);
    await until('the turn ran', () => prompts() === 1);
  });
});
