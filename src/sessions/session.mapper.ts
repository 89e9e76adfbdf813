import type { RunnerSession, SessionOptions } from '../acpx/acpx-runner.js';
import { toUnixSecs } from '../core/time.js';
import type {
  ChangeSessionRequest,
  CreateSessionRequest,
  CreateSessionResponse,
  SessionResponse,
} from './dto/session.dto.js';
import type { TurnSession } from './known-sessions.js';
import type { SessionEntity } from './session.entity.js';
import type { NewSession, SessionPatch } from './session-requests.js';

export function toRunnerSession(row: TurnSession, options: SessionOptions): RunnerSession {
  return {
    id: row.id,
    agent: row.agent,
    launchCommand: row.launchCommand,
    cwd: row.cwd,
    marker: row.marker,
    agentSessionId: row.agentSessionId,
    hasHistory: row.lastTurnIndex > 0,
    options,
  };
}

export function toCreateSessionResponse(row: SessionEntity): CreateSessionResponse {
  return {
    ok: true,
    session_id: row.id,
    agent: row.agent,
    cwd: row.cwd,
    created_at: toUnixSecs(row.createdAtMs),
    meta: metaOf(row),
  };
}

export function toSessionResponse(row: SessionEntity): SessionResponse {
  return {
    session_id: row.id,
    agent: row.agent,
    cwd: row.cwd,
    created_at: toUnixSecs(row.createdAtMs),
    last_turn_at: toUnixSecs(row.lastTurnAtMs),
    turn_count: row.turnCount,
    closed_at: toUnixSecs(row.closedAtMs),
    closed: row.closedAtMs !== null,
    meta: metaOf(row),
  };
}

export function toNewSession(body: CreateSessionRequest): NewSession {
  return {
    agent: body.agent,
    meta: body.meta ?? null,
    cwd: body.cwd,
    options: {
      model: body.model ?? null,
      mode: body.mode ?? null,
      systemPrompt: body.system_prompt ?? null,
      mcpServers: body.mcp_servers ?? [],
      additionalDirectories: body.additional_directories ?? [],
      config: body.config ?? {},
      permissions: body.permissions ?? 'approve_all',
    },
  };
}

export function toSessionPatch({ model, mode, config, meta }: ChangeSessionRequest): SessionPatch {
  return {
    ...(model === undefined ? {} : { model }),
    ...(mode === undefined ? {} : { mode }),
    ...(config === undefined ? {} : { config }),
    ...(meta === undefined ? {} : { meta }),
  };
}

function metaOf(row: SessionEntity): Record<string, unknown> | null {
  return row.meta === null ? null : (JSON.parse(row.meta) as Record<string, unknown>);
}
