import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A reservation of `qty` units until `expires_at`. Its state is told by the two flags, see holds.types.ts. */
@Entity('holds')
export class HoldEntity {
  /** UUIDv7. */
  @PrimaryColumn({ type: 'binary', length: 16 })
  id!: Buffer;

  @Column({ type: 'bigint', unsigned: true })
  product_id!: number;

  @Column({ type: 'int', unsigned: true })
  qty!: number;

  @Column({ type: 'timestamp', precision: 3 })
  expires_at!: string;

  /** Null of holds that were made before prices were kept: those are priced by their product. */
  @Column({ type: 'decimal', precision: 15, scale: 3, nullable: true })
  unit_price!: string | null;

  /** That of the price; null of holds that were made before it was kept: those are in CURRENCY. */
  @Column({ type: 'char', length: 3, nullable: true })
  currency!: string | null;

  /** The sale under which it was made. */
  @Column({ type: 'bigint', unsigned: true, nullable: true })
  sale_id!: number | null;

  /** How often it was extended; null: never. */
  @Column({ type: 'tinyint', unsigned: true, nullable: true })
  extensions!: number | null;

  /** Whose it is, as the shop calls him; null: of whoever knows its id. */
  @Column({ type: 'varchar', length: 128, nullable: true })
  customer_id!: string | null;

  @Column({ type: 'tinyint', unsigned: true, default: 0 })
  used!: number;

  @Column({ type: 'tinyint', unsigned: true, default: 0 })
  released!: number;
}
