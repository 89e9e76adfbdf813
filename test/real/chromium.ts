import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { findProcesses } from '../support/find-processes.js';
import { until } from '../support/until.js';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** A page as a person has it open, with a note of all that it should not have done. */
export interface OpenPage {
  readonly page: Page;
  /** What the policy of the page forbade, and faults that its script did not catch. */
  readonly faults: string[];
  /** Every address that was asked for. */
  readonly requested: string[];
}

/** A headless Chromium with a profile of its own, which finds no other host than this one. */
export class TestBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly home: string,
  ) {}

  /** @throws when no Chromium is installed. */
  static async launch(): Promise<TestBrowser> {
    const executablePath = chromiumProgram();
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'clawdforge-chromium-')));
    const browser = await puppeteer.launch({
      executablePath,
      userDataDir: path.join(home, 'profile'),
      env: { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: home, LANG: 'C.UTF-8' },
      args: [
        '--disable-dev-shm-usage',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        // Its sandbox is not for root.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
      protocolTimeout: 120_000,
      timeout: 60_000,
    });
    return new TestBrowser(browser, home);
  }

  async open(url: string): Promise<OpenPage> {
    const page = await this.browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.setViewport({ width: 1280, height: 900 });
    const faults: string[] = [];
    const requested: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => requested.push(request.url()));
    await page.exposeFunction('noteViolation', (text: string) => faults.push(text));
    await page.evaluateOnNewDocument(`
      document.addEventListener('securitypolicyviolation', (event) => {
        noteViolation(event.violatedDirective + ' forbade ' + event.blockedURI + ' ' + event.sample);
      });
    `);
    await page.goto(url);
    return { page, faults, requested };
  }

  /** Resolves once all its processes, of which there are many, have ended. @throws when one does not. */
  async close(): Promise<void> {
    await this.browser.close();
    await until('Chromium has ended', async () => (await this.processes()).length === 0);
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  private processes(): Promise<number[]> {
    return findProcesses((environment) => environment.get('HOME') === this.home);
  }
}

function chromiumProgram(): string {
  const named = process.env.CHROMIUM_BIN;
  const found = named ?? CANDIDATES.find((file) => existsSync(file));
  if (found === undefined || !existsSync(found)) {
    throw new Error(
      `no Chromium: looked for ${named ?? CANDIDATES.join(', ')}; ` +
        'install it ("apt-get install chromium") or name one in CHROMIUM_BIN',
    );
  }
  return found;
}
