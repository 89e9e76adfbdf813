import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../common/page-query.dto.js';
import { AUDIT_EVENTS, type AuditEventName } from '../audit-trail.js';

export class AuditPageQuery extends PageQuery {
  /**
   * Only this app's.
   * @example "my-app"
   */
  @IsOptional()
  @IsString()
  app?: string;

  /**
   * Only this session's.
   * @example "0f8fad5bd9cb469fa16570867728950e"
   */
  @IsOptional()
  @IsString()
  session_id?: string;

  /**
   * Only events of this name.
   * @example "turn"
   */
  @IsOptional()
  @IsIn(AUDIT_EVENTS)
  event?: AuditEventName;
}

export class AuditEventResponse {
  /** @example 42 */
  id!: number;

  /** @example "my-app" */
  app_name!: string | null;

  /**
   * Null for events of tokens; of a completion claude's session, null when it did not end well.
   * @example "0f8fad5bd9cb469fa16570867728950e"
   */
  session_id!: string | null;

  /** @example "turn" */
  event!: string;

  /**
   * Whatever the event has to tell.
   * @example { "turn_index": 1, "status": "completed", "stop_reason": "end_turn", "duration_ms": 1830 }
   */
  detail!: Record<string, unknown> | null;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;
}

export class AuditPageResponse {
  /**
   * How many events are in this answer.
   * @example 1
   */
  count!: number;

  events!: AuditEventResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}
