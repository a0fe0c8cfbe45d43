import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Something that happened, with its place among all events. */
@Entity('events')
export class EventEntity {
  @PrimaryColumn({ type: 'bigint', unsigned: true })
  sequence!: number;

  @Column({ type: 'varchar', length: 40 })
  type!: string;

  @Column({ type: 'timestamp', precision: 3 })
  occurred_at!: string;

  @Column({ type: 'int', unsigned: true, nullable: true })
  version!: number | null;

  @Column({ type: 'binary', length: 16, nullable: true })
  hold_id!: Buffer | null;

  /** JSON. */
  @Column({ type: 'text' })
  data!: string;
}
