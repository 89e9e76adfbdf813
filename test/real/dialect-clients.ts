import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../support/run-program.js';
import { installOnce } from './install.js';

/** The clients that strangers wrote for the two APIs, pinned. */
export const DIALECT_CLIENTS = {
  openai: '7.55.0',
  '@anthropic-ai/sdk': '1.11.0',
  ai: '7.0.173',
  '@ai-sdk/openai': '4.0.118',
  '@ai-sdk/openai-compatible': '3.0.92',
  '@ai-sdk/anthropic': '4.0.105',
  zod: '4.6.7',
} as const;

const cacheDir = resolve(__dirname, '../../.cache/clients');
const target = join(cacheDir, `openai-${DIALECT_CLIENTS.openai}+ai-${DIALECT_CLIENTS.ai}`);

export async function installDialectClients(): Promise<void> {
  const names = Object.entries(DIALECT_CLIENTS).map(([name, version]) => `${name}@${version}`);
  await installOnce(cacheDir, target, names);
}

/** Plays one scene of `clients/NAME.mjs` against a server, in a process of its own; what it returned. */
export async function playScene(
  name: string,
  scene: string,
  server: { baseUrl: string; token: string },
  env: Record<string, string>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a scene returns is the assertion's to say
): Promise<any> {
  const source = await readFile(join(__dirname, 'clients', `${name}.mjs`), 'utf8');
  const { code, stdout, stderr } = await runProgram({
    command: process.execPath,
    // The source and not its file, so that packages are looked for where they are installed.
    args: ['--input-type=module', '--eval', source, '--', scene, server.baseUrl, server.token],
    cwd: target,
    env,
    stdin: '',
  });
  if (code !== 0) throw new Error(`${name} ${scene}: exit ${code ?? 'by a signal'}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
