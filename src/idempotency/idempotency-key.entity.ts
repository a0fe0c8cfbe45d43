import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { IdempotencyScope } from './idempotency-key.js';

/** A key that a client sent with a request, and what the request made. */
@Entity('idempotency_keys')
export class IdempotencyKeyEntity {
  @PrimaryColumn({ type: 'varchar', length: 10 })
  scope!: IdempotencyScope;

  @PrimaryColumn({ type: 'varchar', length: 255 })
  idempotency_key!: string;

  /** What was asked for, to tell a repetition from another request. */
  @Column({ type: 'varchar', length: 64 })
  content!: string;

  /** UUID of what the request made. */
  @Column({ type: 'binary', length: 16 })
  reference!: Buffer;

  @Column({ type: 'timestamp', precision: 3 })
  created_at!: string;
}
