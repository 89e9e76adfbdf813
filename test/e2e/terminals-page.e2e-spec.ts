import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PAGE_DIR = path.resolve(__dirname, '../../src/terminals/page');
const ASSETS = '/admin/terminals/assets/';

describe('/admin/terminals', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** What a file of the page loads itself, as paths. */
  const loadedBy = (name: string, text: string): string[] => {
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
    const imports = [...text.matchAll(/^import .*'(.+)';$/gm)].map(([, from]) => from!);
    return (name.endsWith('.html') ? links : imports).map(
      (link) => new URL(link, `http://page${ASSETS}`).href,
    );
  };

  it('is open, and shows nothing by itself', async () => {
    const { text, headers } = await app.http().get('/admin/terminals').expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toBe(await readFile(path.join(PAGE_DIR, 'index.html'), 'utf8'));
  });

  it('loads only what the server has, each file of a type that a browser takes', async () => {
    const { text } = await app.http().get('/admin/terminals').expect(200);
    const pending = loadedBy('index.html', text);
    const seen = new Map<string, string>();
    for (let url = pending.pop(); url !== undefined; url = pending.pop()) {
      if (seen.has(url)) continue;
      const { host, pathname } = new URL(url);
      expect(host).toBe('page');
      const answer = await app.http().get(pathname).expect(200);
      seen.set(url, String(answer.headers['content-type']).split(';')[0]!);
      if (pathname.endsWith('js')) pending.push(...loadedBy(pathname, answer.text));
    }
    const types = { js: 'text/javascript', mjs: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
    for (const [url, type] of seen) {
      expect([url, type]).toEqual([url, types[url.split('.').at(-1) as keyof typeof types]]);
    }
    const names = [...seen.keys()].map((url) => url.split('/').at(-1));
    expect(names).toEqual(expect.arrayContaining(['page.js', 'xterm.mjs', 'xterm.css', 'addon-fit.mjs']));
  });

  it.each(['', '/assets/page.js', '/assets/xterm.mjs', '/assets/page.css'])(
    'sends “%s” under a policy that lets in nothing from elsewhere and nothing inline',
    async (file) => {
      const { headers } = await app.http().get(`/admin/terminals${file}`).expect(200);
      const policy = new Map(
        headers['content-security-policy']!.split('; ').map((directive: string) => {
          const [name, ...values] = directive.split(' ');
          return [name!, values.join(' ')];
        }),
      );
      expect(Object.fromEntries(policy)).toEqual({
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'img-src': "'self'",
        'connect-src': "'self'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
        'require-trusted-types-for': "'script'",
        'trusted-types': "'none'",
      });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    },
  );

  it.each([
    'index.html',
    'xterm.d.mts',
    'package.json',
    '..%2fterminals.module.ts',
    '..%2f..%2f..%2fpackage.json',
    '%2fetc%2fpasswd',
    'page.js%00.css',
    '__proto__',
    'constructor',
  ])('has no file %j', async (name) => {
    const { body } = await app.http().get(`${ASSETS}${name}`).expect(404);
    expect(body.code).toBe('not_found');
  });

  it('is not for addresses that may not call', async () => {
    const far = await startTestApp({ env: { ALLOW_CIDRS: '10.0.0.0/8' } });
    try {
      await far.http().get('/admin/terminals').expect(403);
      await far.http().get(`${ASSETS}page.js`).expect(403);
    } finally {
      await far.close();
    }
  });
});
