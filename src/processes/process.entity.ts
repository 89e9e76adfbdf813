import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MarkerKind } from './process-types.js';

/** A marker that may be in the environment of a live process of ours; written before the first such process starts. */
@Entity('processes')
export class ProcessEntity {
  @PrimaryColumn({ name: 'marker', type: 'text' })
  marker!: string;

  @Column({ name: 'kind', type: 'text' })
  kind!: MarkerKind;

  /** What the marker was made for: the id of a session, or a name that its room chose. */
  @Column({ name: 'owner_id', type: 'text' })
  ownerId!: string;

  /** Unix milliseconds. */
  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number;
}
