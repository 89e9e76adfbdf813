import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

// The kernel's limit on the size of files stands for a full disk: it can be set on a running server, and lifted again.
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('a disk that fills up while the server runs', () => {
  let home: ServerHome;
  let pid: number;
  let app: ServerClient;

  beforeAll(async () => {
    home = await ServerHome.make({ CLAWDFORGE_RUNNER: 'acpx-cli' });
    ({ pid } = await home.start());
    app = await home.admin.mint('app');
  });
  afterAll(() => home.remove());

  const limitFiles = (bytes: number | 'unlimited') =>
    run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  const fill = async (): Promise<void> => {
    const { size } = await stat(join(home.dataDir, 'clawdforge.db-wal'));
    await limitFiles(size);
  };

  it('answers 503 storage_unavailable, loses no end of a turn, and goes on when there is room again', async () => {
    const id = await app.openEcho();
    expect((await app.turn(id, 'before')).status).toBe(200);
    const turn = app.turn(id, '/sleep 3000');
    await until('the turn is accepted', async () => {
      const answer = await app.turn(id, '/sleep 0', { files: ['/none'] });
      return answer.status === 422 && (await home.agents()).length > 2;
    });
    await fill();

    // More than one, so that each kind of fault is met: at a statement and at the commit.
    for (const attempt of [1, 2, 3]) {
      const refused = await home.admin.call('POST', '/admin/tokens', { name: `refused-${attempt}` });
      expect([refused.status, refused.body.code, refused.body.retryable]).toEqual([
        503,
        'storage_unavailable',
        true,
      ]);
    }
    expect((await app.get(`/sessions/${id}`)).body).toMatchObject({ turn_count: 1, closed: false });
    expect(await turn).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
    expect((await app.turn(id, 'no room')).status).toBe(503);

    await limitFiles('unlimited');
    await until('the end of the turn is written', async () => {
      return (await app.get(`/sessions/${id}`)).body.turn_count === 2;
    });
    // A refusal rolls back; it must not take with it what comes after.
    expect((await home.admin.call('POST', '/admin/tokens', { name: 'app' })).status).toBe(409);
    expect((await app.turn(id, 'after')).body).toMatchObject({ ok: true, turn_index: 3 });
    const kept = await home.admin.mint('kept');
    await home.admin.call('DELETE', '/admin/tokens/refused-1').then(({ status }) => expect(status).toBe(404));

    // Committed means that it outlives a server that is killed.
    const events = (await home.admin.get(`/admin/audit?session_id=${id}&event=turn`)).body.events;
    expect(events.map((event: { detail: { turn_index: number } }) => event.detail.turn_index)).toEqual([
      3, 2, 1,
    ]);
    process.kill(pid, 'SIGKILL');
    await until('it is gone', async () => (await app.get('/healthz').catch(() => undefined)) === undefined);
    ({ pid } = await home.start());
    expect((await app.get(`/sessions/${id}`)).body).toMatchObject({ turn_count: 3, closed: false });
    expect((await kept.get('/sessions')).status).toBe(200);
    expect((await app.turn(id, '/remember')).body.text).toContain('1. before');
  });
});
