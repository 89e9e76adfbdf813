import { connect, type Socket } from 'node:net';
import {
  answer,
  ScriptedFactory,
  type ScriptedTerminal,
  type TurnScript,
} from '../support/scripted-claude.js';
import { type EventStreamClient, followEvents } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const ENDED = { type: 'system', subtype: 'turn_duration' };
const MEGABYTE = `${'x'.repeat(1022)}\r\n`.repeat(1024);
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

describe('/admin/live-terminals', () => {
  let app: TestApp;
  let claudes: ScriptedFactory;
  let key: string;

  const open = async (...scripts: TurnScript[][]): Promise<void> => {
    claudes = new ScriptedFactory(scripts);
    app = await startTestApp({ claudes, env: { CLAWDFORGE_DRAIN_SECS: '0' } });
    key = await app.mint('my-app');
  };
  const oneAnswer = (): Promise<void> => open([[...answer('hi', 'hello'), ENDED]]);

  afterEach(() => app.close());

  const ask = (messages: object[], more: object = {}) =>
    app
      .http()
      .post('/v1/messages')
      .set('authorization', key)
      .send({ model: 'sonnet', max_tokens: 10, messages, ...more });
  const say = (content = 'hi') => ask([{ role: 'user', content }]).expect(200);
  const get = (path = '') => app.http().get(`/admin/live-terminals${path}`).set('authorization', app.admin);
  const post = (path: string, body: object) =>
    app.http().post(`/admin/live-terminals${path}`).set('authorization', app.admin).send(body);
  const idOf = async (): Promise<string> => (await get().expect(200)).body.terminals[0].id;
  const claude = (index = 0): ScriptedTerminal => claudes.spawned[index] as ScriptedTerminal;
  const audit = async (event: string) =>
    (await app.http().get(`/admin/audit?event=${event}`).set('authorization', app.admin)).body.events;
  const follow = (id: string): Promise<EventStreamClient> =>
    followEvents(`${app.baseUrl}/admin/live-terminals/${id}/stream`, {
      headers: { authorization: app.admin },
    });
  const outputOf = ({ events }: EventStreamClient): string =>
    Buffer.concat(
      events.filter(({ event }) => event === 'output').map(({ data }) => Buffer.from(data.base64, 'base64')),
    ).toString();
  const snapshotsOf = ({ events }: EventStreamClient) => events.filter(({ event }) => event === 'snapshot');

  it('lists what lives, at work and waiting, and not what has no terminal', async () => {
    await open([[]], [[...answer('hi', 'hello'), ENDED]], [answer('hi', 'hello')]);
    expect((await get().expect(200)).body).toEqual({ count: 0, terminals: [] });
    const busy = ask([{ role: 'user', content: 'stay' }]);
    busy.end(() => undefined);
    await until('it is at work', () => claudes.spawned.length === 1);
    await say();
    await ask([{ role: 'user', content: 'hi' }], { clawdforge: { engine: 'stream-json' } });
    const { body } = await get().expect(200);
    expect(body.count).toBe(2);
    expect(body.terminals).toEqual([
      expect.objectContaining({ state: 'busy', num_turns: 0, app_name: 'my-app', engine: 'terminal' }),
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        app_name: 'my-app',
        engine: 'terminal',
        model: 'sonnet',
        cwd: expect.any(String),
        pid: 1,
        state: 'waiting',
        num_turns: 1,
        started_at: expect.any(Number),
        last_used_at: expect.any(Number),
      },
    ]);
    busy.abort();
  });

  it('shows a terminal as text and as what draws it', async () => {
    await oneAnswer();
    await say();
    claude().watched.show('\u001b[31mred\u001b[0m');
    const id = await idOf();
    const { body } = await get(`/${id}`).expect(200);
    expect(body.terminal).toMatchObject({ id, state: 'waiting' });
    expect(body.screen).toEqual({
      cols: 120,
      rows: 40,
      cursor: { col: 3, row: 1 },
      text: '> hi\nred',
      ansi: expect.stringContaining('\u001b[31mred'),
    });
  });

  it('streams to two followers the screen, then what comes, then the end', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    const first = await follow(id);
    expect(first.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await until('the screen is there', () => snapshotsOf(first).length === 1);
    claude().watched.show('grüße ');
    const second = await follow(id);
    await until('the screen is there, too', () => snapshotsOf(second).length === 1);
    claude().watched.show('\u001b[1mall\u001b[0m');
    claude().exit();
    await Promise.all([first.ended, second.ended]);
    expect(snapshotsOf(first)[0]?.data.text).toBe('> hi');
    expect(outputOf(first)).toBe('grüße \u001b[1mall\u001b[0m');
    expect(snapshotsOf(second)[0]?.data.text).toBe('> hi\ngrüße');
    expect(outputOf(second)).toBe('\u001b[1mall\u001b[0m');
    expect([first, second].map(({ events }) => events.at(-1)?.event)).toEqual(['end', 'end']);
    await get(`/${id}`).expect(404);
  });

  it('follows a turn from its beginning to the cancel that ends the terminal', async () => {
    await open([[]]);
    const asked = ask([{ role: 'user', content: 'stay' }]);
    asked.end(() => undefined);
    await until('it is at work', async () => (await get()).body.count === 1);
    const follower = await follow(await idOf());
    await until('the prompt is to be seen', () => snapshotsOf(follower)[0]?.data.text === '> stay');
    asked.abort();
    await follower.ended;
    expect(follower.events.at(-1)).toMatchObject({ event: 'end', data: {} });
    expect(claude().wasClosed).toBe(true);
  });

  it('types what it is sent, and says in the trail who did and not what', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    expect((await post(`/${id}/keys`, { keys: ['Esc', 'Up'] }).expect(200)).body).toEqual({ ok: true });
    await post(`/${id}/keys`, { text: 'the secret ÿ\r' }).expect(200);
    expect(claude().watched.typed).toEqual(['\u001b\u001b[A', 'the secret ÿ\r']);
    const events = await audit('terminal_keys');
    expect(events).toMatchObject([
      { app_name: 'my-app', session_id: id, detail: { text_chars: 13 } },
      { app_name: 'my-app', session_id: id, detail: { keys: ['Esc', 'Up'] } },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('never continues a history in a session in which somebody typed: it is closed', async () => {
    await open(
      [[...answer('hi', 'hello'), ENDED]],
      [
        [...answer('go on', 'anew'), ENDED],
        [...answer('and on', 'the same'), ENDED],
      ],
    );
    await say();
    const follower = await follow(await idOf());
    await post(`/${await idOf()}/keys`, { text: 'x' }).expect(200);
    const history = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'hello' },
      { role: 'user', content: 'go on' },
    ];
    expect((await ask(history).expect(200)).body.content).toEqual([{ type: 'text', text: 'anew' }]);
    expect(claudes.spawned).toHaveLength(2);
    expect(claude().wasClosed).toBe(true);
    await follower.ended;
    // Watching alone, and another size, change nothing.
    const watcher = await follow(await idOf());
    await post(`/${await idOf()}/size`, { cols: 90, rows: 30 }).expect(200);
    await ask([
      ...history,
      { role: 'assistant', content: 'anew' },
      { role: 'user', content: 'and on' },
    ]).expect(200);
    expect(claudes.spawned).toHaveLength(2);
    watcher.leave();
  });

  it('resizes, tells followers the new screen, and notes it in the trail', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    const follower = await follow(id);
    await until('the screen is there', () => snapshotsOf(follower).length === 1);
    const { body } = await post(`/${id}/size`, { cols: 80, rows: 24 }).expect(200);
    expect(body).toEqual({ ok: true, cols: 80, rows: 24 });
    await until('the new screen is there', () => snapshotsOf(follower).length === 2);
    expect(snapshotsOf(follower)[1]?.data).toMatchObject({ cols: 80, rows: 24, text: '> hi' });
    expect(claude().watched.sizes).toEqual([[80, 24]]);
    expect(await audit('terminal_resize')).toMatchObject([
      { session_id: id, detail: { cols: 80, rows: 24 } },
    ]);
    follower.leave();
  });

  it.each<[string, object, string, string]>([
    ['keys', {}, 'keys', 'either keys'],
    ['keys', { keys: ['Esc'], text: 'x' }, 'keys', 'either keys'],
    ['keys', { keys: [] }, 'keys', 'at least 1'],
    ['keys', { keys: ['Escape'] }, 'keys', 'one of Esc, Enter'],
    ['keys', { keys: 'Esc' }, 'keys', 'array'],
    ['keys', { keys: Array(101).fill('Up') }, 'keys', 'no more than 100'],
    ['keys', { text: '' }, 'text', '1 '],
    ['keys', { text: 'x'.repeat(1001) }, 'text', '1000'],
    ['keys', { text: 7 }, 'text', 'string'],
    ['keys', { text: 'x', enter: true }, 'enter', 'not a field'],
    ['size', { cols: 19, rows: 24 }, 'cols', 'less than 20'],
    ['size', { cols: 501, rows: 24 }, 'cols', 'greater than 500'],
    ['size', { cols: 80, rows: 4 }, 'rows', 'less than 5'],
    ['size', { cols: 80, rows: 201 }, 'rows', 'greater than 200'],
    ['size', { cols: 80.5, rows: 24 }, 'cols', 'integer'],
    ['size', { cols: 80 }, 'rows', 'integer'],
  ])('refuses a wrong body of %s', async (action, body, field, message) => {
    await oneAnswer();
    await say();
    const refused = await post(`/${await idOf()}/${action}`, body).expect(422);
    expect(refused.body.code).toBe('validation_failed');
    expect(refused.body.errors).toEqual(
      expect.arrayContaining([{ field, message: expect.stringContaining(message) }]),
    );
    expect([claude().watched.typed, claude().watched.sizes]).toEqual([[], []]);
    expect(await audit('terminal_keys')).toEqual([]);
  });

  it.each([UNKNOWN, '..%2f..%2fetc', '%00', '__proto__', 'x'.repeat(400), '%F0%9F%98%80', '%20'])(
    'has no terminal %j',
    async (id) => {
      await oneAnswer();
      await say();
      const path = `/${id}`;
      const answers = [
        await get(path),
        await get(`${path}/stream`),
        await post(`${path}/keys`, { text: 'x' }),
        await post(`${path}/size`, { cols: 80, rows: 24 }),
      ];
      for (const { status, body, headers } of answers) {
        expect([status, body.code]).toEqual([404, 'terminal_not_found']);
        expect(headers['content-type']).toContain('application/problem+json');
      }
      expect(await audit('terminal_keys')).toEqual([]);
    },
  );

  it('is not for apps, and not for strangers', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    for (const path of ['', `/${id}`, `/${id}/stream`]) {
      const bare = () => app.http().get(`/admin/live-terminals${path}`);
      expect((await bare().expect(401)).body.code).toBe('unauthorized');
      await bare().set('authorization', 'Bearer wrong').expect(401);
      expect((await bare().set('authorization', key).expect(403)).body.code).toBe('forbidden_role');
    }
    const typing = () => app.http().post(`/admin/live-terminals/${id}/keys`).send({ text: 'x' });
    await typing().expect(401);
    await typing().set('authorization', key).expect(403);
    expect(claude().watched.typed).toEqual([]);
  });

  it('serves others while a follower does not read, and that one again once it reads', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    const attentive = await follow(id);
    const stalled = await stalledFollower(`/admin/live-terminals/${id}/stream`);
    for (let count = 0; count < 3; count += 1) {
      claude().watched.show(MEGABYTE);
      // Drawn before more comes, as a terminal is read.
      await claude().watched.snapshot();
    }
    claude().watched.show('THE LAST LINE');
    const seesEnd = ({ data }: { data: { base64?: string; text?: string } }): boolean =>
      (data.text ?? Buffer.from(data.base64 ?? '', 'base64').toString()).endsWith('THE LAST LINE');
    await until('the attentive one sees the end', () => attentive.events.some(seesEnd));
    stalled.socket.resume();
    await until('the stalled one sees the end', () => stalled.text().includes('THE LAST LINE'));
    stalled.socket.destroy();
    attentive.leave();
  });

  it('ends the streams when the server stops, one that does not read too', async () => {
    await oneAnswer();
    await say();
    const id = await idOf();
    const follower = await follow(id);
    const stalled = await stalledFollower(`/admin/live-terminals/${id}/stream`);
    await until('the screen is there', () => snapshotsOf(follower).length === 1);
    claude().watched.show(MEGABYTE.repeat(2));
    await claude().watched.snapshot();
    await app.close();
    await follower.ended;
    expect(follower.events.at(-1)?.event).toBe('end');
    stalled.socket.destroy();
  });

  /** Sends a request and reads nothing of the answer until its socket is resumed. */
  async function stalledFollower(path: string): Promise<{ socket: Socket; text: () => string }> {
    const { hostname, port } = new URL(app.baseUrl);
    const socket = connect(Number(port), hostname).setNoDelay(true);
    const chunks: Buffer[] = [];
    await new Promise((begun) => {
      socket.once('data', (chunk) => {
        chunks.push(chunk);
        socket.pause();
        begun(undefined);
      });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${app.admin}\r\n\r\n`);
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.pause();
    return { socket, text: () => Buffer.concat(chunks).toString('latin1') };
  }
});
