import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';
import { IsStringRecord } from '../../common/is-string-record.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { MaxJsonBytes } from '../../common/max-json-bytes.js';
import { PERMISSION_POLICIES, type PermissionPolicy } from '../../core/permissions.js';

export class CreateSessionRequest {
  /**
   * A name of the server's allow-list, such as `claude`, `codex`, `gemini`, `opencode` or `echo`.
   * @example "echo"
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  agent = 'claude';

  /**
   * Whatever the app wants to remember with the session; at most 16 KiB as JSON.
   * @example { "purpose": "smoke" }
   */
  @IsOptional()
  @IsObject()
  @MaxJsonBytes(16 * 1024)
  meta?: Record<string, unknown> | null;

  /**
   * A project directory below one of `CLAWDFORGE_WORKSPACE_ROOTS`; it is never removed by the server. Without it the
   * session gets a fresh directory, which goes when the session is closed.
   * @example "/srv/projects/website"
   */
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  cwd?: string;

  /**
   * A model that the agent knows.
   * @example "sonnet"
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  model?: string;

  /**
   * A mode of the agent's, such as `plan`.
   * @example "default"
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  mode?: string;

  /**
   * Appended to the agent's own system prompt, where it can be.
   * @example "Be brief."
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  system_prompt?: string;

  /**
   * Names of MCP servers from the operator's file (`CLAWDFORGE_MCP_SERVERS`).
   * @example []
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  mcp_servers?: string[];

  /**
   * Further directories below `CLAWDFORGE_WORKSPACE_ROOTS` that the agent may work in.
   * @example []
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  additional_directories?: string[];

  /**
   * Values of options that the agent advertises, by their ids.
   * @example {}
   */
  @IsOptional()
  @IsStringRecord()
  config?: Record<string, string>;

  @ApiProperty({
    enum: PERMISSION_POLICIES,
    default: 'approve_all',
    description: "How the agent's permission requests are answered.",
    required: false,
  })
  @IsOptional()
  @IsIn(PERMISSION_POLICIES)
  permissions?: PermissionPolicy;
}

/** What may change of an open session; what is not given stays. */
export class ChangeSessionRequest {
  /** @example "opus" */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  model?: string;

  /** @example "plan" */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  mode?: string;

  /** @example {} */
  @IsOptional()
  @IsStringRecord()
  config?: Record<string, string>;

  /**
   * Replaces what was there; null takes it away.
   * @example { "purpose": "smoke" }
   */
  @IsOptional()
  @IsObject()
  @MaxJsonBytes(16 * 1024)
  meta?: Record<string, unknown> | null;
}

export class CreateSessionResponse {
  /** @example true */
  ok!: true;

  /**
   * 32 lowercase hex characters.
   * @example "0f8fad5bd9cb469fa16570867728950e"
   */
  session_id!: string;

  /** @example "echo" */
  agent!: string;

  /** @example "/var/lib/clawdforge/acpx-cwds/0f8fad5bd9cb469fa16570867728950e" */
  cwd!: string;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;

  /** @example { "purpose": "smoke" } */
  meta!: Record<string, unknown> | null;
}

export class SessionResponse {
  /** @example "0f8fad5bd9cb469fa16570867728950e" */
  session_id!: string;

  /** @example "echo" */
  agent!: string;

  /** @example "/var/lib/clawdforge/acpx-cwds/0f8fad5bd9cb469fa16570867728950e" */
  cwd!: string;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;

  /**
   * End of the last completed turn in Unix seconds; null before the first.
   * @example 1763700042
   */
  last_turn_at!: number | null;

  /**
   * Completed turns.
   * @example 2
   */
  turn_count!: number;

  /**
   * Unix seconds; null while the session is open.
   * @example null
   */
  closed_at!: number | null;

  /** @example false */
  closed!: boolean;

  /** @example { "purpose": "smoke" } */
  meta!: Record<string, unknown> | null;
}

export class AdminSessionResponse extends SessionResponse {
  /** @example "my-app" */
  app_name!: string;
}

export class SessionPageQuery extends PageQuery {
  /**
   * Only open (`true`) or only closed (`false`) sessions.
   * @example true
   */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'takes true or false' })
  open?: boolean;
}

export class AdminSessionPageQuery extends SessionPageQuery {
  /**
   * Only this app's.
   * @example "my-app"
   */
  @IsOptional()
  @IsString()
  app?: string;
}

export class SessionPageResponse {
  /**
   * How many sessions are in this answer.
   * @example 1
   */
  count!: number;

  sessions!: SessionResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}

export class AdminSessionPageResponse {
  /**
   * How many sessions are in this answer.
   * @example 1
   */
  count!: number;

  sessions!: AdminSessionResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}

export class CloseSessionResponse {
  /** @example true */
  ok!: true;

  /** @example "0f8fad5bd9cb469fa16570867728950e" */
  session_id!: string;

  /**
   * True when the session had been closed before; of several calls exactly one says false.
   * @example false
   */
  already_closed!: boolean;
}
