import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Single values that the server keeps for itself, such as the hash of the admin token. */
@Entity('gateway_state')
export class GatewayStateEntity {
  @PrimaryColumn({ name: 'key', type: 'text' })
  key!: string;

  @Column({ name: 'value', type: 'text' })
  value!: string;
}
