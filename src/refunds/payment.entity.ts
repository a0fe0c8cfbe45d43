import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One payment at its provider: which order it is for, what was paid, and what of it went back. */
@Entity('payments')
export class PaymentEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 20 })
  provider!: string;

  @Column({ type: 'varchar', length: 255 })
  transaction_id!: string;

  /** Null while nobody has told. */
  @Column({ type: 'bigint', unsigned: true, nullable: true })
  order_id!: number | null;

  /** What was paid; null while nobody has told. */
  @Column({ type: 'decimal', precision: 15, scale: 3, nullable: true })
  amount!: string | null;

  @Column({ type: 'char', length: 3, nullable: true })
  currency!: string | null;

  @Column({ type: 'decimal', precision: 15, scale: 3, default: 0 })
  amount_refunded!: string;

  /** When a refund of it last came back, by the provider's clock: what was told before that is not true any more. */
  @Column({ type: 'datetime', precision: 3, nullable: true })
  refund_failed_at!: string | null;

  /** When it was first told that its buyer disputes it at the bank. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  disputed_at!: string | null;

  /** The provider's number of the last dispute, how it stands, and why; null also where nobody has told. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  dispute_id!: string | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  dispute_status!: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  dispute_reason!: string | null;

  /** From when on the provider's list of its refunds is to be read; null while they are known. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  refunds_due_at!: string | null;
}
