import { startServer, type ServerProcess } from '../support/server-process.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { until } from '../support/until.js';
import { TestBrowser } from './chromium.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';
import { TerminalsPage } from './terminals-page-driver.js';
import { ServerClient } from '../support/server-client.js';

const ADMIN = 'admin-of-the-tests';

describe('the page /admin/terminals over the real claude', () => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let server: ServerProcess;
  let admin: ServerClient;
  let app: ServerClient;
  let browser: TestBrowser;
  let page: TerminalsPage;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    browser = await TestBrowser.launch();
    server = await startServer({
      env: {
        ...home.env,
        CLAUDE_BIN: claudeBin,
        CLAWDFORGE_CLAUDE_ENGINE: 'terminal',
        CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
        CLAWDFORGE_DRAIN_SECS: '1',
        ADMIN_BOOTSTRAP_TOKEN: ADMIN,
      },
    });
    admin = new ServerClient(server.baseUrl, ADMIN);
    app = await admin.mint('my-app');
  }, 600_000);

  beforeEach(async () => {
    api.reset();
    page = await TerminalsPage.open(browser, server.baseUrl);
    await page.enterToken(ADMIN);
  });

  afterEach(async () => {
    await page.close();
    page.expectGood();
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await api.stop();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  const ask = (content: string) =>
    app.call('POST', '/v1/messages', {
      model: 'claude-code',
      max_tokens: 100,
      messages: [{ role: 'user', content }],
    });

  it('shows a turn while it runs, and Esc typed in the page interrupts it', async () => {
    const asked = ask('slow:600:100');
    await page.watchFirst();
    await page.untilScreen('part 3.');
    await page.page.keyboard.press('Escape');
    const { status, body } = await asked;
    expect([status, body.error.message]).toEqual([502, expect.stringContaining('interrupt')]);
    await page.untilMessage('The terminal has ended');
  });

  it('takes a session over: what is typed in the page is asked and answered, in the size of the window', async () => {
    expect(await ask('say:from a request')).toMatchObject({ status: 200, body: { stop_reason: 'end_turn' } });
    await page.watchFirst();
    await page.untilScreen('from a request');
    await page.page.click('#fit');
    const { terminals } = (await admin.get('/admin/live-terminals')).body;
    const size = async () => (await admin.get(`/admin/live-terminals/${terminals[0].id}`)).body.screen;
    await until('the terminal has another size', async () => (await size()).rows !== 40);
    await page.page.keyboard.type('say:typed by a person');
    await page.untilScreen('say:typed by a person');
    await page.page.keyboard.press('Enter');
    await page.untilScreen('● typed by a person');
    expect(JSON.stringify(api.conversationRequests.at(-1))).toContain('say:typed by a person');
    const { text } = await size();
    expect((await page.screen()).replaceAll('\u00a0', ' ')).toContain(text.split('\n').at(-1).trim());
  });
});
