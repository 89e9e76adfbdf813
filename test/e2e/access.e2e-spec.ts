import { until } from '../support/until.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('who may call', () => {
  let server: TestApp;
  let app: string;

  beforeAll(async () => {
    server = await startTestApp();
    app = await server.mint('app');
  });
  afterAll(() => server.close());

  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic Zm9vOmJhcg=='],
    ['an empty token', 'Bearer '],
    ['an unknown token', 'Bearer cf_unknown'],
    ['two tokens', 'Bearer a b'],
  ])('answers 401 with a challenge to %s', async (_what, header) => {
    const call = server.http().get('/sessions');
    const answer = await (header === undefined ? call : call.set('authorization', header));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'unauthorized', status: 401, retryable: false });
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
  });

  it('takes the scheme in any case', async () => {
    await server.http().get('/sessions').set('authorization', app.replace('Bearer', 'bearer')).expect(200);
  });

  it('keeps the admin token to /admin and app tokens out of it', async () => {
    const adminOnApp = await server.http().get('/sessions').set('authorization', server.admin);
    const appOnAdmin = await server.http().get('/admin/tokens').set('authorization', app);
    expect([adminOnApp.status, adminOnApp.body.code]).toEqual([403, 'forbidden_role']);
    expect([appOnAdmin.status, appOnAdmin.body.code]).toEqual([403, 'forbidden_role']);
  });

  it('reads no body of a caller without a token', async () => {
    const answer = await server.http().post('/run').set('content-type', 'application/json').send('{not json');
    expect(answer.status).toBe(401);
  });

  it.each(['/healthz', '/readyz', '/docs', '/openapi.json'])('opens %s without a token', async (path) => {
    await server.http().get(path).expect(200);
  });

  it('keeps a sane request id and replaces any other', async () => {
    const sane = await server.http().get('/healthz').set('x-request-id', 'trace-1.a:B_2');
    expect(sane.headers['x-request-id']).toBe('trace-1.a:B_2');
    const replaced = await server.http().get('/healthz').set('x-request-id', '<script>');
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers 404 as a problem on unknown routes and on paths that cannot be decoded', async () => {
    for (const path of ['/nope', '/sessions/%ff', '/admin/tokens/%c0']) {
      const answer = await server.http().get(path).set('authorization', app);
      expect([path, answer.status, answer.body.status]).toEqual([path, 404, 404]);
    }
  });
});

describe('addresses', () => {
  it('lets in only ALLOW_CIDRS, before any token is looked at', async () => {
    const server = await startTestApp({ env: { ALLOW_CIDRS: '10.0.0.0/8' } });
    const answer = await server.http().get('/healthz');
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden_ip']);
    await server.close();
  });

  it('believes X-Forwarded-For from TRUST_PROXY only, and takes the rightmost hop that is no proxy', async () => {
    const env = { ALLOW_CIDRS: '127.0.0.0/8,203.0.113.0/24', TRUST_PROXY: '127.0.0.1,10.0.0.0/8' };
    const server = await startTestApp({ env });
    const status = async (forwarded: string): Promise<number> =>
      (await server.http().get('/healthz').set('x-forwarded-for', forwarded)).status;
    expect(await status('203.0.113.9')).toBe(200);
    expect(await status('198.51.100.1, 203.0.113.9, 10.1.2.3')).toBe(200);
    expect(await status('203.0.113.9, 198.51.100.1')).toBe(403);
    expect(await status('::ffff:203.0.113.9')).toBe(200);
    await server.close();
  });

  it('never takes a request with a forged forwarding header for loopback', async () => {
    const server = await startTestApp();
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      const answer = await server.http().get('/healthz').set(header, '127.0.0.1');
      expect([header, answer.status]).toEqual([header, 403]);
    }
    await server.close();
  });

  it('holds a token to its own ranges, checked after the role', async () => {
    const server = await startTestApp();
    const elsewhere = await server.mint('elsewhere', { ip_cidrs: ['192.0.2.0/24', '2001:db8::/32'] });
    const here = await server.mint('here', { ip_cidrs: ['::ffff:127.0.0.0/104'] });
    const refused = await server.http().get('/sessions').set('authorization', elsewhere);
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden_ip']);
    const role = await server.http().get('/admin/tokens').set('authorization', elsewhere);
    expect(role.body.code).toBe('forbidden_role');
    await server.http().get('/sessions').set('authorization', here).expect(200);
    await server.close();
  });
});

