/* eslint-disable @typescript-eslint/no-explicit-any -- bodies of answers, as in supertest */
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Lists are put together in the database, single sessions by a mapper; clients must not be able to tell. */
describe('lists of sessions', () => {
  let server: TestApp;
  let token: string;

  const META = {
    text: 'quotes " \\ and lines\n\u2028, ünïcode 🦊',
    numbers: [0, -1, 1.5, 1e21, 12345678901234],
    nested: { none: null, yes: true, list: [] },
  };

  beforeAll(async () => {
    server = await startTestApp();
    token = await server.mint('lister');
    for (const meta of [META, undefined, {}]) await open(meta === undefined ? {} : { meta });
    const closed = await open({});
    const used = await open({});
    await server.http().post(`/sessions/${used}/turn`).set('authorization', token).send({ prompt: 'x' });
    await server.http().delete(`/sessions/${closed}`).set('authorization', token).expect(200);
  });

  afterAll(() => server.close());

  async function open(body: object): Promise<string> {
    const { body: session } = await server
      .http()
      .post('/sessions')
      .set('authorization', token)
      .send({ agent: 'echo', ...body })
      .expect(200);
    return session.session_id;
  }

  async function get(path: string, authorization = token): Promise<any> {
    const answer = await server.http().get(path).set('authorization', authorization).expect(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    return answer.body;
  }

  it('tell of each session what the session itself tells', async () => {
    const { count, sessions, next } = await get('/sessions');
    expect([count, sessions.length, next]).toEqual([5, 5, null]);
    for (const session of sessions) {
      const alone = await get(`/sessions/${session.session_id}`);
      expect(session).toEqual(alone);
      expect(Object.keys(session)).toEqual(Object.keys(alone));
    }
    expect(sessions.map((session: any) => session.meta)).toEqual([null, null, {}, null, META]);
  });

  it('name the app to the admin, and are otherwise the same', async () => {
    const { sessions } = await get('/sessions');
    const { sessions: all } = await get('/admin/sessions', server.admin);
    expect(all).toEqual(sessions.map((session: object) => ({ ...session, app_name: 'lister' })));
  });

  it('are read page by page without gap or repeat, and say when there is no more', async () => {
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: any = await get(`/sessions?limit=2${next === '' ? '' : `&after=${next}`}`);
      expect(page.count).toBe(page.sessions.length);
      seen.push(...page.sessions.map((session: any) => session.session_id));
      next = page.next;
    }
    const { sessions } = await get('/sessions');
    expect(seen).toEqual(sessions.map((session: any) => session.session_id));
    expect((await get('/sessions?limit=5')).next).toBeNull();
  });

  it('are empty for an app without sessions', async () => {
    expect(await get('/sessions', await server.mint('newcomer'))).toEqual({
      count: 0,
      sessions: [],
      next: null,
    });
  });

  it('show what was written a moment ago, however often they were asked before', async () => {
    for (let round = 0; round < 10; round += 1) {
      const before = await get('/sessions?open=true');
      expect(await get('/sessions?open=true')).toEqual(before);
      const opened = await open({ meta: { round } });
      const after = await get('/sessions?open=true');
      expect(after.count).toBe(Number(before.count) + 1);
      expect(after.sessions[0].meta).toEqual({ round });
      await server.http().delete(`/sessions/${opened}`).set('authorization', token).expect(200);
      expect(await get('/sessions?open=true')).toEqual(before);
    }
  });
});
