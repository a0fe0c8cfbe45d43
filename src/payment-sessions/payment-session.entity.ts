import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SessionKind } from '../payment-providers/payment-provider.js';
import type { PaymentState, SessionTask } from './payment-sessions.types.js';

/** What the buyer of one order pays by; there is none of an order whose shop makes it by itself. */
@Entity('payment_sessions')
export class PaymentSessionEntity {
  @PrimaryColumn({ type: 'binary', length: 16 })
  hold_id!: Buffer;

  @Column({ type: 'varchar', length: 20 })
  provider!: string;

  @Column({ type: 'varchar', length: 10 })
  kind!: SessionKind;

  @Column({ type: 'varchar', length: 12 })
  state!: PaymentState;

  /** What is to be asked of the provider; null: nothing. */
  @Column({ type: 'varchar', length: 5, nullable: true })
  task!: SessionTask | null;

  /** From when on; while somebody is at it, until when he has it for himself. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  task_due_at!: string | null;
}
