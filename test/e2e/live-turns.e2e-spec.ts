import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { terminalLine } from '../../src/acpx/fake/fake-acpx-runner.js';
import { Ledger } from '../../src/database/ledger.js';
import { followEvents } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const chunk = (text: string) => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: {
    sessionId: 's',
    update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
  },
});

describe('turns as resources, and the event log', () => {
  let server: TestApp;
  let mine: string;
  let sessionId: string;

  beforeEach(async () => {
    server = await startTestApp();
    mine = await server.mint('app');
    sessionId = (await call('post', '/sessions').send({})).body.session_id;
  });
  afterEach(() => server.close());

  const call = (method: 'get' | 'post' | 'delete' | 'patch', route: string, token = mine) =>
    server.http()[method](route).set('authorization', token);
  const at = (route: string): string => `/sessions/${sessionId}${route}`;
  const follow = (route: string, headers: Record<string, string> = {}) =>
    followEvents(`${server.baseUrl}${at(route)}`, { headers: { authorization: mine, ...headers } });
  const submit = async (body: object = { prompt: 'x' }): Promise<string> => {
    const answer = await call('post', at('/turns')).send(body);
    expect(answer.status).toBe(202);
    return answer.body.turn_id;
  };
  const turn = async (turnId: string) => (await call('get', at(`/turns/${turnId}`)).expect(200)).body;
  const ended = (turnId: string) =>
    until('the turn has ended', async () => !['queued', 'running'].includes((await turn(turnId)).status));

  it('accepts a turn with 202 and a Location, and tells how it goes', async () => {
    const release = server.runner.hold();
    const accepted = await call('post', at('/turns')).send({ prompt: 'x' });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.location).toBe(at(`/turns/${accepted.body.turn_id}`));
    expect(accepted.body).toMatchObject({
      ok: true,
      turn_index: 1,
      status: 'running',
      prompt: null,
      ended_at: null,
    });
    const second = await submit();
    expect((await turn(second)).status).toBe('queued');
    release();
    await ended(second);
    expect(await turn(accepted.body.turn_id)).toMatchObject({
      status: 'completed',
      stop_reason: 'end_turn',
      context_lost: false,
      error: null,
      deadline: null,
      started_at: expect.any(Number),
      ended_at: expect.any(Number),
      duration_ms: expect.any(Number),
    });
    const page = await call('get', at('/turns?limit=1')).expect(200);
    expect(page.body.turns.map((row: { turn_index: number }) => row.turn_index)).toEqual([1]);
    const rest = await call('get', at(`/turns?limit=1&after=${page.body.next}`)).expect(200);
    expect(rest.body).toMatchObject({ turns: [{ turn_index: 2 }], next: null });
  });

  it('waits as long as Prefer says, and no longer', async () => {
    const done = await call('post', at('/turns')).set('prefer', 'wait=20').send({ prompt: 'x' });
    expect([done.status, done.body.status, done.headers['preference-applied']]).toEqual([
      202,
      'completed',
      'wait=20',
    ]);
    const release = server.runner.hold();
    const pending = await call('post', at('/turns'))
      .set('prefer', 'respond-async, wait=1')
      .send({ prompt: 'x' });
    expect(pending.body.status).toBe('running');
    release();
    await ended(pending.body.turn_id);
  });

  it('keeps the text of prompts only where it is told to', async () => {
    const keeping = await startTestApp({ env: { CLAWDFORGE_KEEP_PROMPTS: 'true' } });
    const token = await keeping.mint('a');
    const { body } = await keeping.http().post('/sessions').set('authorization', token).send({});
    const answer = await keeping
      .http()
      .post(`/sessions/${body.session_id}/turns`)
      .set('authorization', token)
      .send({ prompt: 'kept' });
    expect(answer.body.prompt).toBe('kept');
    await keeping.close();
  });

  it('pages through every event of a session, in order, with the cursor to go on from', async () => {
    server.runner.next({ events: [chunk('a'), chunk('b'), terminalLine('end_turn')] });
    const turnId = await submit();
    await ended(turnId);
    const all = await call('get', at('/events')).expect(200);
    expect(all.headers['content-type']).toContain('application/json');
    expect(all.body.events.map((event: { type: string }) => event.type)).toEqual([
      'session.created',
      'turn.queued',
      'turn.started',
      'message.delta',
      'message.delta',
      'agent.other',
      'turn.completed',
    ]);
    expect(all.body.events[3]).toEqual({
      id: expect.any(String),
      turn_id: turnId,
      turn_index: 1,
      type: 'message.delta',
      data: { text: 'a' },
      raw: chunk('a'),
      at_ms: expect.any(Number),
    });
    expect(all.body.events[6].data).toMatchObject({
      ok: true,
      stop_reason: 'end_turn',
      text: 'ab',
      turn_index: 1,
    });
    expect(all.body.next).toBe(all.body.events[6].id);

    const seen = [];
    for (let next = ''; ;) {
      const { body } = await call('get', at(`/events?limit=2${next}`)).expect(200);
      if (body.events.length === 0) {
        expect(`&after=${body.next}`).toBe(next);
        break;
      }
      seen.push(...body.events);
      next = `&after=${body.next}`;
    }
    expect(seen).toEqual(all.body.events);
    const some = await call('get', at(`/events?turn_id=${turnId}&types=message.delta,turn.completed`)).expect(
      200,
    );
    expect(some.body.events).toHaveLength(3);
  });

  it('refuses cursors that are malformed, of another session, or of no event yet', async () => {
    const other = (await call('post', '/sessions').send({})).body.session_id;
    const foreign = (await call('get', `/sessions/${other}/events`)).body.next;
    for (const cursor of ['x', foreign, `${sessionId.slice(0, 12)}-zzzzzz`]) {
      for (const headers of [{}, { accept: 'text/event-stream' }]) {
        const answer = await call('get', at(`/events?after=${cursor}`)).set(headers);
        expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
      }
    }
    expect((await call('get', at('/events')).set('last-event-id', 'x')).status).toBe(400);
    expect((await call('get', at('/events?types=nope'))).status).toBe(422);
    expect((await call('get', at('/events?turn_id=nope'))).status).toBe(404);
  });

  it('replays and then follows live, and resumes from any event without gap or repeat', async () => {
    server.runner.next({ events: [chunk('early'), terminalLine('end_turn')] });
    await ended(await submit());
    const stream = await follow('/events');
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    await until('the replay is there', () => stream.events.length === 6);
    server.runner.next({ events: [chunk('late'), terminalLine('end_turn')] });
    await ended(await submit());
    await call('delete', at('')).expect(200);
    await stream.ended;
    const logged = (await call('get', at('/events'))).body.events;
    expect(stream.events.map(({ event, id, data }) => ({ event, id, data }))).toEqual(
      logged.map((event: { type: string; id: string }) => ({ event: event.type, id: event.id, data: event })),
    );
    expect(stream.events.at(-1)!.event).toBe('session.closed');

    for (const [index, { id }] of stream.events.entries()) {
      const resumed = await follow('/events?after=ignored', { 'last-event-id': id });
      await resumed.ended;
      expect(resumed.events).toEqual(stream.events.slice(index + 1));
    }
  });

  it('gives each of many followers each event once, in order, however slow some are', async () => {
    const release = server.runner.hold({
      events: [
        ...Array.from({ length: 3000 }, (_, n) => chunk(`${n} ${'x'.repeat(200)}`)),
        terminalLine('end_turn'),
      ],
    });
    const turnId = await submit();
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(`/events?turn_id=${turnId}`)));
    release();
    await Promise.all(streams.map((stream) => stream.ended));
    const ids = streams.map((stream) => stream.events.map((event) => event.id));
    for (const seen of ids) expect(seen).toEqual(ids[0]);
    expect(ids[0]).toHaveLength(3004);
    expect(streams[0]!.events.at(-1)!.event).toBe('turn.completed');
  });

  it('streams a turn that is sent with Accept: text/event-stream, to the event of its end', async () => {
    server.runner.next({ error: 'no luck', stderr: 'boom' });
    const stream = await follow('/turn', {});
    expect(stream.status).toBe(404);
    const posted = await followEvents(`${server.baseUrl}${at('/turn')}`, {
      method: 'POST',
      headers: { authorization: mine, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'x' }),
    });
    await posted.ended;
    expect(posted.events.map((event) => event.event)).toEqual([
      'turn.queued',
      'turn.started',
      'message.delta',
      'turn.failed',
    ]);
    expect(posted.events.at(-1)!.data.data).toMatchObject({
      ok: false,
      error: 'no luck',
      stderr: 'boom',
      text: 'hello',
    });
  });

  it('ends the streams of a revoked token, and of a turn that ended before', async () => {
    const turnId = await submit();
    await ended(turnId);
    const past = await follow(`/events?turn_id=${turnId}`);
    await past.ended;
    expect(past.events).toHaveLength(5);
    const open = await follow('/events');
    await server.http().delete('/admin/tokens/app').set('authorization', server.admin).expect(200);
    await open.ended;
  });

  it('cancels a turn that runs and one that waits; the session stays usable', async () => {
    server.runner.hold();
    const waitingAnswer = call('post', at('/turn'))
      .send({ prompt: 'runs' })
      .then((answer) => answer);
    await until('it runs', () => server.runner.callsOf('prompt').length === 1);
    const queued = await submit({ prompt: 'waits' });
    const cancelled = await call('post', at(`/turns/${queued}/cancel`)).expect(200);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', stop_reason: 'cancelled', started_at: null });
    const [running] = (await call('get', at('/turns'))).body.turns;
    const stopped = await call('post', at(`/turns/${running.turn_id}/cancel`)).expect(200);
    expect(stopped.body.status).toBe('cancelled');
    const answer = await waitingAnswer;
    expect([answer.status, answer.body.ok, answer.body.stop_reason]).toEqual([200, true, 'cancelled']);
    expect((await call('post', at(`/turns/${queued}/cancel`)).expect(200)).body.status).toBe('cancelled');
    expect((await call('post', at('/turn')).send({ prompt: 'next' })).body.turn_index).toBe(3);
    expect((await call('get', at(''))).body.turn_count).toBe(1);
  });

  it("answers to another app's turns and events as to none", async () => {
    const turnId = await submit();
    const theirs = await server.mint('other');
    for (const route of ['/turns', `/turns/${turnId}`, '/events']) {
      const answer = await call('get', at(route), theirs);
      expect([answer.status, answer.body.code]).toEqual([404, 'session_not_found']);
    }
    expect((await call('post', at(`/turns/${turnId}/cancel`), theirs)).status).toBe(404);
    expect((await call('get', at(`/turns/${'0'.repeat(32)}`))).body.code).toBe('turn_not_found');
  });

  it('stores a repeated list of commands once', async () => {
    const commands = {
      jsonrpc: '2.0',
      method: 'session/update',
      params: { update: { sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'a' }] } },
    };
    server.runner.next({ events: [commands, commands, terminalLine('end_turn')] });
    await ended(await submit());
    const { body } = await call('get', at('/events?types=commands.updated'));
    expect(body.events.map((event: { data: object }) => event.data)).toEqual([
      { commands: [{ name: 'a' }] },
      { unchanged: true },
    ]);
  });

  it('passes content blocks on, and refuses those it does not know', async () => {
    const content = [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }];
    await call('post', at('/turn')).send({ content }).expect(200);
    for (const [block, field] of [
      [{ type: 'audio' }, 'content[0]'],
      [{ type: 'image', data: '!', mimeType: 'image/png' }, 'content[0]'],
      [{ type: 'resource_link', name: 'x', uri: 'file:///etc/passwd' }, 'content[0]'],
      [{ type: 'resource_link', name: 'x', uri: 'http://example.com' }, 'content[0]'],
    ] as const) {
      const answer = await call('post', at('/turn')).send({ prompt: 'x', content: [block] });
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
    }
  });

  it('changes meta, and what the agent takes, of an open session', async () => {
    const changed = await call('patch', at(''))
      .send({ meta: { a: 1 } })
      .expect(200);
    expect(changed.body.meta).toEqual({ a: 1 });
    expect((await call('patch', at('')).send({ meta: null }).expect(200)).body.meta).toBeNull();
    await call('patch', at('')).send({ agent: 'other' }).expect(422);
    await call('delete', at('')).expect(200);
    expect((await call('patch', at('')).send({ meta: {} })).status).toBe(410);
  });

  it('lists the agents of the allow-list', async () => {
    server.runner.missing = ['claude'];
    const { body } = await call('get', '/agents').expect(200);
    expect(
      body.agents.map((agent: { name: string; installed: boolean }) => [agent.name, agent.installed]),
    ).toEqual([
      ['claude', false],
      ['echo', true],
    ]);
  });

  it('loses nothing while the storage is full: what was told stays, the end is written later, the next turn works', async () => {
    const ledger = server.app.get(Ledger);
    const release = server.runner.hold({ events: [chunk('x'.repeat(200_000)), terminalLine('end_turn')] });
    const turnId = await submit();
    const limit = (pages: number) =>
      ledger.write((manager) => manager.query(`PRAGMA max_page_count = ${pages}`));
    await limit(1);
    release();
    await until(
      'writing fails',
      async () => (await call('post', at('/turns')).send({ prompt: 'x' })).status === 503,
    );
    expect((await turn(turnId)).status).toBe('running');
    await limit(1_000_000);
    await ended(turnId);
    expect((await turn(turnId)).status).toBe('completed');
    const { body } = await call('get', at(`/events?turn_id=${turnId}&types=message.delta,turn.completed`));
    expect(body.events).toHaveLength(2);
    await call('post', at('/turn')).send({ prompt: 'next' }).expect(200);
  });

  it('goes on after a restart: cursors hold, turns that were cut off are unknown and say so in the log', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'clawdforge-restart-'));
    const before = await startTestApp({ dataDir });
    const token = await before.mint('a');
    const opened = await before.http().post('/sessions').set('authorization', token).send({});
    const route = `/sessions/${opened.body.session_id}`;
    await before.http().post(`${route}/turn`).set('authorization', token).send({ prompt: 'one' }).expect(200);
    const first = await before.http().get(`${route}/events`).set('authorization', token);
    await before.app.get(Ledger).write((manager) => manager.query(`UPDATE turns SET status = 'running'`));
    await before.close();

    const after = await startTestApp({ dataDir });
    const rest = await after
      .http()
      .get(`${route}/events?after=${first.body.next}`)
      .set('authorization', token);
    expect(rest.body.events.map((event: { type: string }) => event.type)).toEqual(['turn.unknown']);
    const turns = await after.http().get(`${route}/turns`).set('authorization', token);
    expect(turns.body.turns[0].status).toBe('unknown');
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});
