import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** How a run stands; all but `running` are final. `unknown`: the server ended while it ran. */
export type RunStatus = 'running' | 'completed' | 'failed' | 'timed_out' | 'cancelled' | 'unknown';

@Entity('runs')
export class RunEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'app_name', type: 'text' })
  appName!: string;

  /** Which route it came by, such as `/run`. */
  @Column({ name: 'route', type: 'text' })
  route!: string;

  @Column({ name: 'model', type: 'text', nullable: true })
  model!: string | null;

  /** Length of the prompt in characters; the prompt itself is not kept. */
  @Column({ name: 'prompt_chars', type: 'integer' })
  promptChars!: number;

  @Column({ name: 'prompt_sha256', type: 'text' })
  promptSha256!: string;

  @Column({ name: 'status', type: 'text' })
  status!: RunStatus;

  @Column({ name: 'ok', type: 'boolean', nullable: true })
  ok!: boolean | null;

  @Column({ name: 'stop_reason', type: 'text', nullable: true })
  stopReason!: string | null;

  @Column({ name: 'duration_ms', type: 'integer', nullable: true })
  durationMs!: number | null;

  @Column({ name: 'error', type: 'text', nullable: true })
  error!: string | null;

  /** The CLI's own usage object, as JSON. */
  @Column({ name: 'usage', type: 'text', nullable: true })
  usage!: string | null;

  @Column({ name: 'cost_usd', type: 'real', nullable: true })
  costUsd!: number | null;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;
}
