import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** An event that an endpoint was told of, or is to be. */
@Entity('webhook_deliveries')
export class DeliveryEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'bigint', unsigned: true })
  endpoint_id!: number;

  @Column({ type: 'bigint', unsigned: true })
  sequence!: number;

  /** Of an event of an order: those of one order reach an endpoint one after the other. */
  @Column({ type: 'binary', length: 16, nullable: true })
  hold_id!: Buffer | null;

  @Column({ type: 'varchar', length: 10 })
  status!: string;

  @Column({ type: 'tinyint', unsigned: true })
  attempts!: number;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  due_at!: string | null;

  /** What became of the last try. */
  @Column({ type: 'smallint', unsigned: true, nullable: true })
  answer_status!: number | null;

  @Column({ type: 'varbinary', length: 1024, nullable: true })
  answer!: Buffer | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  reason!: string | null;

  @Column({ type: 'int', unsigned: true, nullable: true })
  took_ms!: number | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  tried_at!: string | null;
}
