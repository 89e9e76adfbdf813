import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('sessions')
export class SessionEntity {
  /** Order of creation; pages of lists go by it. */
  @PrimaryGeneratedColumn({ name: 'seq', type: 'integer' })
  seq!: number;

  /** Ours, 32 lowercase hex characters. */
  @Column({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'app_name', type: 'text' })
  appName!: string;

  @Column({ name: 'agent', type: 'text' })
  agent!: string;

  @Column({ name: 'launch_command', type: 'text', nullable: true })
  launchCommand!: string | null;

  @Column({ name: 'agent_session_id', type: 'text', nullable: true })
  agentSessionId!: string | null;

  @Column({ name: 'cwd', type: 'text' })
  cwd!: string;

  /** Whether the directory was made by us and goes with the session. */
  @Column({ name: 'owns_cwd', type: 'boolean' })
  ownsCwd!: boolean;

  @Column({ name: 'marker', type: 'text' })
  marker!: string;

  /** A JSON object, as the app gave it. */
  @Column({ name: 'meta', type: 'text', nullable: true })
  meta!: string | null;

  /** `StoredSessionOptions` as JSON; null for the defaults. */
  @Column({ name: 'options', type: 'text', nullable: true })
  options!: string | null;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;

  /** End of the last completed turn. */
  @Column({ name: 'last_turn_at', type: 'integer', nullable: true })
  lastTurnAtMs!: number | null;

  /** End of the last turn of any outcome; before that the creation. */
  @Column({ name: 'idle_since', type: 'integer' })
  idleSinceMs!: number;

  /** Completed turns. */
  @Column({ name: 'turn_count', type: 'integer' })
  turnCount!: number;

  /** The highest index that was ever given to a turn. */
  @Column({ name: 'last_turn_index', type: 'integer' })
  lastTurnIndex!: number;

  @Column({ name: 'closed_at', type: 'integer', nullable: true })
  closedAtMs!: number | null;
}
