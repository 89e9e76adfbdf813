import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { standInClaude } from '../support/stand-in-claude.js';
import { until } from '../support/until.js';

const SLOW = 90_000;

describe('the built server with acpx and the echo agent', () => {
  let home: ServerHome;
  let app: ServerClient;

  const startWith = async (env: Record<string, string> = {}) => {
    home = await ServerHome.make({ CLAWDFORGE_RUNNER: 'acpx-cli', ...env });
    const server = await home.start();
    app = await home.admin.mint('app');
    return server;
  };
  afterEach(() => home.remove(), SLOW);

  /** Resolves when the agent is at work on the session's turn. */
  const untilRunning = (sessionId: string): Promise<void> =>
    until('the turn runs', async () => {
      const echo = join(home.home, '.local/state/clawdforge-echo');
      const audit = await home.admin.get(`/admin/audit?session_id=${sessionId}`);
      return audit.status === 200 && (await readdir(echo)).length > 0 && (await home.agents()).length > 1;
    });

  it(
    'does the main job: mint, open, talk, restart, talk on, close',
    async () => {
      const server = await startWith();
      expect((await app.get('/docs')).status).toBe(200);
      expect((await app.get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });

      const id = await app.openEcho();
      const first = await app.turn(id, 'hello');
      expect(first).toMatchObject({
        status: 200,
        body: { ok: true, session_id: id, turn_index: 1, stop_reason: 'end_turn' },
      });
      expect(first.body.text).toBe('echo: hello\n(turn 1 of this conversation)');
      expect(first.body.events.at(-1)).toMatchObject({ result: { stopReason: 'end_turn' } });
      expect((await app.turn(id, 'again')).body.text).toContain('(turn 2 of this conversation)');

      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(await home.agents()).toEqual([]);
      await home.start();

      expect((await app.turn(id, '/remember')).body).toMatchObject({
        turn_index: 3,
        text: '1. hello\n2. again',
      });
      const state = (await app.get(`/sessions/${id}`)).body;
      expect(state).toMatchObject({ turn_count: 3, closed: false });
      expect((await app.close(id)).body).toEqual({ ok: true, session_id: id, already_closed: false });
      expect((await app.close(id)).body).toEqual({ ok: true, session_id: id, already_closed: true });
      expect((await app.turn(id, 'late')).status).toBe(410);
      await home.untilNoAgents();
      expect(await readdir(join(home.dataDir, 'acpx-cwds'))).toEqual([]);
    },
    SLOW,
  );

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'lets a turn end after %s, refuses new work, then exits 0',
    async (signal) => {
      const server = await startWith({ CLAWDFORGE_DRAIN_SECS: '30' });
      const id = await app.openEcho();
      await app.turn(id, 'warm');
      const turn = app.turn(id, '/sleep 4000');
      await untilRunning(id);
      const exit = server.stop(signal);
      // What a terminal and npm do at one Ctrl+C.
      process.kill(server.pid, signal);
      await until('it drains', async () => (await app.get('/readyz')).status === 503);
      for (const refused of [
        await app.turn(id, 'more'),
        await app.call('POST', '/sessions', { agent: 'echo' }),
        await app.call('POST', '/run', { prompt: 'x' }),
      ]) {
        expect([refused.status, refused.body.code]).toEqual([503, 'draining']);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(await turn).toMatchObject({
        status: 200,
        body: { stop_reason: 'end_turn', text: 'slept 4000 ms' },
      });
      expect(await exit).toEqual({ code: 0, signal: null });
      expect(await home.agents()).toEqual([]);
    },
    SLOW,
  );

  it(
    'cancels a turn that does not end within CLAWDFORGE_DRAIN_SECS, and refuses those behind it',
    async () => {
      const server = await startWith({ CLAWDFORGE_DRAIN_SECS: '1' });
      const id = await app.openEcho();
      await app.turn(id, 'warm');
      const turn = app.turn(id, '/hang');
      await untilRunning(id);
      const behind = app.turn(id, 'behind');
      await until('it waits', async () => (await turnsOf(home, id)).length === 3);
      const exit = server.stop();
      expect(await turn).toMatchObject({ status: 200, body: { stop_reason: 'cancelled', turn_index: 2 } });
      expect(await behind).toMatchObject({ status: 503, body: { code: 'draining' } });
      expect(await exit).toEqual({ code: 0, signal: null });
      expect(await home.agents()).toEqual([]);
      expect(await turnsOf(home, id)).toEqual(['completed', 'cancelled', 'cancelled']);

      await home.start();
      expect((await app.get(`/sessions/${id}`)).body).toMatchObject({ turn_count: 1, closed: false });
      expect((await app.turn(id, '/remember')).body).toMatchObject({
        turn_index: 4,
        text: '1. warm\n2. /hang (cancelled)',
      });
    },
    SLOW,
  );

  it(
    'is not held up for ever by a request that never comes to its end',
    async () => {
      const server = await startWith();
      const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' };
      const request = httpRequest(`${app.baseUrl}/run`, { method: 'POST', headers });
      const cutOff = new Promise((closed) => request.once('close', closed));
      request.on('error', () => undefined);
      await new Promise((sent) => request.write('{"prompt":', sent));
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      await cutOff;
    },
    SLOW,
  );

  it(
    'after kill -9 finds every process, calls the turns unknown and goes on with the sessions',
    async () => {
      const claude = await standInClaude();
      const server = await startWith({ ...claude.env, CLAWDFORGE_MAX_LIVE_SESSIONS: '4' });
      const [one, two] = await Promise.all([app.openEcho(), app.openEcho()]);
      await Promise.all([app.turn(one, 'first of one'), app.turn(two, 'first of two')]);
      const cutOff = [
        app.turn(one, '/hang'),
        app.turn(two, '/hang-deaf'),
        app.call('POST', '/run', { prompt: 'do:stubborn', system: 'private' }),
      ];
      const settled = Promise.allSettled(cutOff);
      await until('the turns run', async () => {
        const running = [await turnsOf(home, one), await turnsOf(home, two)];
        return running.every((turns) => turns[1] === 'running');
      });
      await until('claude runs', async () => (await claude.notes().catch(() => undefined)) !== undefined);
      const creating = Promise.allSettled([app.openEcho(), app.openEcho()]);
      await until('sessions are being made', async () => {
        return (await readdir(join(home.dataDir, 'acpx-cwds'))).length > 2;
      });
      await server.kill();
      await Promise.all([settled, creating]);
      const markers = await home.markers();
      expect(markers.size).toBeGreaterThan(2);

      await home.start();
      const survivors = await home.markers();
      expect([...survivors].filter((marker) => markers.has(marker))).toEqual([]);
      expect(await readdir(join(home.dataDir, 'runs'))).toEqual([]);
      expect((await readdir(join(home.dataDir, 'acpx-cwds'))).sort()).toEqual(
        (await app.get('/sessions?open=true')).body.sessions
          .map((session: { session_id: string }) => session.session_id)
          .sort(),
      );
      expect(await turnsOf(home, one)).toEqual(['completed', 'unknown']);
      expect(await turnsOf(home, two)).toEqual(['completed', 'unknown']);
      const runs = (await home.admin.get('/admin/runs')).body.runs;
      expect(runs).toMatchObject([{ status: 'unknown', ok: null, stop_reason: 'unknown' }]);
      const [remembered] = await Promise.all([app.turn(one, '/remember'), app.turn(two, 'go on')]);
      expect(remembered).toMatchObject({ status: 200, body: { turn_index: 3 } });
      expect(remembered.body.text).toContain('1. first of one');
      expect((await app.get(`/sessions/${two}`)).body).toMatchObject({ turn_count: 2 });
      await claude.remove();
    },
    SLOW,
  );
});

/** The states of a session's turns, in order, as the ledger has them. */
async function turnsOf(home: ServerHome, sessionId: string): Promise<string[]> {
  const { default: sqlite3 } = await import('sqlite3');
  const database = new sqlite3.Database(join(home.dataDir, 'clawdforge.db'), sqlite3.OPEN_READONLY);
  const sql = 'SELECT status FROM turns WHERE session_id = ? ORDER BY turn_index';
  try {
    return await new Promise((resolve, reject) => {
      database.all<{ status: string }>(sql, [sessionId], (error, rows) => {
        if (error) reject(error);
        else resolve(rows.map((row) => row.status));
      });
    });
  } finally {
    await new Promise((closed) => database.close(closed));
  }
}
