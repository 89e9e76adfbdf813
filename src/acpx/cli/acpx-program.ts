import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AppConfig } from '../../config/app-config.js';
import { isJsonObject } from '../../core/json-rpc.js';
import type { PermissionPolicy } from '../../core/permissions.js';
import type { RunnerSession } from '../acpx-runner.js';
import { installedPackage, packageRootOf } from '../installed-packages.js';

const MCP_CONFIG_FILE = 'acpx-mcp.json';
const PERMISSION_FLAGS: Record<PermissionPolicy, string> = {
  approve_all: '--approve-all',
  approve_reads: '--approve-reads',
  deny_all: '--deny-all',
};
const NO_MCP_SERVERS = '{"mcpServers":[]}\n';

/** Which acpx is run, and the command lines that it is given (docs/adr/0005). */
export class AcpxProgram {
  readonly command: string;
  /** Of the bundled acpx; null for an operator's own. */
  readonly bundledVersion: string | null;

  private readonly leadingArgs: readonly string[];
  private readonly mcpConfig: string | null;
  private mcpConfigWritten: Promise<void> | undefined;

  constructor(config: AppConfig) {
    if (config.acpxBin !== null) {
      this.command = config.acpxBin;
      this.leadingArgs = [];
      this.bundledVersion = null;
      this.mcpConfig = null;
      return;
    }
    const bundled = bundledAcpx();
    // Not by the script's own first line: acpx needs a newer node than the PATH may have.
    this.command = process.execPath;
    this.leadingArgs = [bundled.script];
    this.bundledVersion = bundled.version;
    this.mcpConfig = path.join(config.dataDir, MCP_CONFIG_FILE);
  }

  versionArgs(): string[] {
    return [...this.leadingArgs, '--version'];
  }

  /** @param resumedId the agent's id of a conversation that the session is to go on with. */
  createArgs(session: RunnerSession, resumedId: string | null = null): string[] {
    const resume = resumedId === null ? [] : [`--resume-session=${resumedId}`];
    return this.sessionArgs(session, [], ['sessions', 'new', '--name', session.id, ...resume]);
  }

  /** The prompt goes to stdin: as an argument it could be an option, a file name, or too long. */
  promptArgs(session: RunnerSession): string[] {
    return this.sessionArgs(
      session,
      ['--json-strict', PERMISSION_FLAGS[session.options.permissions]],
      ['prompt', '-s', session.id, '-f', '-'],
    );
  }

  cancelArgs(session: RunnerSession): string[] {
    return this.sessionArgs(session, [], ['cancel', '-s', session.id]);
  }

  closeArgs(session: RunnerSession): string[] {
    return this.sessionArgs(session, [], ['sessions', 'close', session.id]);
  }

  /** Writes the file of no MCP servers that the command lines name; at first only, later calls share that. */
  async prepare(): Promise<void> {
    const file = this.mcpConfig;
    if (file === null) return;
    this.mcpConfigWritten ??= mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      .then(() => writeFile(file, NO_MCP_SERVERS, { mode: 0o600 }))
      .catch((error: unknown) => {
        this.mcpConfigWritten = undefined;
        throw error;
      });
    await this.mcpConfigWritten;
  }

  private sessionArgs(session: RunnerSession, flags: readonly string[], action: readonly string[]): string[] {
    // A launch command and a configuration of ours: no file in the session's directory can redefine either.
    const mcp = this.mcpConfig === null ? [] : ['--mcp-config', this.mcpConfig];
    const agent = session.launchCommand === null ? [session.agent] : ['--agent', session.launchCommand];
    return [
      ...this.leadingArgs,
      '--format',
      'json',
      ...flags,
      '--cwd',
      session.cwd,
      ...mcp,
      ...agent,
      ...action,
    ];
  }
}

function bundledAcpx(): { script: string; version: string } {
  const directory = installedPackage('acpx', packageRootOf(import.meta.dirname));
  if (directory === undefined) throw new Error('the package acpx is not installed; run npm ci');
  const manifest: unknown = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const version =
    isJsonObject(manifest) && typeof manifest.version === 'string' ? manifest.version : 'unknown';
  return { script: path.join(directory, 'dist', 'cli.js'), version };
}
