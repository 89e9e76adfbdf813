import type { TokenUsage } from '../core/acp-messages.js';
import type { AgentMessage, JsonObject } from '../core/json-rpc.js';
import type { PermissionPolicy } from '../core/permissions.js';

/** What a session asks of its agent beside its directory. Null and empty leave the agent's own defaults. */
export interface SessionOptions {
  readonly model: string | null;
  readonly mode: string | null;
  /** Appended to the agent's own system prompt. */
  readonly systemPrompt: string | null;
  /** ACP `McpServer` objects, resolved from the operator's file. */
  readonly mcpServers: readonly JsonObject[];
  /** Absolute. */
  readonly additionalDirectories: readonly string[];
  /** Values of options that the agent advertises, by their ids; `true` and `false` for its switches. */
  readonly config: Readonly<Record<string, string>>;
  readonly permissions: PermissionPolicy;
}

export const DEFAULT_SESSION_OPTIONS: SessionOptions = Object.freeze({
  model: null,
  mode: null,
  systemPrompt: null,
  mcpServers: [],
  additionalDirectories: [],
  config: {},
  permissions: 'approve_all',
});

/** What can be changed of a session while it is open; what is undefined stays. */
export interface SessionChange {
  readonly model?: string;
  readonly mode?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** A session as a runner knows it. */
export interface RunnerSession {
  /** Ours: 32 lowercase hex characters. */
  readonly id: string;
  readonly agent: string;
  /** The launch command that `create` resolved and the ledger kept; null when the runner passes the agent by name. */
  readonly launchCommand: string | null;
  /** Absolute. */
  readonly cwd: string;
  /** Carried by every process of the session; in the ledger before the first is spawned. */
  readonly marker: string;
  /** The agent's own session id, when it is known. */
  readonly agentSessionId: string | null;
  /** Whether an earlier prompt may have reached the agent, so that there is a context to be lost. */
  readonly hasHistory: boolean;
  readonly options: SessionOptions;
}

export interface CreatedSession {
  readonly launchCommand: string | null;
  readonly agentSessionId: string | null;
}

/** The deadlines of a turn in seconds, each counted by itself; null for none. */
export interface TurnDeadlines {
  /** Until the prompt is with a ready agent. */
  readonly startSecs: number | null;
  /** From there until the agent's first message about it; news of commands, modes and usage are none. */
  readonly firstEventSecs: number | null;
  /** Between two messages of the agent. */
  readonly silenceSecs: number | null;
  /** Over the whole turn. */
  readonly totalSecs: number;
}

export type DeadlineName = 'start' | 'first_event' | 'silence' | 'total';

export interface PromptOptions {
  /** A turn that misses one of them is cancelled and ends as `timed_out`. */
  readonly deadlines: TurnDeadlines;
  /** Cancels the turn: the agent is asked first, its processes are swept when it does not obey. */
  readonly signal: AbortSignal;
}

/** Why a turn failed, where more is known than the text says. */
export type TurnErrorCode =
  | 'agent_not_installed'
  | 'agent_start_failed'
  /** The agent process ended by itself. */
  | 'agent_died'
  /** We stopped it, because a turn of another session in it could not be cancelled. */
  | 'agent_stopped'
  | 'agent_error'
  | 'auth_required'
  | 'invalid_option'
  | 'output_too_large'
  | 'pool_full'
  | 'draining';

export interface PromptResult {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out';
  /** The agent's own where it gave one; else `error`, `timeout` or `cancelled`. */
  readonly stopReason: string;
  /** Null unless failed or timed out. */
  readonly error: string | null;
  readonly errorCode: TurnErrorCode | null;
  /** The deadline that was missed; null unless timed out (and where acpx ended the turn by itself). */
  readonly deadline: DeadlineName | null;
  /** The tail of what the agent's side wrote to stderr, redacted; empty where other sessions may be in it. */
  readonly stderr: string;
  readonly usage: TokenUsage | null;
  /** US dollars of the whole session so far, as the agent reported last; null when it reported none in this turn. */
  readonly costUsd: number | null;
  /** Whether the agent began a new conversation in this turn, because it could not go on with the earlier one. */
  readonly contextLost: boolean;
  /** The agent's session id from now on; null when it did not change. */
  readonly agentSessionId: string | null;
}

/**
 * What a turn yields: messages in order, then one result, then nothing. Our own `session/prompt` and our answers to the
 * agent's requests are among the messages, as they were sent; the agent's reply to the prompt is the last of them.
 */
export type PromptItem =
  | { readonly kind: 'message'; readonly message: AgentMessage }
  | { readonly kind: 'result'; readonly result: PromptResult };

export interface AgentInfo {
  readonly name: string;
  readonly isInstalled: boolean;
  /** Why it cannot be used, and what to install; null when it is installed. */
  readonly missing: string | null;
  /** As the agent told when it was last started by this server; null before. */
  readonly version: string | null;
  /** ACP `agentCapabilities`, known as `version` is. */
  readonly capabilities: JsonObject | null;
}

/** Counts of now, for metrics. */
export interface RunnerStats {
  /** Agent processes, those that start or stop included. */
  readonly liveAgents: number;
  /** Of these: with a turn or another request under way. */
  readonly busyAgents: number;
  readonly idleAgents: number;
  /** Sessions that an agent process holds in memory. */
  readonly loadedSessions: number;
  readonly runningTurns: number;
  /** Turns and creations that wait for an agent process. */
  readonly waiting: number;
  /** Since start: lines of agents that were no JSON objects. */
  readonly noiseLines: number;
}

export interface RunnerVersion {
  readonly isPresent: boolean;
  /** Null when it cannot be read. */
  readonly version: string | null;
}

/**
 * Drives agents; knows neither HTTP nor the ledger's sessions. A runner holds no truth: any runner can take up a session
 * after a restart. The caller gives each session one turn at a time. The class is the injection token.
 */
export abstract class AcpxRunner {
  /** Whether `agent` is on the allow-list. */
  abstract isAllowed(agent: string): boolean;

