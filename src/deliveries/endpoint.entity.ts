import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A shop's address that is told of events. */
@Entity('webhook_endpoints')
export class EndpointEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 2048 })
  url!: string;

  /** JSON; null: all. */
  @Column({ type: 'text', nullable: true })
  types!: string | null;

  @Column({ type: 'varchar', length: 80 })
  secret!: string;

  @Column({ type: 'varchar', length: 80, nullable: true })
  old_secret!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  old_secret_until!: string | null;

  /** All events up to this number were told, or stand among the deliveries. */
  @Column({ type: 'bigint', unsigned: true })
  position!: number;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  failing_since!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  disabled_at!: string | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  disabled_reason!: string | null;

  /** Who is at it, until when. */
  @Column({ type: 'binary', length: 16, nullable: true })
  claim!: Buffer | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  claimed_until!: string | null;
}
