import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Products that are sold in one window of time. What of it a grant depends on stands on the products' rows, too. */
@Entity('sales')
export class SaleEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 255 })
  name!: string;

  @Column({ type: 'timestamp', precision: 3 })
  starts_at!: string;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  ends_at!: string | null;

  /** When an operator ended it; `ends_at` stays what was planned. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  ended_at!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  paused_at!: string | null;

  /** The terms; null is what the environment says. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  hold_seconds!: number | null;

  @Column({ type: 'int', unsigned: true, nullable: true })
  payment_seconds!: number | null;

  @Column({ type: 'tinyint', unsigned: true, nullable: true })
  hold_extensions!: number | null;

  @Column({ type: 'int', unsigned: true, nullable: true })
  processing_seconds!: number | null;

  @Column({ type: 'varchar', length: 10, nullable: true })
  show_stock!: string | null;

  @Column({ type: 'int', unsigned: true, nullable: true })
  max_per_customer!: number | null;

  /** JSON of the groups of buyers that begin before the others. */
  @Column({ type: 'varchar', length: 1000, nullable: true })
  early!: string | null;

  /** Whether its start is among the events. */
  @Column({ type: 'tinyint', unsigned: true, default: 0 })
  is_start_told!: 0 | 1;

  @Column({ type: 'tinyint', unsigned: true, default: 0 })
  is_end_told!: 0 | 1;
}