  /** The allow-list, and what of it is installed here. */
  abstract agents(): Promise<AgentInfo[]>;

  /**
   * Makes the agent's side of a session; bounded in time (60 s).
   * @throws GatewayError `agent_not_installed` before anything is spawned; `validation_failed` naming the options that the
   * agent does not support; `pool_full` when no agent process gets free; `agent_failed` when the agent's side fails.
   */
  abstract create(session: RunnerSession): Promise<CreatedSession>;

  /**
   * Runs one turn. Messages come as they are read, exactly one result comes last, whatever happens to the agent; nothing is thrown.
   * `content` are ACP content blocks. Leaving the iteration early cancels the turn.
   */
  abstract prompt(
    session: RunnerSession,
    content: readonly JsonObject[],
    options: PromptOptions,
  ): AsyncIterable<PromptItem>;

  /**
   * Changes an open session at its agent, between turns. The caller keeps the change: `options` of the next call has it.
   * @throws GatewayError `validation_failed` naming what the agent does not support; `agent_failed`, `pool_full`.
   */
  abstract configure(session: RunnerSession, change: SessionChange): Promise<void>;

  /** Asks the agent to cancel the turn in flight; bounded in time. Harmless when there is none. */
  abstract cancel(session: RunnerSession): Promise<void>;

  /** Ends the session at the agent for good and sweeps its processes. Bounded in time; a failure is logged, never thrown. */
  abstract close(session: RunnerSession): Promise<void>;

  /** Stops the session's processes and keeps its conversation; the next prompt goes on with it. */
  abstract release(session: RunnerSession): Promise<void>;

  abstract version(): Promise<RunnerVersion>;

  abstract stats(): RunnerStats;

  /** Stops all processes of all sessions; conversations stay. Bounded in time, idempotent. */
  abstract shutdown(): Promise<void>;
}
