import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** What an operator changed. */
@Entity('audit_log')
export class AuditEntryEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  /** Made before the first try of the change. */
  @Column({ type: 'binary', length: 16 })
  act_id!: Buffer;

  @Column({ type: 'varchar', length: 80 })
  actor!: string;

  @Column({ type: 'bigint', unsigned: true, nullable: true })
  key_id!: number | null;

  @Column({ type: 'varchar', length: 40 })
  action!: string;

  @Column({ type: 'varchar', length: 20 })
  target!: string;

  @Column({ type: 'varchar', length: 128 })
  target_id!: string;

  /** JSON. */
  @Column({ type: 'text', nullable: true })
  fields_before!: string | null;

  @Column({ type: 'text', nullable: true })
  fields_after!: string | null;

  @Column({ type: 'varchar', length: 64, nullable: true })
  request_id!: string | null;
}
