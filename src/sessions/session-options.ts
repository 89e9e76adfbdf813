import { Injectable } from '@nestjs/common';
import type { SessionOptions } from '../acpx/acpx-runner.js';
import { AppConfig } from '../config/app-config.js';
import { type FieldError, invalidFields } from '../core/errors.js';
import type { PermissionPolicy } from '../core/permissions.js';
import { SessionDirectories } from './session-directory.js';
import type { SessionEntity } from './session.entity.js';

/** What an app asked for when it opened a session; MCP servers by the names of the operator's file. */
export interface StoredSessionOptions {
  readonly model: string | null;
  readonly mode: string | null;
  readonly systemPrompt: string | null;
  readonly mcpServers: readonly string[];
  readonly additionalDirectories: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly permissions: PermissionPolicy;
}

const DEFAULTS: StoredSessionOptions = {
  model: null,
  mode: null,
  systemPrompt: null,
  mcpServers: [],
  additionalDirectories: [],
  config: {},
  permissions: 'approve_all',
};

export function storedOptionsOf(row: Pick<SessionEntity, 'options'>): StoredSessionOptions {
  return row.options === null
    ? DEFAULTS
    : { ...DEFAULTS, ...(JSON.parse(row.options) as StoredSessionOptions) };
}

/** Checks what apps ask for, and turns it into what runners take. */
@Injectable()
export class SessionOptionsReader {
  constructor(
    private readonly config: AppConfig,
    private readonly directories: SessionDirectories,
  ) {}

  /** @throws GatewayError `validation_failed` naming unknown MCP servers and directories outside the workspace roots. */
  async check(requested: Partial<StoredSessionOptions>): Promise<StoredSessionOptions> {
    const options = { ...DEFAULTS, ...requested };
    const errors: FieldError[] = options.mcpServers.flatMap((name, index) =>
      Object.hasOwn(this.config.mcpServers, name)
        ? []
        : [{ field: `mcp_servers[${index}]`, message: 'takes a name of the file CLAWDFORGE_MCP_SERVERS' }],
    );
    const additionalDirectories: string[] = [];
    for (const [index, directory] of options.additionalDirectories.entries()) {
      const resolved = await this.directories.workspace(directory);
      if (resolved === undefined) {
        const message = 'takes the absolute path of a directory below one of CLAWDFORGE_WORKSPACE_ROOTS';
        errors.push({ field: `additional_directories[${index}]`, message });
      } else additionalDirectories.push(resolved);
    }
    if (errors.length > 0) throw invalidFields(errors);
    return { ...options, additionalDirectories };
  }

  /** A server that the operator has taken out of the file meanwhile is left out. */
  toRunnerOptions(stored: StoredSessionOptions): SessionOptions {
    return {
      ...stored,
      mcpServers: stored.mcpServers.flatMap((name) => {
        const server = this.config.mcpServers[name];
        return server === undefined ? [] : [server];
      }),
    };
  }
}