describe('tokens', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  const admin = (method: 'get' | 'post' | 'delete', path: string) =>
    server.http()[method](path).set('authorization', server.admin);

  it('mints, lists without secrets, revokes once and for all, and rotates', async () => {
    const minted = await admin('post', '/admin/tokens').send({
      name: 'rotated',
      ip_cidrs: [],
      max_sessions: 3,
    });
    expect(minted.status).toBe(200);
    expect(minted.body).toEqual({
      ok: true,
      name: 'rotated',
      token: expect.stringMatching(/^cf_[A-Za-z0-9_-]{43}$/),
      ip_cidrs: [],
      max_sessions: 3,
      created_at: expect.any(Number),
    });
    const bearer = `Bearer ${minted.body.token}`;
    await server.http().get('/sessions').set('authorization', bearer).expect(200);

    const again = await admin('post', '/admin/tokens').send({ name: 'rotated' });
    expect([again.status, again.body.code]).toEqual([409, 'token_exists']);

    const revoked = await admin('delete', '/admin/tokens/rotated').expect(200);
    expect(revoked.body).toEqual({ ok: true, name: 'rotated', revoked_at: expect.any(Number) });
    await server.http().get('/sessions').set('authorization', bearer).expect(401);
    server.clock.advanceSecs(10);
    const repeated = await admin('delete', '/admin/tokens/rotated').expect(200);
    expect(repeated.body.revoked_at).toBe(revoked.body.revoked_at);

    await admin('post', '/admin/tokens').send({ name: 'rotated' }).expect(200);
    const list = await admin('get', '/admin/tokens').expect(200);
    expect(list.body.count).toBe(2);
    expect(Object.keys(list.body.tokens[0])).toEqual([
      'name',
      'ip_cidrs',
      'max_sessions',
      'created_at',
      'last_used_at',
      'revoked_at',
    ]);
    expect(JSON.stringify(list.body)).not.toContain(minted.body.token);
  });

  it('writes last_used_at at most once a minute', async () => {
    const bearer = await server.mint('used');
    const lastUsed = async (): Promise<number | null> =>
      (await admin('get', '/admin/tokens')).body.tokens.find(
        (token: { name: string }) => token.name === 'used',
      ).last_used_at;
    await server.http().get('/sessions').set('authorization', bearer).expect(200);
    // It is written behind the answer.
    await until('the first use is noted', async () => (await lastUsed()) !== null);
    const first = Number(await lastUsed());
    server.clock.advanceSecs(30);
    await server.http().get('/sessions').set('authorization', bearer).expect(200);
    expect(await lastUsed()).toBe(first);
    server.clock.advanceSecs(31);
    await server.http().get('/sessions').set('authorization', bearer).expect(200);
    await until('the later use is noted', async () => Number(await lastUsed()) >= first + 60);
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'a b' }, 'name'],
    [{ name: 'x'.repeat(65) }, 'name'],
    [{ name: 'ok', ip_cidrs: ['10.0.0.0/33'] }, 'ip_cidrs[0]'],
    [{ name: 'ok', ip_cidrs: ['127.0.0.1', 'localhost'] }, 'ip_cidrs[1]'],
    [{ name: 'ok', ip_cidrs: '10.0.0.0/8' }, 'ip_cidrs'],
    [{ name: 'ok', max_sessions: 0 }, 'max_sessions'],
    [{ name: 'ok', role: 'admin' }, 'role'],
    [[], 'body'],
    ['"text"', 'body'],
    ['null', 'body'],
  ])('refuses %j with 422 naming %s', async (body, field) => {
    const answer = await admin('post', '/admin/tokens').type('json').send(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(answer.body.detail).toContain(field);
  });

  it('answers 404 to the revocation of a name that never had a token', async () => {
    const answer = await admin('delete', '/admin/tokens/never');
    expect([answer.status, answer.body.code]).toEqual([404, 'token_not_found']);
  });

  it('tells of tokens in the audit trail, newest first, page by page', async () => {
    await server.mint('audited');
    await admin('delete', '/admin/tokens/audited').expect(200);
    const first = await admin('get', '/admin/audit?app=audited&limit=1').expect(200);
    expect(first.body).toMatchObject({ count: 1, events: [{ app_name: 'audited', event: 'token_revoke' }] });
    const second = await admin('get', `/admin/audit?app=audited&limit=1&after=${first.body.next}`).expect(
      200,
    );
    expect(second.body).toMatchObject({
      count: 1,
      next: null,
      events: [{ event: 'token_mint', session_id: null }],
    });
    const bad = await admin('get', '/admin/audit?after=made-up');
    expect([bad.status, bad.body.code]).toEqual([400, 'invalid_cursor']);
    for (const limit of ['0', '1001', 'x', '1.5'])
      await admin('get', `/admin/audit?limit=${limit}`).expect(422);
    await admin('get', '/admin/audit?event=nope').expect(422);
  });

  it('refuses bodies that are no JSON, too large, or of another type', async () => {
    const post = () => admin('post', '/admin/tokens');
    const malformed = await post().type('json').send('{"name":');
    expect([malformed.status, malformed.body.code]).toEqual([400, 'malformed_json']);
    const form = await post().type('form').send('name=x');
    expect([form.status, form.body.code]).toEqual([415, 'unsupported_media_type']);
    const large = await post()
      .type('json')
      .send(`{"name":"${'x'.repeat(10 * 1024 * 1024)}"}`);
    expect([large.status, large.body.code]).toEqual([413, 'payload_too_large']);
  });
});
