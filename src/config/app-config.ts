import type { Cidr } from '../core/client-address.js';
import type { JsonObject } from '../core/json-rpc.js';
import type { AgentSetting } from './agents-setting.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How sessions are driven: by agents that are kept alive, or by the acpx command line. */
export const RUNNERS = ['acp', 'acpx-cli'] as const;
export type RunnerName = (typeof RUNNERS)[number];

/** How the Claude Code backend drives `claude`: in a terminal that can be watched, or as a process that speaks JSON. */
export const CLAUDE_ENGINES = ['terminal', 'stream-json'] as const;
export type ClaudeEngine = (typeof CLAUDE_ENGINES)[number];

/**
 * Everything that the environment decides, read once at start (README, Settings). Abstract so that it is its own
 * injection token; the value is frozen. Paths are absolute, times are in the unit of their name.
 */
export abstract class AppConfig {
  abstract readonly host: string;
  abstract readonly port: number;
  abstract readonly isProduction: boolean;
  abstract readonly logLevel: LogLevel;

  abstract readonly dataDir: string;
  abstract readonly dbPath: string;
  abstract readonly runsDir: string;
  abstract readonly sessionsDir: string;
  abstract readonly filesDir: string;

  /** Null when the operator set none; then the token in the ledger counts. */
  abstract readonly adminToken: string | null;
  /** Opens /metrics from elsewhere than loopback; null when only loopback may read it. */
  abstract readonly metricsToken: string | null;
  abstract readonly allowCidrs: readonly Cidr[];
  abstract readonly trustedProxies: readonly Cidr[];

  abstract readonly claudeBin: string;
  /** Null for the bundled acpx. */
  abstract readonly acpxBin: string | null;
  abstract readonly runner: RunnerName;
  /** The allow-list of agents; null for every name of acpx's registry (and `echo` outside production). */
  abstract readonly agents: readonly AgentSetting[] | null;
  /** How many sessions may share one agent process. */
  abstract readonly sessionsPerAgent: number;
  abstract readonly maxLiveAgents: number;
  /** After this long without a turn a session releases its agent. */
  abstract readonly agentIdleSecs: number;
  /** How many processes with room for a session are kept ready, by agent. */
  abstract readonly prewarm: ReadonlyMap<string, number>;

  abstract readonly claudeEngine: ClaudeEngine;
  /** The most `claude` processes that the backend keeps, at work and waiting together. */
  abstract readonly claudePool: number;
  /** A session of the backend that nobody continued for so long is closed. */
  abstract readonly claudePoolTtlSecs: number;
  /** A completion that is not answered after so long fails; waiting for a process counts. */
  abstract readonly claudeTimeoutSecs: number;

  abstract readonly sessionTtlSecs: number;
  abstract readonly sessionHardTtlSecs: number;
  abstract readonly sweepIntervalSecs: number;
  abstract readonly maxLiveSessions: number;
  abstract readonly maxRuns: number;
  /** Whether the text of prompts is kept with their turns. */
  abstract readonly keepPrompts: boolean;
  /** The operator's MCP servers that sessions may name. */
  abstract readonly mcpServers: Readonly<Record<string, JsonObject>>;
  abstract readonly fileRoots: readonly string[];
  abstract readonly workspaceRoots: readonly string[];
  abstract readonly maxFileBytes: number;
  abstract readonly drainSecs: number;

  /** What agent processes may see of the environment; never a secret of the gateway. */
  abstract readonly agentEnv: Readonly<Record<string, string>>;
}
