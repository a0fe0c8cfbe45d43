import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Who is signed in at the console. */
@Entity('operator_sessions')
export class OperatorSessionEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  /** Number of the API key; null for who has the admin token. */
  @Column({ type: 'bigint', unsigned: true, nullable: true })
  key_id!: number | null;

  @Column({ type: 'binary', length: 32 })
  secret_hash!: Buffer;

  @Column({ type: 'timestamp', precision: 3 })
  expires_at!: string;
}
