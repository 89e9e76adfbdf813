import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One upload; its bytes are in the files directory under `storedName`. */
@Entity('files')
export class FileEntity {
  /** Order of arrival. */
  @PrimaryGeneratedColumn({ name: 'seq', type: 'integer' })
  seq!: number;

  @Column({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'app_name', type: 'text' })
  appName!: string;

  /** What the client called it; never used as a path. */
  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'stored_name', type: 'text' })
  storedName!: string;

  /** Bytes. */
  @Column({ name: 'size', type: 'integer' })
  size!: number;

  /** SHA-256 of the bytes, hex. */
  @Column({ name: 'sha256', type: 'text' })
  sha256!: string;

  @Column({ name: 'created_at', type: 'integer' })
  createdAtMs!: number;
}
