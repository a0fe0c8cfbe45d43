import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { ProductEntity } from './product.entity.js';

/** A product beside what was told of it last. */
export interface Availability {
  readonly productId: number;
  readonly available: number;
  readonly isToldSoldOut: boolean;
  /** What was told less than a second ago stays as it was told. */
  readonly mayBeTold: boolean;
}

/** How long nothing more is told of a product. */
const SILENCE = 'INTERVAL 1 SECOND';

/** All SQL of the table `product_availability`. Reads `products`, without any lock. */
@Injectable()
export class AvailabilityRepository {
  constructor(@InjectRepository(ProductEntity) private readonly products: Repository<ProductEntity>) {}

  /** Products of which something else is so than was told; of what was never told, that there are units. */
  async findUntold(limit: number): Promise<number[]> {
    const rows = await this.products.query<{ id: number }[]>(
      `SELECT p.id FROM products p LEFT JOIN product_availability a ON a.product_id = p.id
       WHERE (p.stock_held + p.stock_sold = p.stock_total) <> COALESCE(a.is_sold_out, 0)
         AND (a.told_at IS NULL OR a.told_at <= NOW(3) - ${SILENCE})
       ORDER BY p.id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Locks what was told of these products, ids ascending, and then reads their figures: who waits for the lock reads what
   * is so once he has it. The products themselves stay free.
   */
  async lock(tx: Transaction, ids: readonly number[]): Promise<Availability[]> {
    const list = listOf(ids, uintLiteral);
    const rows = ids.map((id) => `(${uintLiteral(id)}, 0, NOW(3) - ${SILENCE})`);
    tx.write(
      `INSERT INTO product_availability (product_id, is_sold_out, told_at) VALUES ${rows.join(',')}
       ON DUPLICATE KEY UPDATE told_at = told_at`,
      null,
    );
    const [told, figures] = await tx.read<
      [{ id: number; is_sold_out: 0 | 1; may: 0 | 1 }[], { id: number; available: number }[]]
    >(
      `SELECT product_id AS id, is_sold_out, told_at <= NOW(3) - ${SILENCE} AS may FROM product_availability
       WHERE product_id IN ${list} ORDER BY product_id FOR UPDATE`,
      `SELECT id, stock_total - stock_held - stock_sold AS available FROM products WHERE id IN ${list}`,
    );
    const availableOf = new Map(figures.map(({ id, available }) => [id, available]));
    return told.map(({ id, is_sold_out, may }) => {
      return { productId: id, available: availableOf.get(id)!, isToldSoldOut: is_sold_out === 1, mayBeTold: may === 1 };
    });
  }

  /** Notes of locked rows what is told now. */
  update(tx: Transaction, ids: readonly number[], isSoldOut: boolean): void {
    if (ids.length === 0) return;
    tx.write(
      `UPDATE product_availability SET is_sold_out = ${isSoldOut ? 1 : 0}, told_at = NOW(3) WHERE product_id IN ${listOf(ids, uintLiteral)}`,
      ids.length,
    );
  }
}
