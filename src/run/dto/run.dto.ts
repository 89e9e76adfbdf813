import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { PageQuery } from '../../common/page-query.dto.js';

export class RunRequest {
  /**
   * What to do. Ask for JSON and the answer's `result` is the parsed value.
   * @example "Reply with JSON: {\"hello\":\"world\"}"
   */
  @IsString()
  @IsNotEmpty()
  prompt!: string;

  /**
   * A model that the `claude` CLI knows; its default when not given.
   * @example "sonnet"
   */
  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,127}$/, {
    message: 'takes 1-128 of A-Z, a-z, 0-9, ., _, :, /, @, [, ] and -, beginning with a letter or digit',
  })
  model?: string;

  /**
   * Text that is appended to the system prompt.
   * @example "Be brief."
   */
  @IsOptional()
  @IsString()
  system?: string;

  /**
   * Files for the agent to read: ids of `POST /files`, or absolute paths below `CLAWDFORGE_FILE_ROOTS`.
   * @example []
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  files?: string[];

  /**
   * Seconds until the run is ended with 502 and `stop_reason: "timeout"`.
   * @example 300
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3600)
  timeout_secs = 300;
}

export class RunResponse {
  /** @example true */
  ok!: true;

  @ApiProperty({
    description: 'The reply text; where it is JSON, bare or in one ```json fence, the parsed value.',
    oneOf: ['string', 'object', 'array', 'number', 'boolean', 'null'].map((type) => ({ type })),
    example: { hello: 'world' },
  })
  result!: unknown;

  /** @example 2140 */
  duration_ms!: number;

  /** @example "end_turn" */
  stop_reason!: string;
}

export class RunFailedResponse {
  /** @example false */
  ok!: false;

  /** @example "claude exit 1" */
  error!: string;

  /**
   * The last 2,000 characters that the CLI wrote to stderr, secrets redacted.
   * @example ""
   */
  stderr!: string;

  /**
   * Null with `unknown`.
   * @example 310
   */
  duration_ms!: number | null;

  /**
   * `error`, `timeout`, `cancelled` when the server was stopped, or `unknown` for a repeated request that the end of the
   * server cut off.
   * @example "error"
   */
  stop_reason!: string;
}

export class RunPageQuery extends PageQuery {
  /**
   * Only this app's.
   * @example "my-app"
   */
  @IsOptional()
  @IsString()
  app?: string;
}

export class RunRecordResponse {
  /** @example 7 */
  id!: number;

  /** @example "my-app" */
  app_name!: string;

  /**
   * The route that it came by: `/run`, `/v1/messages` or `/v1/chat/completions`.
   * @example "/run"
   */
  route!: string;

  /** @example "sonnet" */
  model!: string | null;

  /**
   * Length of the prompt; prompts and replies are not stored.
   * @example 41
   */
  prompt_chars!: number;

  /** @example "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" */
  prompt_sha256!: string;

  /**
   * `running`, `completed`, `failed`, `timed_out`, `cancelled` or `unknown`.
   * @example "completed"
   */
  status!: string;

  /**
   * Null while it runs, and when its outcome is unknown.
   * @example true
   */
  ok!: boolean | null;

  /** @example "end_turn" */
  stop_reason!: string | null;

  /** @example 2140 */
  duration_ms!: number | null;

  /** @example null */
  error!: string | null;

  /**
   * As the CLI reported it.
   * @example { "input_tokens": 11, "output_tokens": 9 }
   */
  usage!: Record<string, unknown> | null;

  /**
   * US dollars, as the CLI reported them.
   * @example 0.0021
   */
  cost_usd!: number | null;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;
}

export class RunPageResponse {
  /**
   * How many runs are in this answer.
   * @example 1
   */
  count!: number;

  runs!: RunRecordResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}
