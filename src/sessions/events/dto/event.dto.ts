import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { SESSION_EVENT_TYPES, type SessionEventType } from '../../../core/session-events.js';

export class EventPageQuery {
  /**
   * The `id` of the last event that was seen; the header `Last-Event-ID` wins over it.
   * @example "0f8fad5bd9cb-2s"
   */
  @IsOptional()
  @IsString()
  after?: string;

  /**
   * Only events of this turn; a stream then ends with the turn.
   * @example "5b3c2a1908f74e6d8c7b6a5f4e3d2c1b"
   */
  @IsOptional()
  @IsString()
  turn_id?: string;

  /**
   * Only these types, comma-separated.
   * @example "message.delta,turn.completed"
   */
  @ApiProperty({ type: String, required: false, example: 'message.delta,turn.completed' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsIn(SESSION_EVENT_TYPES, { each: true })
  types?: SessionEventType[];

  /**
   * How many at most; not for streams.
   * @example 100
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit = 1000;
}

export class SessionEventResponse {
  /**
   * Opaque; the cursor of this event.
   * @example "0f8fad5bd9cb-2s"
   */
  id!: string;

  /**
   * Null for events of the session itself.
   * @example "5b3c2a1908f74e6d8c7b6a5f4e3d2c1b"
   */
  turn_id!: string | null;

  /** @example 1 */
  turn_index!: number | null;

  @ApiProperty({ enum: SESSION_EVENT_TYPES, enumName: 'SessionEventType', example: 'message.delta' })
  type!: SessionEventType;

  /**
   * Depends on the type: docs/events.md.
   * @example { "text": "hello" }
   */
  data!: Record<string, unknown>;

  /**
   * The agent's message as it came; null for events of the server's own.
   * @example null
   */
  raw!: Record<string, unknown> | null;

  /**
   * Unix milliseconds.
   * @example 1763700000123
   */
  at_ms!: number;
}

export class EventPageResponse {
  events!: SessionEventResponse[];

  /**
   * The last id that was read: go on from it, also at the tail. Null only before any event.
   * @example "0f8fad5bd9cb-2s"
   */
  next!: string | null;
}
