import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('tokens')
export class TokenEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** SHA-256 of the token, hex. */
  @Column({ name: 'hash', type: 'text' })
  hash!: string;

  @Column({ name: 'ip_cidrs', type: 'simple-json' })
  ipCidrs!: string[];

  @Column({ name: 'max_sessions', type: 'integer', nullable: true })
  maxSessions!: number | null;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;

  @Column({ name: 'last_used_at', type: 'integer', nullable: true })
  lastUsedAtMs!: number | null;

  @Column({ name: 'revoked_at', type: 'integer', nullable: true })
  revokedAtMs!: number | null;
}
