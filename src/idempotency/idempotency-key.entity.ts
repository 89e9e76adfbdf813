import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** A key that an app sent with a request, and what the request was answered. */
@Entity('idempotency_keys')
export class IdempotencyKeyEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'app_name', type: 'text' })
  appName!: string;

  @Column({ name: 'method', type: 'text' })
  method!: string;

  @Column({ name: 'path', type: 'text' })
  path!: string;

  @Column({ name: 'key', type: 'text' })
  key!: string;

  @Column({ name: 'body_sha256', type: 'text' })
  bodySha256!: string;

  /** Null while the request runs, and for good when the server ended before its outcome was known. */
  @Column({ name: 'status', type: 'integer', nullable: true })
  status!: number | null;

  /** Those headers of the answer that are sent again, as a JSON object. */
  @Column({ name: 'headers', type: 'text', nullable: true })
  headers!: string | null;

  @Column({ name: 'kept_until', type: 'integer' })
  keptUntilMs!: number;
}

/** A piece of the body of a kept answer. */
@Entity('idempotency_answers')
export class IdempotencyAnswerEntity {
  @PrimaryColumn({ name: 'key_id', type: 'integer' })
  keyId!: number;

  /** Counts from 0. */
  @PrimaryColumn({ name: 'piece', type: 'integer' })
  piece!: number;

  @Column({ name: 'bytes', type: 'blob' })
  bytes!: Buffer;
}
