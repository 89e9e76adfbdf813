import { ClaudeTurnError } from '../../src/core/claude/turn-error.js';
import { MetricsRecorder } from '../../src/metrics/metrics-recorder.js';
import { ScriptedBackend, text } from '../support/scripted-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const TOKEN = 'the-token-of-the-scraper';

/** The value of one sample; undefined when it is not there. */
function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

describe('GET /metrics', () => {
  let server: TestApp;
  let app: string;

  beforeEach(async () => {
    server = await startTestApp();
    app = await server.mint('a');
  });
  afterEach(() => server.close());

  const scrape = async (): Promise<string> => (await server.http().get('/metrics').expect(200)).text;
  const post = (route: string, body: object) =>
    server.http().post(route).set('authorization', app).send(body);
  const open = async (agent = 'claude'): Promise<string> =>
    (await post('/sessions', { agent }).expect(200)).body.session_id;

  it('is text for Prometheus, with the process and its event loop', async () => {
    const { headers } = await server.http().get('/metrics').expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await scrape();
    expect(sample(text, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(text.match(/^# TYPE process_resident_memory_bytes /gm)).toHaveLength(1);
  });

  it('counts requests by the pattern of their route, whatever was asked for', async () => {
    await server.http().get('/healthz');
    await open();
    for (const id of ['one', 'two', 'three']) {
      await server.http().get(`/sessions/${id}`).set('authorization', app).expect(404);
      await server.http().get(`/nowhere/${id}`).set('authorization', app).expect(404);
    }
    await server.http().get('/sessions').expect(401);
    const text = await scrape();
    const requests = (labels: string) => sample(text, `clawdforge_http_requests_total{${labels}}`);
    expect(requests('route="/healthz",method="GET",status="200"')).toBe(1);
    expect(requests('route="/sessions",method="POST",status="200"')).toBe(1);
    expect(requests('route="/sessions/:session_id",method="GET",status="404"')).toBe(3);
    expect(requests('route="/sessions",method="GET",status="401"')).toBe(1);
    expect(requests('route="none",method="GET",status="404"')).toBe(3);
    expect(text).not.toMatch(/nowhere|three/);
    const timed = 'clawdforge_http_request_duration_seconds_count{route="/sessions",method="POST"}';
    expect(sample(text, timed)).toBe(1);
  });

  it('counts turns by agent and outcome, and parts our time from the agent’s', async () => {
    const id = await open('codex');
    server.runner.next({ delayMs: 400 }, { error: 'no luck' });
    await post(`/sessions/${id}/turn`, { prompt: 'x' }).expect(200);
    await post(`/sessions/${id}/turn`, { prompt: 'x' }).expect(502);
    await post(`/sessions/${id}/turn`, { prompt: 7 }).expect(422);
    const text = await scrape();
    expect(sample(text, 'clawdforge_turns_total{agent="codex",status="completed"}')).toBe(1);
    expect(sample(text, 'clawdforge_turns_total{agent="codex",status="failed"}')).toBe(1);
    expect(sample(text, 'clawdforge_turn_duration_seconds_count{agent="codex"}')).toBe(2);
    expect(sample(text, 'clawdforge_turn_duration_seconds_sum{agent="codex"}')).toBeGreaterThan(0.39);
    expect(sample(text, 'clawdforge_turn_overhead_seconds_count')).toBe(2);
    const overheadSecs = sample(text, 'clawdforge_turn_overhead_seconds_sum');
    expect(overheadSecs).toBeGreaterThan(0);
    expect(overheadSecs).toBeLessThan(0.39);
  });

  it('shows what is open, waits and runs at this moment', async () => {
    const id = await open();
    await open();
    const release = server.runner.hold();
    const turns = [1, 2, 3].map(() => post(`/sessions/${id}/turn`, { prompt: 'x' }).then((answer) => answer));
    await until('two wait', async () => sample(await scrape(), waiting) === 2);
    const text = await scrape();
    expect(sample(text, 'clawdforge_turns_pending{state="running"}')).toBe(1);
    expect(sample(text, 'clawdforge_sessions{state="open"}')).toBe(2);
    expect(sample(text, 'clawdforge_runs_in_flight')).toBe(0);
    release();
    await Promise.all(turns);
    expect(sample(await scrape(), waiting)).toBe(0);
  });
  const waiting = 'clawdforge_turns_pending{state="queued"}';

  it('times the transactions of the ledger and shows how many wait', async () => {
    const before = sample(await scrape(), 'clawdforge_ledger_transaction_seconds_count')!;
    await open();
    const text = await scrape();
    expect(sample(text, 'clawdforge_ledger_transaction_seconds_count')).toBeGreaterThan(before);
    expect(sample(text, 'clawdforge_ledger_queue_depth')).toBe(0);
  });

  it('shows live agents, the lag of the event log and runs', async () => {
    server.app.get(MetricsRecorder).runEnded('completed', 1500);
    const text = await scrape();
    expect(text).toContain('clawdforge_agents_live 0');
    expect(text).toContain('clawdforge_event_log_lag_seconds 0');
    expect(text).toContain('clawdforge_runs_total{status="completed"} 1');
  });

  it('counts completions among the turns, and shows what the Claude Code backend has', async () => {
    const backend = new ScriptedBackend();
    const own = await startTestApp({ backend });
    backend.turns.push([text('hi')], new ClaudeTurnError('timeout', 'too late'));
    const body = { model: 'claude-code', messages: [{ role: 'user', content: 'hi' }] };
    const token = await own.mint('a');
    const ask = () => own.http().post('/v1/chat/completions').set('authorization', token).send(body);
    await ask().expect(200);
    await ask().expect(504);
    const shown = (await own.http().get('/metrics').expect(200)).text;
    for (const [name, value] of [
      ['turns_total{agent="claude-code",status="completed"}', 1],
      ['turns_total{agent="claude-code",status="timed_out"}', 1],
      ['turn_duration_seconds_count{agent="claude-code"}', 2],
      ['turn_overhead_seconds_count', 2],
      ['claude_processes{state="busy"}', 0],
      ['claude_processes{state="waiting"}', 1],
      ['claude_requests_queued', 0],
      ['claude_histories_total{history="none"}', 2],
    ] as const) {
      expect([name, sample(shown, `clawdforge_${name}`)]).toEqual([name, value]);
    }
    expect(shown).toContain('# TYPE clawdforge_claude_histories_total counter');
    await own.close();
  });

  it('gives no more than a hundred agents labels of their own', async () => {
    const metrics = server.app.get(MetricsRecorder);
    for (let i = 0; i < 150; i += 1) metrics.startTurn().end(`agent-${i}`, 'completed', 1);
    const text = await scrape();
    expect(text.match(/^clawdforge_turns_total\{/gm)).toHaveLength(101);
    expect(sample(text, 'clawdforge_turns_total{agent="other",status="completed"}')).toBe(50);
  });
});

describe('who may read the metrics', () => {
  const elsewhere = { 'x-forwarded-for': '203.0.113.9' };
  const start = (env: Record<string, string> = {}) =>
    startTestApp({
      env: { ALLOW_CIDRS: '127.0.0.0/8,203.0.113.0/24', TRUST_PROXY: '127.0.0.1', ...env },
    });

  it('is loopback only without METRICS_TOKEN', async () => {
    const server = await start();
    await server.http().get('/metrics').expect(200);
    const app = await server.mint('a');
    for (const authorization of [app, server.admin, `Bearer ${TOKEN}`]) {
      const answer = await server
        .http()
        .get('/metrics')
        .set({ ...elsewhere, authorization });
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden_ip']);
    }
    await server.close();
  });

  it('is who has METRICS_TOKEN, and no other token', async () => {
    const server = await start({ METRICS_TOKEN: TOKEN });
    const read = (headers: Record<string, string>) => server.http().get('/metrics').set(headers);
    await read({ ...elsewhere, authorization: `Bearer ${TOKEN}` }).expect(200);
    await read({}).expect(200);
    const app = await server.mint('a');
    for (const authorization of ['', 'Bearer wrong', `Basic ${TOKEN}`, app, server.admin]) {
      const answer = await read({ ...elsewhere, authorization });
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    await server.close();
  });

  it('never takes a forged forwarding header for loopback, nor lets METRICS_TOKEN open anything else', async () => {
    const server = await startTestApp({ env: { METRICS_TOKEN: TOKEN } });
    const forged = await server.http().get('/metrics').set('x-forwarded-for', '127.0.0.1');
    expect(forged.status).toBe(403);
    await server.http().get('/sessions').set('authorization', `Bearer ${TOKEN}`).expect(401);
    await server.close();
  });

  it.each(['short', 'with a blank in it'])('refuses to start with METRICS_TOKEN %j', async (token) => {
    await expect(startTestApp({ env: { METRICS_TOKEN: token } })).rejects.toThrow(
      /^METRICS_TOKEN takes a token/,
    );
  });
});
