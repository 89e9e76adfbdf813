import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

function own(name: string): string {
  return fileURLToPath(new URL(`./page/${name}`, import.meta.url));
}

const OWN_ASSETS = [
  'admin-api.js',
  'elements.js',
  'event-stream.js',
  'icon.svg',
  'keyboard.js',
  'page.css',
  'page.js',
  'strict-styles.js',
  'terminal-table.js',
  'terminal-view.js',
  'watching.js',
] as const;

export const PAGE_FILE = own('index.html');

/** All that the page loads, by the name it has below `/admin/terminals/assets/`: its own files, and xterm's as npm has them. */
export const ASSET_FILES: ReadonlyMap<string, string> = new Map([
  ...OWN_ASSETS.map((name) => [name, own(name)] as const),
  ['xterm.css', require.resolve('@xterm/xterm/css/xterm.css')],
  ['xterm.mjs', require.resolve('@xterm/xterm/lib/xterm.mjs')],
  ['addon-fit.mjs', require.resolve('@xterm/addon-fit/lib/addon-fit.mjs')],
]);
