import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { CancelReason, OrderStatus, ReferenceBy } from './orders.types.js';

/** An order, made of exactly one hold. */
@Entity('orders')
export class OrderEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'binary', length: 16 })
  hold_id!: Buffer;

  @Column({ type: 'varchar', length: 20 })
  status!: OrderStatus;

  @Column({ type: 'varchar', length: 20, nullable: true })
  cancel_reason!: CancelReason | null;

  /** Decimal string, such as "99.99". */
  @Column({ type: 'decimal', precision: 15, scale: 3 })
  amount!: string;

  /** Its hold's; null of orders that were made before it was kept: those are in CURRENCY. */
  @Column({ type: 'char', length: 3, nullable: true })
  currency!: string | null;

  /** JSON of what the shop added to the price of its units, or took off, UTF-8; null: nothing. */
  @Column({ type: 'varbinary', length: 5000, nullable: true })
  adjustments!: Buffer | null;

  /** The payment that paid the order; any other money for it is owed back. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  paid_transaction_id!: string | null;

  /** Who makes what its buyer pays by; null: the shop. */
  @Column({ type: 'varchar', length: 20, nullable: true })
  payment_provider!: string | null;

  /** Units that count as sold; null: of a paid order all of its hold's, of any other none. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  quantity_sold!: number | null;

  /** How often it has changed, its making included. */
  @Column({ type: 'int', unsigned: true, default: 1 })
  version!: number;

  /** How many returns there were of it; null: none. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  return_count!: number | null;

  /** Until when its buyer is told to pay. */
  @Column({ type: 'timestamp', precision: 3 })
  payment_due_at!: string;

  /** What ends it by the clock; null: `payment_due_at`, as an instance of the version before made it. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  due_at!: string | null;

  /** For how long a payment that takes days keeps it, in seconds; null: not at all. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  processing_seconds!: number | null;

  /** Since when such a payment is under way. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  processing_at!: string | null;

  /** The shop's own number of it, UTF-8. */
  @Column({ type: 'varbinary', length: 256, nullable: true })
  reference!: Buffer | null;

  /** Who sent the reference. */
  @Column({ type: 'varchar', length: 10, nullable: true })
  reference_by!: ReferenceBy | null;

  /** JSON of what else was written to it, UTF-8. */
  @Column({ type: 'varbinary', length: 1024, nullable: true })
  metadata!: Buffer | null;
}
