import '../support/setup-env.js';
import { answer, ScriptedFactory, type ScriptedTerminal } from '../support/scripted-claude.js';
import type { ScriptedScreen } from '../support/scripted-screen.js';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { TestBrowser } from './chromium.js';
import { TerminalsPage } from './terminals-page-driver.js';

describe('the page /admin/terminals in Chromium', () => {
  let browser: TestBrowser;
  let app: TestApp;
  let claudes: ScriptedFactory;
  let key: string;
  let page: TerminalsPage;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    const turn = [...answer('hi', 'hello'), { type: 'system', subtype: 'turn_duration' }];
    claudes = new ScriptedFactory([[turn], [turn]]);
    app = await startTestApp({ claudes, env: { CLAWDFORGE_DRAIN_SECS: '0' } });
    key = await app.mint('my-app');
    page = await TerminalsPage.open(browser, app.baseUrl);
  });

  afterEach(async () => {
    await page.close();
    await app.close();
    page.expectGood();
  });

  const eventually = (what: string, condition: () => boolean | Promise<boolean>): Promise<void> =>
    until(what, condition, 60_000);
  const say = (model = 'sonnet') =>
    app
      .http()
      .post('/v1/messages')
      .set('authorization', key)
      .send({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] })
      .expect(200);
  const claude = (index = 0): ScriptedTerminal => claudes.spawned[index] as ScriptedTerminal;
  const screen = (): ScriptedScreen => claude().watched;
  const watch = async (): Promise<void> => {
    await say();
    await page.enterToken(ADMIN_TOKEN);
    await page.watchFirst();
    await page.untilScreen('> hi');
  };

  it('needs a Chromium, and says so where there is none', async () => {
    const named = process.env.CHROMIUM_BIN;
    process.env.CHROMIUM_BIN = '/nowhere/chromium';
    try {
      await expect(TestBrowser.launch()).rejects.toThrow(
        'no Chromium: looked for /nowhere/chromium; install it',
      );
    } finally {
      if (named === undefined) delete process.env.CHROMIUM_BIN;
      else process.env.CHROMIUM_BIN = named;
    }
  });

  it('says what is wrong with a token, and takes the right one', async () => {
    await page.enterToken('wrong');
    await page.untilMessage('not the admin token');
    await page.enterToken('töken ');
    await page.untilMessage('not the admin token');
    await page.enterToken(key.slice('Bearer '.length));
    await page.untilMessage('takes the admin token');
    await page.enterToken(ADMIN_TOKEN);
    await page.page.waitForSelector('#empty', { visible: true });
    expect(await page.message()).toBe('');
  });

  it('keeps the token in its memory only', async () => {
    await watch();
    const kept = await page.read<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
    );
    expect(JSON.parse(kept)).toEqual([{}, {}, '', `${app.baseUrl}/admin/terminals`]);
    expect(
      await page.read("document.documentElement.outerHTML + document.getElementById('token').value"),
    ).not.toContain(ADMIN_TOKEN);
    await page.page.reload();
    await page.page.waitForSelector('#token', { visible: true });
    expect(await page.read("document.getElementById('overview').hidden")).toBe(true);
    await page.enterToken(ADMIN_TOKEN);
    await page.watchFirst();
    await page.page.click('#forget');
    await page.page.waitForSelector('#token', { visible: true });
    expect(
      await page.read("document.getElementById('viewer').hidden && !document.querySelector('.xterm')"),
    ).toBe(true);
  });

  it('lists what lives, and keeps the list true', async () => {
    await page.enterToken(ADMIN_TOKEN);
    await page.page.waitForSelector('#empty', { visible: true });
    await say();
    await page.page.waitForSelector('#rows tr', { visible: true });
    await say('opus');
    const rows = () =>
      page.read<string[]>(
        "[...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].slice(0, 5).map((cell) => cell.textContent).join(' '))",
      );
    await eventually('both are listed', async () => (await rows()).length === 2);
    expect(await rows()).toEqual(['my-app terminal sonnet waiting 1', 'my-app terminal opus waiting 1']);
    claude().exit();
    await eventually('one is listed', async () => (await rows()).length === 1);
    expect(await rows()).toEqual(['my-app terminal opus waiting 1']);
  });

  it('shows the screen as it is and becomes, in its colours', async () => {
    await say();
    screen().show('\u001b[31mred \u001b[38;2;1;200;3mgreen\u001b[0m\r\n');
    await page.enterToken(ADMIN_TOKEN);
    await page.watchFirst();
    await page.untilScreen('red green');
    screen().show('grüße \u001b[48;2;9;8;7m界\u001b[0m');
    await page.untilScreen('grüße 界');
    const colourOf = (text: string, property: string) =>
      page.read<string>(
        `getComputedStyle([...document.querySelectorAll('.xterm-rows span')].find((span) => span.textContent.includes('${text}'))).${property}`,
      );
    expect(await colourOf('green', 'color')).toBe('rgb(1, 200, 3)');
    expect(await colourOf('界', 'backgroundColor')).toBe('rgb(9, 8, 7)');
    // A colour of the theme, which xterm writes into a style sheet of its own.
    expect(await colourOf('red', 'color')).toBe('rgb(204, 0, 0)');
  });

  it('types what is typed, in its order, and presses the keys of its buttons', async () => {
    await watch();
    const text = 'the quick brown fox; ünïcödé';
    await page.page.keyboard.type(text);
    await page.page.keyboard.press('Enter');
    await page.page.keyboard.press('Escape');
    await page.page.keyboard.press('ArrowUp');
    const typed = (): string => screen().typed.join('');
    await eventually('all was typed', () => typed().length >= text.length + 5);
    expect(typed()).toBe(`${text}\r\u001b\u001b[A`);
    await page.page.click('[data-key="Esc"]');
    await page.page.click('[data-key="Ctrl+C"]');
    await eventually('the keys were pressed', () => screen().typed.length >= 2 && typed().endsWith('\u0003'));
    expect(typed()).toBe(`${text}\r\u001b\u001b[A\u001b\u0003`);
  });

  it('sends a long paste whole', async () => {
    await watch();
    const paste = Array.from({ length: 800 }, (_, line) => `line ${line} 🦊`).join(' ');
    await page.page.evaluate(
      `(() => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', ${JSON.stringify(paste)});
        document.querySelector('.xterm-helper-textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
      })()`,
    );
    await eventually('all arrived', () => screen().typed.join('').length === paste.length);
    expect(screen().typed.join('')).toBe(paste);
  });

  it('does not answer what the program asks its terminal, nor tells it of focus and mouse', async () => {
    await watch();
    screen().show(
      '\u001b[c\u001b[>c\u001b[5n\u001b[6n\u001b[?6n\u001b]11;?\u0007\u001b[?25$p\u001bP$qm\u001b\\',
    );
    screen().show('\u001b[?1004h\u001b[?1003h\u001b[?1006hasked');
    await page.untilScreen('asked');
    await page.page.click('#viewer-title');
    await page.page.click('.xterm-screen');
    await page.page.mouse.move(400, 500);
    await page.page.keyboard.type('x');
    await eventually('a key arrived', () => screen().typed.length > 0);
    expect(screen().typed).toEqual(['x']);
  });

  it('fits the terminal to the window, for a second who watches too', async () => {
    await watch();
    const second = await TerminalsPage.open(browser, app.baseUrl);
    await second.enterToken(ADMIN_TOKEN);
    await second.watchFirst();
    await page.page.bringToFront();
    await page.page.click('#fit');
    await eventually('it was given a size', () => screen().sizes.length === 1);
    const [[columns, rows]] = screen().sizes as [[number, number]];
    expect(columns).toBeGreaterThan(100);
    expect(rows).toBeGreaterThan(15);
    for (const one of [page, second]) {
      await one.page.bringToFront();
      await eventually(
        'it is shown in that size',
        async () => (await one.read("document.querySelectorAll('.xterm-rows > div').length")) === rows,
      );
      await one.untilScreen('> hi');
    }
    await second.close();
    second.expectGood();
  });

  it('goes on by itself when the server was away', async () => {
    await watch();
    await page.page.setOfflineMode(true);
    await page.untilMessage('does not answer');
    screen().show('meanwhile');
    await page.page.setOfflineMode(false);
    await eventually('all is well again', async () => (await page.message()) === '');
    await page.untilScreen('meanwhile');
  });

  it('says that the terminal has ended, and types no more', async () => {
    await watch();
    claude().exit();
    await page.untilMessage('The terminal has ended');
    expect(await page.screen()).toContain('> hi');
    await page.page.keyboard.type('x');
    expect(await page.read("document.querySelector('[data-key=Esc]').disabled")).toBe(true);
    expect(screen().typed).toEqual([]);
    await page.page.click('#leave');
    expect(await page.message()).toBe('');
  });

  it('can be used without a mouse, and leads out of the terminal again', async () => {
    await say();
    await page.enterToken(ADMIN_TOKEN);
    await page.page.waitForSelector('#rows button', { visible: true });
    const focused = () => page.read<string>('document.activeElement.textContent');
    await eventually('Tab leads to the terminal’s button', async () => {
      await page.page.keyboard.press('Tab');
      return (await focused()) === 'Watch';
    });
    await page.page.keyboard.press('Enter');
    await page.untilScreen('> hi');
    await page.page.keyboard.press('F6');
    expect(await focused()).toBe('Esc');
    await page.page.keyboard.press('Enter');
    await eventually('Esc was pressed', () => screen().typed.length > 0);
    expect(screen().typed).toEqual(['\u001b']);
  });

  it('reads events however they are cut, and cuts input where it does no harm', async () => {
    const events = await page.read(`(async () => {
      const { readEvents } = await import('/admin/terminals/assets/event-stream.js');
      const bytes = new TextEncoder().encode(': heartbeat\\n\\nevent: a\\ndata: {"x":"ü🦊"}\\n\\nevent: b\\ndata: {}\\n\\nevent: cut');
      const stream = new ReadableStream({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
      return Array.fromAsync(readEvents(stream));
    })()`);
    expect(events).toEqual([
      { event: 'a', data: { x: 'ü🦊' } },
      { event: 'b', data: {} },
    ]);
    const pieces = await page.read<string[]>(`(async () => {
      const { piecesOf } = await import('/admin/terminals/assets/keyboard.js');
      return ['x'.repeat(2001), 'x'.repeat(999) + '🦊', 'x'.repeat(997) + '\\x1b[201~', ''].map((input) => piecesOf(input));
    })()`);
    const xs = (count: number): string => 'x'.repeat(count);
    expect(pieces).toEqual([[xs(1000), xs(1000), 'x'], [xs(999), '🦊'], [xs(997), '\u001b[201~'], []]);
  });
});
