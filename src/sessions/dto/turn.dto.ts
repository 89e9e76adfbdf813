import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { TURN_STATUSES, type TurnStatus } from '../../core/turn-status.js';

/** Deadlines of a turn besides `timeout_secs`, each in seconds; none when not given. */
export class TurnDeadlinesBody {
  /**
   * Until the prompt is with a ready agent.
   * @example 60
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  start_secs?: number;

  /**
   * From there until the agent's first message.
   * @example 120
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  first_event_secs?: number;

  /**
   * Between two messages of the agent.
   * @example 300
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  silence_secs?: number;
}

export class TurnRequestBody {
  /**
   * What to say to the agent; needed unless there is `content`.
   * @example "Say hello."
   */
  @ValidateIf((body: TurnRequestBody) => body.prompt !== undefined || body.content === undefined)
  @IsString()
  @IsNotEmpty()
  prompt?: string;

  /**
   * Content blocks behind the prompt, as ACP has them: `text`, `image`, `resource` and `resource_link`. File URIs lie below
   * `CLAWDFORGE_FILE_ROOTS`.
   * @example [{ "type": "text", "text": "And this." }]
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsObject({ each: true })
  content?: Record<string, unknown>[];

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
   * Seconds until the turn is ended as timed out.
   * @example 600
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  timeout_secs = 600;

  @IsOptional()
  @ValidateNested()
  @Type(() => TurnDeadlinesBody)
  deadlines?: TurnDeadlinesBody;
}

/** Tokens as the agent reported them; null where it did not. */
export class TurnUsageResponse {
  /** @example 11 */
  input_tokens!: number | null;

  /** @example 9 */
  output_tokens!: number | null;

  /** @example 0 */
  cached_read_tokens!: number | null;

  /** @example 0 */
  cached_write_tokens!: number | null;

  /** @example 20 */
  total_tokens!: number | null;
}

export class TurnStateResponse {
  /** @example true */
  ok!: true;

  /**
   * 32 lowercase hex characters.
   * @example "5b3c2a1908f74e6d8c7b6a5f4e3d2c1b"
   */
  turn_id!: string;

  /** @example "0f8fad5bd9cb469fa16570867728950e" */
  session_id!: string;

  /** @example 1 */
  turn_index!: number;

  @ApiProperty({
    enum: TURN_STATUSES,
    enumName: 'TurnStatus',
    description: 'The last five are final; `unknown`: the server ended while the turn ran.',
    example: 'completed',
  })
  status!: TurnStatus;

  /**
   * Null where prompts are not kept (`CLAWDFORGE_KEEP_PROMPTS`).
   * @example null
   */
  prompt!: string | null;

  /** @example "end_turn" */
  stop_reason!: string | null;

  /** @example null */
  error!: string | null;

  /**
   * Why the turn failed, such as `agent_died`, where more is known than the text says.
   * @example null
   */
  error_code!: string | null;

  /**
   * The deadline that the turn missed: `start`, `first_event`, `silence` or `total`.
   * @example null
   */
  deadline!: string | null;

  /**
   * Whether the agent could not go on with the earlier conversation and began a new one.
   * @example false
   */
  context_lost!: boolean;

  usage!: TurnUsageResponse | null;

  /**
   * US dollars of the whole session up to this turn, where the agent reports them.
   * @example 0.0021
   */
  cost_usd!: number | null;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;

  /**
   * Unix seconds; null while the turn waits.
   * @example 1763700000
   */
  started_at!: number | null;

  /**
   * Unix seconds; null before the end.
   * @example 1763700002
   */
  ended_at!: number | null;

  /** @example 1830 */
  duration_ms!: number | null;
}

export class TurnPageResponse {
  turns!: TurnStateResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}

export class TurnResponse {
  /** @example true */
  ok!: true;

  /** @example "0f8fad5bd9cb469fa16570867728950e" */
  session_id!: string;

  /**
   * Counts from 1; never used twice, failed turns included.
   * @example 1
   */
  turn_index!: number;

  /**
   * The agent's own, such as `end_turn`, `max_tokens` or `refusal`; `cancelled` when the session was closed meanwhile.
   * @example "end_turn"
   */
  stop_reason!: string;

  /**
   * Every JSON-RPC object that the agent's side printed, in order.
   * @example [{ "jsonrpc": "2.0", "id": 2, "result": { "stopReason": "end_turn" } }]
   */
  events!: Record<string, unknown>[];

  /**
   * From the start of the turn to its end, waiting in the queue not included.
   * @example 1830
   */
  duration_ms!: number;

  /**
   * The agent's message chunks, joined.
   * @example "hello"
   */
  text!: string;
}

export class TurnFailedResponse {
  /** @example false */
  ok!: false;

  /** @example "0f8fad5bd9cb469fa16570867728950e" */
  session_id!: string;

  /**
   * Null with `unknown`.
   * @example 2
   */
  turn_index!: number | null;

  /**
   * `error`, `timeout`, what the agent gave, or `unknown` for a repeated request that the end of the server cut off.
   * @example "error"
   */
  stop_reason!: string;

  /**
   * What went wrong.
   * @example "agent or protocol error"
   */
  error!: string;

  /** @example [] */
  events!: Record<string, unknown>[];

  /**
   * Null with `unknown`.
   * @example 950
   */
  duration_ms!: number | null;

  /**
   * The last 2,000 characters that the agent's side wrote to stderr, secrets redacted.
   * @example ""
   */
  stderr!: string;
}
