import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TurnStatus } from '../core/turn-status.js';

@Entity('turns')
export class TurnEntity {
  /** Ours, 32 lowercase hex characters. */
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'session_id', type: 'text' })
  sessionId!: string;

  @Column({ name: 'turn_index', type: 'integer' })
  turnIndex!: number;

  @Column({ name: 'status', type: 'text' })
  status!: TurnStatus;

  @Column({ name: 'stop_reason', type: 'text', nullable: true })
  stopReason!: string | null;

  @Column({ name: 'error', type: 'text', nullable: true })
  error!: string | null;

  /** `TokenUsage` as JSON; null when the agent reported none. */
  @Column({ name: 'usage', type: 'text', nullable: true })
  usage!: string | null;

  /** Null where prompts are not kept. */
  @Column({ name: 'prompt', type: 'text', nullable: true })
  prompt!: string | null;

  @Column({ name: 'error_code', type: 'text', nullable: true })
  errorCode!: string | null;

  /** The deadline that the turn missed. */
  @Column({ name: 'deadline', type: 'text', nullable: true })
  deadline!: string | null;

  /** US dollars of the whole session up to this turn. */
  @Column({ name: 'cost_usd', type: 'real', nullable: true })
  costUsd!: number | null;

  /** Whether the agent began a new conversation in this turn. */
  @Column({ name: 'context_lost', type: 'boolean' })
  contextLost!: boolean;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;

  @Column({ name: 'started_at', type: 'integer', nullable: true })
  startedAtMs!: number | null;

  @Column({ name: 'ended_at', type: 'integer', nullable: true })
  endedAtMs!: number | null;

  @Column({ name: 'duration_ms', type: 'integer', nullable: true })
  durationMs!: number | null;

  /** Places in the log: all events of the turn lie from this one to `lastSeq`. */
  @Column({ name: 'first_seq', type: 'integer', nullable: true })
  firstSeq!: number | null;

  /** Null before the end. */
  @Column({ name: 'last_seq', type: 'integer', nullable: true })
  lastSeq!: number | null;
}
