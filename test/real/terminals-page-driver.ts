import type { Page } from 'puppeteer-core';
import { until } from '../support/until.js';
import type { OpenPage, TestBrowser } from './chromium.js';

const WITHIN_MS = 60_000;

/** `/admin/terminals` in a browser, as the one at the keyboard uses it. */
export class TerminalsPage {
  private constructor(
    private readonly open: OpenPage,
    private readonly origin: string,
  ) {}

  static async open(browser: TestBrowser, origin: string): Promise<TerminalsPage> {
    return new TerminalsPage(await browser.open(`${origin}/admin/terminals`), origin);
  }

  get page(): Page {
    return this.open.page;
  }

  async enterToken(token: string): Promise<void> {
    await this.page.waitForSelector('#token', { visible: true });
    await this.page.type('#token', token);
    await this.page.keyboard.press('Enter');
  }

  /** Watches the first terminal of the list, once there is one and its screen is there. */
  async watchFirst(): Promise<void> {
    await this.page.waitForSelector('#rows button', { visible: true });
    await this.page.click('#rows button');
    await this.page.waitForSelector('.xterm-rows', { visible: true });
  }

  /** The lines of the terminal that are in view. */
  screen(): Promise<string> {
    return this.read("document.querySelector('.xterm-rows')?.innerText ?? ''");
  }

  message(): Promise<string> {
    return this.read("document.getElementById('message').textContent");
  }

  async untilScreen(text: string): Promise<void> {
    await until(`the page shows ${text}`, async () => (await this.screen()).includes(text), WITHIN_MS);
  }

  async untilMessage(text: string): Promise<void> {
    await until(`the page says ${text}`, async () => (await this.message()).includes(text), WITHIN_MS);
  }

  /** What an expression in the page comes to. */
  async read<T>(expression: string): Promise<T> {
    return (await this.page.evaluate(expression)) as T;
  }

  /** It broke none of its own rules, and asked nobody but the server. */
  expectGood(): void {
    expect(this.open.faults).toEqual([]);
    expect(this.open.requested.filter((url) => new URL(url).origin !== this.origin)).toEqual([]);
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
