import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { TERMINAL_BOUNDS } from '../../claude-code/terminal/watched-terminal.js';
import { CLAUDE_ENGINES, type ClaudeEngine } from '../../config/app-config.js';
import { TERMINAL_KEYS } from '../../core/terminal-keys.js';

export const TERMINAL_STATES = ['busy', 'waiting'] as const;

/** At most 4,095 bytes go into a terminal at a time, and a UTF-16 unit is up to three of them. */
const MAX_TEXT_CHARS = 1000;

export class LiveTerminalResponse {
  /**
   * claude's session id, as the completions routes tell it too.
   * @example "5d1b0ae4-6f0e-4d0f-a8a5-8f8e1f6a3c11"
   */
  id!: string;

  /** @example "my-app" */
  app_name!: string;

  @ApiProperty({ enum: CLAUDE_ENGINES, example: 'terminal' })
  engine!: ClaudeEngine;

  /**
   * As it was asked for; null for claude's default.
   * @example "sonnet"
   */
  model!: string | null;

  /** @example "/srv/project" */
  cwd!: string;

  /** @example 4711 */
  pid!: number | null;

  /** Whether a turn runs in it, or it waits for its conversation to go on. */
  @ApiProperty({ enum: TERMINAL_STATES, example: 'waiting' })
  state!: (typeof TERMINAL_STATES)[number];

  /**
   * Turns that it has answered.
   * @example 2
   */
  num_turns!: number;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  started_at!: number;

  /**
   * The end of its last turn in Unix seconds; before that, when it was started.
   * @example 1763700060
   */
  last_used_at!: number;
}

export class LiveTerminalListResponse {
  /** @example 1 */
  count!: number;

  /** Oldest first. */
  terminals!: LiveTerminalResponse[];
}

export class CursorResponse {
  /** @example 2 */
  col!: number;

  /** @example 5 */
  row!: number;
}

export class ScreenResponse {
  /** @example 120 */
  cols!: number;

  /** @example 40 */
  rows!: number;

  /** Where the cursor is on the screen, counted from 0. */
  cursor!: CursorResponse;

  /**
   * The lines on the screen, without colours, ends trimmed.
   * @example "> say hello\n\n● Hello."
   */
  text!: string;

  /**
   * Escape sequences that draw the same screen and up to 1,000 lines above it in an empty terminal of this size.
   * @example "> say hello\r\n\r\n\u001b[1m●\u001b[0m Hello."
   */
  ansi!: string;
}

export class TerminalSnapshotResponse {
  terminal!: LiveTerminalResponse;

  screen!: ScreenResponse;
}

/** Either `keys` or `text`. */
export class TypeRequest {
  /** Keys by name, pressed in this order. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsIn(TERMINAL_KEYS, { each: true, message: `each is one of ${TERMINAL_KEYS.join(', ')}` })
  @ApiProperty({ isArray: true, enum: TERMINAL_KEYS, enumName: 'TerminalKey', example: ['Esc'] })
  keys?: string[];

  /**
   * Characters, control characters too, sent as they are: nothing presses Enter but `\r`.
   * @example "say hello\r"
   */
  @IsOptional()
  @IsString()
  @Length(1, MAX_TEXT_CHARS)
  text?: string;
}

export class TypeResponse {
  /** @example true */
  ok!: true;
}

export class ResizeRequest {
  /** @example 120 */
  @IsInt()
  @Min(TERMINAL_BOUNDS.minColumns)
  @Max(TERMINAL_BOUNDS.maxColumns)
  cols!: number;

  /** @example 40 */
  @IsInt()
  @Min(TERMINAL_BOUNDS.minRows)
  @Max(TERMINAL_BOUNDS.maxRows)
  rows!: number;
}

export class ResizeResponse {
  /** @example true */
  ok!: true;

  /** @example 120 */
  cols!: number;

  /** @example 40 */
  rows!: number;
}
