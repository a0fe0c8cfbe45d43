import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { RefundCause, RefundStatus } from './refunds.types.js';

/** Money that is owed back. */
@Entity('refunds')
export class RefundEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  /** Null when the payment's order is not known. */
  @Column({ type: 'bigint', unsigned: true, nullable: true })
  order_id!: number | null;

  @Column({ type: 'varchar', length: 20 })
  provider!: string;

  @Column({ type: 'varchar', length: 255 })
  transaction_id!: string;

  /** Null: all that was paid. */
  @Column({ type: 'decimal', precision: 15, scale: 3, nullable: true })
  amount!: string | null;

  @Column({ type: 'char', length: 3 })
  currency!: string;

  @Column({ type: 'varchar', length: 20 })
  status!: RefundStatus;

  @Column({ type: 'varchar', length: 255, nullable: true })
  reason!: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  provider_refund_id!: string | null;

  /** Whether the figure of what went back has confirmed it, and no refund with a number, or others' refunds were sent for it. */
  @Column({ type: 'boolean', default: false })
  is_counted!: boolean;

  /** Counts the tries at sending it. */
  @Column({ type: 'int', unsigned: true, default: 1 })
  attempt!: number;

  @Column({ type: 'varchar', length: 20, default: 'late' })
  cause!: RefundCause;

  /** Which of several of one cause. */
  @Column({ type: 'varchar', length: 255, default: '' })
  cause_ref!: string;
}
