import { Injectable } from '@nestjs/common';
import { uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';

/** The counters of a product beside what its holds and orders prove. */
export interface StockProof {
  readonly product_id: number;
  readonly stock_total: number;
  readonly stock_held: number;
  readonly stock_sold: number;
  readonly proven_held: number;
  readonly proven_sold: number;
}

/**
 * Recounts stock from the rows: held is what unreleased holds reserve that have no order, or an unpaid one; sold is
 * what orders count as sold, whatever becomes of their money. One statement reads one moment, so a sale that goes on meanwhile is no drift.
 * Reads `products`, `holds` and `orders`, and writes nothing.
 */
@Injectable()
export class StockAuditRepository {
  /**
   * One repair of a product at a time, over all instances. The lock belongs to the session, not to the transaction,
   * and keeps nobody but repairs waiting.
   */
  async lockRepairs(tx: Transaction, productId: number): Promise<void> {
    const [[row]] = await tx.read<[{ taken: number | null }[]]>(`SELECT GET_LOCK(${lockName(productId)}, 10) AS taken`);
    if (row?.taken !== 1) throw new Error(`Product ${productId} is being repaired by somebody else.`);
  }

  async unlockRepairs(tx: Transaction, productId: number): Promise<void> {
    await tx.read(`SELECT RELEASE_LOCK(${lockName(productId)})`);
  }

  /** One product or all, by one statement: counters and rows as of one moment. */
  async prove(tx: Transaction, productId?: number): Promise<StockProof[]> {
    const [rows] = await tx.read<[StockProof[]]>(proofSql(productId));
    return rows;
  }
}

/** Named locks are the server's, for all of its databases. */
function lockName(productId: number): string {
  return `LEFT(SHA2(CONCAT('stock repair ', DATABASE(), ' ', ${uintLiteral(productId)}), 256), 64)`;
}

function proofSql(productId: number | undefined): string {
  const ofProduct = (column: string): string =>
    productId === undefined ? '' : `AND ${column} = ${uintLiteral(productId)}`;
  return `SELECT p.id AS product_id, p.stock_total, p.stock_held, p.stock_sold,
      CAST(COALESCE(h.held, 0) AS SIGNED) AS proven_held, CAST(COALESCE(s.sold, 0) AS SIGNED) AS proven_sold
    FROM products p
    LEFT JOIN (
      SELECT holds.product_id, SUM(holds.qty) AS held FROM holds LEFT JOIN orders o ON o.hold_id = holds.id
      WHERE holds.released = 0 AND (o.id IS NULL OR o.status = 'pending_payment') ${ofProduct('holds.product_id')}
      GROUP BY holds.product_id
    ) h ON h.product_id = p.id
    LEFT JOIN (
      SELECT holds.product_id, SUM(COALESCE(o.quantity_sold, IF(o.status = 'paid', holds.qty, 0))) AS sold
      FROM orders o JOIN holds ON holds.id = o.hold_id
      WHERE COALESCE(o.quantity_sold, o.status = 'paid') > 0 ${ofProduct('holds.product_id')}
      GROUP BY holds.product_id
    ) s ON s.product_id = p.id
    WHERE TRUE ${ofProduct('p.id')} ORDER BY p.id`;
}
