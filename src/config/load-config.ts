import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { agentEnvironment, isGatewayName } from './agent-environment.js';
import { parseAgents, parsePrewarm, type AgentSetting } from './agents-setting.js';
import { readMcpServers } from './mcp-servers.js';
import { CLAUDE_ENGINES, LOG_LEVELS, RUNNERS, type AppConfig } from './app-config.js';
import { SettingError, SettingReader } from './setting-readers.js';

type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 1024 * 1024;
const YEAR_SECS = 366 * 86_400;

/** The process's environment over the `.env` file of `directory`, where there is one. */
export function readEnvironment(directory: string): Environment {
  const file = path.join(directory, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return { ...fromFile, ...process.env };
}

/**
 * Reads the settings of the README from an environment; relative paths are below `directory`.
 * @throws SettingError naming the setting and what it takes, never its value.
 */
export function loadConfig(environment: Environment, directory: string): AppConfig {
  const read = new SettingReader(environment, directory);
  const dataDir = read.path('CLAWDFORGE_DATA_DIR', 'data');
  const config: AppConfig = {
    host: read.text('HOST') ?? '127.0.0.1',
    port: read.whole('PORT', 8800, 0, 65_535),
    isProduction: read.text('NODE_ENV') === 'production',
    logLevel: read.oneOf('LOG_LEVEL', 'info', LOG_LEVELS),

    dataDir,
    dbPath: read.path('DB_PATH', path.join(dataDir, 'clawdforge.db')),
    runsDir: read.path('RUNS_DIR', path.join(dataDir, 'runs')),
    sessionsDir: read.path('ACPX_SESSIONS_CWD', path.join(dataDir, 'acpx-cwds')),
    filesDir: read.path('CLAWDFORGE_FILES_DIR', path.join(dataDir, 'files')),

    adminToken: readAdminToken(read),
    metricsToken: readMetricsToken(read),
    allowCidrs: read.cidrs('ALLOW_CIDRS', ['127.0.0.0/8', '::1/128']),
    trustedProxies: read.cidrs('TRUST_PROXY', []),

    claudeBin: read.text('CLAUDE_BIN') ?? 'claude',
    acpxBin: read.text('ACPX_BIN') ?? null,
    runner: read.oneOf('CLAWDFORGE_RUNNER', 'acp', RUNNERS),
    agents: readAgents(read),
    sessionsPerAgent: read.whole('CLAWDFORGE_SESSIONS_PER_AGENT', 8, 1, 1000),
    maxLiveAgents: read.whole('CLAWDFORGE_MAX_LIVE_AGENTS', 16, 1, 1000),
    agentIdleSecs: read.whole('CLAWDFORGE_AGENT_IDLE_SECS', 300, 1, YEAR_SECS),
    prewarm: readPrewarm(read),

    claudeEngine: read.oneOf('CLAWDFORGE_CLAUDE_ENGINE', 'terminal', CLAUDE_ENGINES),
    claudePool: read.whole('CLAWDFORGE_CLAUDE_POOL', 8, 1, 1000),
    claudePoolTtlSecs: read.whole('CLAWDFORGE_CLAUDE_POOL_TTL_SECS', 600, 1, YEAR_SECS),
    claudeTimeoutSecs: read.whole('CLAWDFORGE_CLAUDE_TIMEOUT_SECS', 600, 1, 86_400),

    sessionTtlSecs: read.whole('CLAWDFORGE_SESSION_TTL_SECS', 3600, 1, YEAR_SECS),
    sessionHardTtlSecs: read.whole('CLAWDFORGE_SESSION_HARD_TTL_SECS', 86_400, 1, 10 * YEAR_SECS),
    sweepIntervalSecs: read.whole('CLAWDFORGE_SWEEP_INTERVAL_SECS', 60, 1, 86_400),
    maxLiveSessions: read.whole('CLAWDFORGE_MAX_LIVE_SESSIONS', 32, 1, 100_000),
    maxRuns: read.whole('CLAWDFORGE_MAX_RUNS', 8, 1, 1000),
    keepPrompts: read.oneOf('CLAWDFORGE_KEEP_PROMPTS', 'false', ['true', 'false']) === 'true',
    mcpServers: readMcpServers(read),
    fileRoots: read.absolutePaths('CLAWDFORGE_FILE_ROOTS'),
    workspaceRoots: read.absolutePaths('CLAWDFORGE_WORKSPACE_ROOTS'),
    maxFileBytes: read.whole('CLAWDFORGE_MAX_FILE_BYTES', 50 * MIB, 1, 1024 * 1024 * MIB),
    drainSecs: read.whole('CLAWDFORGE_DRAIN_SECS', 8, 0, 3600),

    agentEnv: Object.freeze(agentEnvironment(environment, readAgentEnvNames(read))),
  };
  return Object.freeze(config);
}

function readAdminToken(read: SettingReader): string | null {
  const token = read.text('ADMIN_BOOTSTRAP_TOKEN');
  if (token !== undefined) return usableToken(token, 'ADMIN_BOOTSTRAP_TOKEN', 'a token');
  const file = read.text('ADMIN_BOOTSTRAP_TOKEN_FILE');
  if (file === undefined) return null;
  return usableToken(readTokenFile(file), 'ADMIN_BOOTSTRAP_TOKEN_FILE', 'a file with a token');
}

function readMetricsToken(read: SettingReader): string | null {
  const token = read.text('METRICS_TOKEN');
  return token === undefined ? null : usableToken(token, 'METRICS_TOKEN', 'a token');
}

function usableToken(token: string, setting: string, what: string): string {
  if (token.length < 8 || /\s/.test(token)) {
    throw new SettingError(setting, `${what} of at least 8 characters without white space`);
  }
  return token;
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new SettingError('ADMIN_BOOTSTRAP_TOKEN_FILE', 'the path of a file that can be read');
  }
}

function readAgents(read: SettingReader): readonly AgentSetting[] | null {
  if (read.text('CLAWDFORGE_AGENTS') === undefined) return null;
  const agents = parseAgents(read.list('CLAWDFORGE_AGENTS'));
  if (typeof agents === 'string') throw new SettingError('CLAWDFORGE_AGENTS', agents);
  return agents;
}

function readPrewarm(read: SettingReader): ReadonlyMap<string, number> {
  const prewarm = parsePrewarm(read.list('CLAWDFORGE_PREWARM'));
  if (typeof prewarm === 'string') throw new SettingError('CLAWDFORGE_PREWARM', prewarm);
  return prewarm;
}

function readAgentEnvNames(read: SettingReader): string[] {
  const names = read.list('CLAWDFORGE_AGENT_ENV');
  if (names.some((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || isGatewayName(name))) {
    throw new SettingError(
      'CLAWDFORGE_AGENT_ENV',
      "names of variables, comma-separated, none of the gateway's own",
    );
  }
  return names;
}
