import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A product on sale and the counters of its stock: `stock_total = available + stock_held + stock_sold`. */
@Entity('products')
export class ProductEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', unsigned: true })
  id!: number;

  @Column({ type: 'varchar', length: 255 })
  name!: string;

  /** Decimal string, such as "99.99". */
  @Column({ type: 'decimal', precision: 15, scale: 3 })
  price!: string;

  /** The shop's own name of the product. */
  @Column({ type: 'varchar', length: 64, nullable: true, unique: true })
  sku!: string | null;

  /** Null of products that were made before it was kept: those have the service's. */
  @Column({ type: 'char', length: 3, nullable: true })
  currency!: string | null;

  /** Units that one customer may have of it; null: as many as there are. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  max_per_customer!: number | null;

  /** The same over all products of its sale, of which it is a copy. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  sale_max_per_customer!: number | null;

  /** The groups of buyers that begin before the sale does, as the sale has them. */
  @Column({ type: 'varchar', length: 1000, nullable: true })
  early!: string | null;

  @Column({ type: 'int', unsigned: true })
  stock_total!: number;

  @Column({ type: 'int', unsigned: true, default: 0 })
  stock_sold!: number;

  @Column({ type: 'int', unsigned: true, default: 0 })
  stock_held!: number;

  /** Neither listed nor sold any more. */
  @Column({ type: 'boolean', default: false })
  is_archived!: boolean;

  /** The sale that it is part of, and what that sale says, written here under the lock of both. */
  @Column({ type: 'bigint', unsigned: true, nullable: true })
  sale_id!: number | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  on_sale_from!: string | null;

  @Column({ type: 'timestamp', precision: 3, nullable: true })
  on_sale_until!: string | null;

  @Column({ type: 'boolean', default: false })
  is_paused!: boolean;

  @Column({ type: 'int', unsigned: true, nullable: true })
  hold_seconds!: number | null;

  @Column({ type: 'tinyint', unsigned: true, nullable: true })
  hold_extensions!: number | null;

  @Column({ type: 'varchar', length: 10, nullable: true })
  show_stock!: string | null;

  /** Grows by one with every change of the row. */
  @Column({ type: 'bigint', unsigned: true, default: 1 })
  stock_version!: number;
}
