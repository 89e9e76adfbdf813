import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

export const claudeCodeVersion = '2.1.329';
export const claudeAgentAcpVersion = '0.100.0';
export const qwenCodeVersion = '0.24.4';
export const geminiCliVersion = '0.61.0';

export interface RealAgents {
  /** The native program, as a path without links. */
  claudeBin: string;
  /** Holds `claude-agent-acp`, a script for Node 22 and later, and `claude`: it can be put on a PATH. */
  adapterBinDir: string;
  nodeModules: string;
}

/** npm runs tests and benchmarks in the root of the package. */
const defaultCacheDir = resolve('.cache/agents');
const packages = [
  `@anthropic-ai/claude-code@${claudeCodeVersion}`,
  `@agentclientprotocol/claude-agent-acp@${claudeAgentAcpVersion}`,
];

/**
 * The pinned agents, installed by npm below `cacheDir` on first use and found there afterwards.
 * Safe to call from several processes at once: each installs into a directory of its own, and the first
 * to finish gives it the final name.
 * @throws when npm fails, with the end of its output, or when it brought no program for this platform.
 */
export async function installRealAgents(cacheDir = defaultCacheDir): Promise<RealAgents> {
  const target = join(cacheDir, `claude-code-${claudeCodeVersion}+claude-agent-acp-${claudeAgentAcpVersion}`);
  await installOnce(cacheDir, target, packages, linkClaude);
  return locate(target);
}

/**
 * An agent that is one package with one program, a script for Node; installed as the others are.
 * @returns the directory with the program.
 */
export async function installAgent(
  packageName: string,
  version: string,
  program: string,
  cacheDir = defaultCacheDir,
): Promise<string> {
  const target = join(cacheDir, `${program}-${version}`);
  await installOnce(cacheDir, target, [`${packageName}@${version}`]);
  const binDir = join(target, 'node_modules', '.bin');
  await access(join(binDir, program), constants.X_OK);
  return binDir;
}

/**
 * Installs packages by npm into `target` below `cacheDir` unless they are there. Safe to call from several processes at
 * once. @param complete what is still to be done in the directory before it gets its name.
 * @throws when npm fails, with the end of its output.
 */
export async function installOnce(
  cacheDir: string,
  target: string,
  names: readonly string[],
  complete: (directory: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  if (existsSync(target)) return;
  await mkdir(cacheDir, { recursive: true });
  const staging = await mkdtemp(join(cacheDir, 'installing-'));
  try {
    await writeFile(join(staging, 'package.json'), '{"name":"real-agents","private":true}\n');
    await runNpm(
      // The native programs come as files of optional packages, so no install script has to be trusted.
      [
        'install',
        '--ignore-scripts',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        '--loglevel=error',
        ...names,
      ],
      staging,
    );
    await complete(staging);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Someone else was faster: rename refuses a directory that is not empty.
    if (!existsSync(target)) throw error;
  }
}

/** The link that npm made leads to a stub, which only the package's install script replaces. */
async function linkClaude(directory: string): Promise<void> {
  const { claudeBin, adapterBinDir } = await locate(directory);
  await rm(join(adapterBinDir, 'claude'));
  await symlink(relative(adapterBinDir, claudeBin), join(adapterBinDir, 'claude'));
}

async function locate(root: string): Promise<RealAgents> {
  const nodeModules = join(root, 'node_modules');
  const claudeBin = await findClaude(nodeModules);
  const adapterBinDir = join(nodeModules, '.bin');
  await access(join(adapterBinDir, 'claude-agent-acp'), constants.X_OK);
  return { claudeBin, adapterBinDir, nodeModules };
}

/** npm installs the platform packages that fit this machine: one, or on Linux one for each C library. */
async function findClaude(nodeModules: string): Promise<string> {
  const manifest = join(nodeModules, '@anthropic-ai/claude-code/package.json');
  const { optionalDependencies } = JSON.parse(await readFile(manifest, 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const wanted = `-${process.platform}-${process.arch}`;
  const program = process.platform === 'win32' ? 'claude.exe' : 'claude';
  const candidates = Object.keys(optionalDependencies)
    .filter((name) => name.endsWith(wanted) || name.endsWith(`${wanted}-musl`))
    .map((name) => join(nodeModules, name, program));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (!found)
    throw new Error(`npm installed no claude for ${process.platform}-${process.arch} below ${nodeModules}`);
  return found;
}

async function runNpm(args: string[], cwd: string): Promise<void> {
  const script = process.env.npm_execpath;
  const [command, ...prefix] = script ? [process.execPath, script] : ['npm'];
  const child = spawn(command, [...prefix, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keepTail = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-4000);
  };
  child.stdout.on('data', keepTail);
  child.stderr.on('data', keepTail);
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`npm exit ${code ?? 'by a signal'} in ${cwd}:\n${output}`);
}
