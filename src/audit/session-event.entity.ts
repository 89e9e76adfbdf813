import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One line of the audit trail. It outlives the session it tells of. */
@Entity('session_events')
export class SessionEventEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'session_id', type: 'text', nullable: true })
  sessionId!: string | null;

  @Column({ name: 'app_name', type: 'text', nullable: true })
  appName!: string | null;

  @Column({ name: 'event', type: 'text' })
  event!: string;

  /** A JSON object. */
  @Column({ name: 'detail', type: 'text', nullable: true })
  detail!: string | null;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;
}
