import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A key of a program that makes operators' calls. */
@Entity('api_keys')
export class ApiKeyEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 80 })
  name!: string;

  /** Separated by commas. */
  @Column({ type: 'varchar', length: 255 })
  scopes!: string;

  /** SHA-256 of the secret. */
  @Column({ type: 'binary', length: 32 })
  secret_hash!: Buffer;

  /** To the minute. */
  @Column({ type: 'timestamp', precision: 3, nullable: true })
  last_used_at!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  revoked_at!: string | null;
}
