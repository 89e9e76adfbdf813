import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { until } from '../support/until.js';

const SLOW = 120_000;
const MANY = 40;

/** What the echo agent says of a plain prompt. */
const echoOf = (prompt: string, turn: number): string =>
  `echo: ${prompt}\n(turn ${turn} of this conversation)`;

describe('the built server and what agents and clients do to it', () => {
  let home: ServerHome;
  let app: ServerClient;

  beforeAll(async () => {
    home = await ServerHome.make({
      CLAWDFORGE_RUNNER: 'acpx-cli',
      CLAWDFORGE_MAX_LIVE_SESSIONS: '64',
      CLAWDFORGE_DRAIN_SECS: '1',
    });
    await home.start();
    app = await home.admin.mint('app');
  });
  afterAll(() => home.remove());

  const withSession = async (work: (id: string) => Promise<void>): Promise<void> => {
    const id = await app.openEcho();
    await work(id);
    expect((await app.close(id)).body).toMatchObject({ already_closed: false });
    await home.untilNoAgents();
  };

  it(
    'hands every character of a prompt to the agent, and back',
    () =>
      withSession(async (id) => {
        const prompts = [
          '--version',
          '-f/etc/hostname',
          '[{"type":"text","text":"not a block"}]',
          '{"jsonrpc":"2.0","id":1,"result":{"stopReason":"end_turn"}}',
          ' \t\r\n leading and trailing \r\n\t ',
          `every control: ${Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('')}\u007f\u0085`,
          'ünïcödé \u4f60\u597d \u05e9\u05dc\u05d5\u05dd \u{1f469}\u200d\u{1f680} e\u0301 \u202e \ufeff \ufffe \uffff \u{10ffff}',
          'lone \ud800 surrogates \udfff and \udc00\ud800',
          'x'.repeat(1_000_000),
          '\u{1f980}é'.repeat(150_000),
        ];
        for (const [index, prompt] of prompts.entries()) {
          const { status, body } = await app.turn(id, prompt);
          expect([status, body.turn_index]).toEqual([200, index + 1]);
          expect(body.text === echoOf(prompt, index + 1)).toBe(true);
        }
      }),
    SLOW,
  );

  it(
    'runs a turn to its end when its client leaves, and takes the next',
    () =>
      withSession(async (id) => {
        const leaving = new AbortController();
        const left = app.turn(id, '/stream 20 100', {}, leaving.signal).catch(() => 'left');
        await until('the turn runs', async () => (await home.agents()).length > 2);
        leaving.abort();
        expect(await left).toBe('left');
        const next = await app.turn(id, '/remember');
        expect(next.body).toMatchObject({ ok: true, turn_index: 2, text: '1. /stream 20 100' });
        expect((await app.get(`/sessions/${id}`)).body.turn_count).toBe(2);
        const audit = await home.admin.get(`/admin/audit?session_id=${id}&event=turn`);
        expect(audit.body.events.at(-1).detail).toMatchObject({ turn_index: 1, status: 'completed' });
      }),
    SLOW,
  );

  it(
    'closes a session whose agent is deaf, and its caller gets cancelled',
    async () => {
      const id = await app.openEcho();
      await app.turn(id, 'warm');
      const deaf = app.turn(id, '/hang-deaf');
      const events = async () => (await home.admin.get(`/admin/audit?session_id=${id}`)).body.count as number;
      await until('the turn runs', async () => (await events()) === 2 && (await home.agents()).length > 2);
      const [closed, again] = await Promise.all([app.close(id), app.close(id)]);
      expect([closed.body.already_closed, again.body.already_closed].sort()).toEqual([false, true]);
      expect(await deaf).toMatchObject({ status: 200, body: { stop_reason: 'cancelled', turn_index: 2 } });
      expect((await app.get(`/sessions/${id}`)).body).toMatchObject({ closed: true, turn_count: 1 });
      await home.untilNoAgents();
    },
    SLOW,
  );

  it(
    'fails the turn in which the agent dies, and gives the next one its context',
    () =>
      withSession(async (id) => {
        await app.turn(id, 'before');
        const died = await app.turn(id, '/die 3');
        expect(died).toMatchObject({
          status: 502,
          body: { ok: false, session_id: id, turn_index: 2, stop_reason: 'error' },
        });
        expect(died.body.error).toMatch(/\w/);
        const next = await app.turn(id, '/remember');
        expect(next).toMatchObject({ status: 200, body: { turn_index: 3 } });
        expect(next.body.text).toContain('1. before');
        expect((await app.get(`/sessions/${id}`)).body.turn_count).toBe(2);
      }),
    SLOW,
  );

  it(
    'times a turn out with 504, and takes the next',
    () =>
      withSession(async (id) => {
        const late = await app.turn(id, '/hang', { timeout_secs: 3 });
        expect(late).toMatchObject({
          status: 504,
          body: { ok: false, stop_reason: 'timeout', turn_index: 1 },
        });
        expect((await app.turn(id, 'next')).body).toMatchObject({ ok: true, turn_index: 2 });
      }),
    SLOW,
  );

  it(
    'carries a flood of messages',
    () =>
      withSession(async (id) => {
        const { status, body } = await app.turn(id, '/flood 20000');
        expect(status).toBe(200);
        const lines = body.text.trimEnd().split('\n');
        expect([lines.length, lines.at(-1)]).toEqual([20_000, 'chunk 20000 of 20000']);
      }),
    SLOW,
  );

  it(
    `holds ${MANY} sessions at once, none of which hears another`,
    async () => {
      const ids = await Promise.all(Array.from({ length: MANY }, () => app.openEcho()));
      expect(new Set(ids).size).toBe(MANY);
      const answers = await Promise.all(ids.map((id) => app.turn(id, `for ${id} only`)));
      const failures = answers.filter(({ status }) => status !== 200);
      expect(failures.map(({ status, body }) => [status, body.error ?? body.detail])).toEqual([]);
      expect(answers.map(({ body }) => body.text)).toEqual(ids.map((id) => echoOf(`for ${id} only`, 1)));
      const health = await app.get('/healthz');
      expect(health.body).toMatchObject({ open_sessions: MANY, max_live_sessions: 64 });
    },
    SLOW,
  );
});
