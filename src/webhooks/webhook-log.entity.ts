import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { PaymentResult, WebhookLogStatus } from './webhooks.types.js';

/** One payment event as it was received, and what became of it. */
@Entity('webhook_logs')
export class WebhookLogEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 255, unique: true })
  idempotency_key!: string;

  @Column({ type: 'json' })
  payload!: unknown;

  /** SHA-256 of the payment event's content. */
  @Column({ type: 'binary', length: 32 })
  payload_hash!: Buffer;

  @Column({ type: 'varchar', length: 20 })
  status!: WebhookLogStatus;

  @Column({ type: 'varchar', length: 20, nullable: true })
  outcome!: PaymentResult | null;

  /** Why the payment event had no effect; null when it had one. */
  @Column({ type: 'varchar', length: 60, nullable: true })
  reason!: string | null;

  @Column({ type: 'bigint', unsigned: true, nullable: true })
  order_id!: number | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  order_status!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  processed_at!: string | null;
}
