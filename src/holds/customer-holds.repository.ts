import { Injectable } from '@nestjs/common';
import { escape } from 'mysql2';
import { idOrNullLiteral, listOf, uintLiteral, uuidFromBinary, uuidLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';

/** That a hold is a buyer's, and how many of its units count in his limits. */
export interface CustomerHold {
  readonly hold_id: string;
  readonly customer_id: string;
  readonly limit_key: string;
  readonly product_id: number;
  /** The sale under which it was made, in which it counts wherever its product is by then; null: none. */
  readonly sale_id: number | null;
  readonly units: number;
}

/** Units that count, by what limits count by. */
export type CountedUnits = Pick<CustomerHold, 'limit_key' | 'product_id' | 'sale_id' | 'units'>;

/** Whose units are counted, and of what: of any of the products, and under any of the sales. */
export interface CountedScope {
  readonly limitKeys: ReadonlySet<string>;
  readonly productIds: ReadonlySet<number>;
  readonly saleIds: ReadonlySet<number>;
}

/** A hold that has expired and counts nevertheless: nobody has released it yet. */
type ExpiredUnits = CountedUnits & Pick<CustomerHold, 'hold_id'>;

type Raw<Row extends { hold_id: string }> = Omit<Row, 'hold_id'> & { readonly hold_id: Buffer };

/**
 * All SQL of the table `customer_holds`: a row for each hold that has a buyer, and none for all others. Its `units` change
 * in the transactions that change the hold or its order, under the same locks. Reads `holds` and `sales`, too.
 */
@Injectable()
export class CustomerHoldsRepository {
  insert(tx: Transaction, holds: readonly CustomerHold[]): void {
    if (holds.length === 0) return;
    const values = holds.map(
      ({ hold_id, customer_id, limit_key, product_id, sale_id, units }) =>
        `(${uuidLiteral(hold_id)},${escape(customer_id)},${escape(limit_key)},${uintLiteral(product_id)},` +
        `${idOrNullLiteral(sale_id)},${uintLiteral(units)})`,
    );
    tx.insert(
      `INSERT INTO customer_holds (hold_id, customer_id, limit_key, product_id, sale_id, units) VALUES ${values.join(',')}`,
    );
  }

  /**
   * What counts of the products, and in sales that have a limit, whichever. Read it once the locks of products and sales are
   * granted: nobody can add to it until they are free, and what others take off meanwhile is missed on the safe side. Only
   * what counts is read of a customer, by its index, however much he had before.
   */
  async countUnits(
    tx: Transaction,
    limitKeys: Iterable<string>,
    productIds: Iterable<number>,
  ): Promise<CountedUnits[]> {
    const [rows] = await tx.read<[(Omit<CountedUnits, 'units'> & { units: string })[]]>(
      `SELECT c.limit_key, c.product_id, c.sale_id, SUM(c.units) AS units
       FROM customer_holds c LEFT JOIN sales s ON s.id = c.sale_id
       WHERE c.limit_key IN ${listOf(limitKeys, escape)} AND c.units > 0
         AND (c.product_id IN ${listOf(productIds, uintLiteral)} OR s.max_per_customer IS NOT NULL)
       GROUP BY c.limit_key, c.product_id, c.sale_id`,
    );
    return rows.map((row) => ({ ...row, units: Number(row.units) }));
  }

  /** What of that counts only because nobody has released it yet. */
  async findExpired(tx: Transaction, { limitKeys, productIds, saleIds }: CountedScope): Promise<ExpiredUnits[]> {
    const ofSales = saleIds.size === 0 ? '' : ` OR c.sale_id IN ${listOf(saleIds, uintLiteral)}`;
    const [rows] = await tx.read<[Raw<ExpiredUnits>[]]>(
      `SELECT c.hold_id, c.limit_key, c.product_id, c.sale_id, c.units
       FROM customer_holds c STRAIGHT_JOIN holds h ON h.id = c.hold_id
       WHERE c.limit_key IN ${listOf(limitKeys, escape)} AND c.units > 0
         AND (c.product_id IN ${listOf(productIds, uintLiteral)}${ofSales})
         AND h.used = 0 AND h.released = 0 AND h.expires_at <= NOW(3)`,
    );
    return rows.map((raw) => ({ ...raw, hold_id: uuidFromBinary(raw.hold_id) }));
  }

  /** By what limits count of each hold; none of one that has no buyer. */
  async findByHoldIds(tx: Transaction, holdIds: Iterable<string>): Promise<CustomerHold[]> {
    const [rows] = await tx.read<[Raw<CustomerHold>[]]>(
      `SELECT hold_id, customer_id, limit_key, product_id, sale_id, units FROM customer_holds
       WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`,
    );
    return rows.map((raw) => ({ ...raw, hold_id: uuidFromBinary(raw.hold_id) }));
  }

  /** Gives a customer another name in these rows, and in what limits count by. */
  rename(tx: Transaction, holdIds: readonly string[], from: string, to: string): void {
    // MySQL and MariaDB set columns from left to right: what is compared has to be set last.
    tx.write(
      `UPDATE customer_holds SET limit_key = IF(customer_id = ${escape(from)} OR limit_key = ${escape(from)}, ${escape(to)}, limit_key),
         customer_id = IF(customer_id = ${escape(from)}, ${escape(to)}, customer_id)
       WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`,
      null,
    );
  }

  /** Of each of these holds so many units count from now on; of one that has no buyer there is no row, and none is needed. */
  setUnits(tx: Transaction, holdIds: readonly string[], units: number): void {
    if (holdIds.length === 0) return;
    tx.write(
      `UPDATE customer_holds SET units = ${uintLiteral(units)} WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`,
      null,
    );
  }

  /** All units of these holds count again. */
  restoreUnits(tx: Transaction, holdIds: readonly string[]): void {
    if (holdIds.length === 0) return;
    tx.write(
      `UPDATE customer_holds c JOIN holds h ON h.id = c.hold_id SET c.units = h.qty
       WHERE c.hold_id IN ${listOf(holdIds, uuidLiteral)}`,
      null,
    );
  }
}
