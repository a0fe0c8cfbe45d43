import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { format } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { SaleEntity } from './sale.entity.js';
import type { SaleFields, SaleRow } from './sales.types.js';

const COLUMNS =
  'id, name, starts_at, ends_at, ended_at, paused_at, hold_seconds, payment_seconds, hold_extensions, processing_seconds, show_stock, max_per_customer, ' +
  'early, is_start_told, is_end_told, NOW(3) AS server_time';

/** How long after its end the public still sees a sale in the list. */
const LISTED = 'NOW(3) - INTERVAL 1 DAY';

/** All SQL of the table `sales`. Reads `products`, for which sales they are in. */
@Injectable()
export class SalesRepository {
  constructor(@InjectRepository(SaleEntity) private readonly sales: Repository<SaleEntity>) {}

  async findById(id: number): Promise<SaleRow | null> {
    const [row] = await this.sales.query<SaleRow[]>(`SELECT ${COLUMNS} FROM sales WHERE id = ${uintLiteral(id)}`);
    return row ?? null;
  }

  /** Sales in the order of their ids. */
  async findPage(range: RowRange): Promise<SaleRow[]> {
    const close = await narrowed(range, 'sales', (sql) => this.sales.query(sql));
    return this.sales.query<SaleRow[]>(`SELECT ${COLUMNS} FROM sales ${rowsIn(close, 'sales')}`);
  }

  /** The same without those that ended over a day ago, by their time or by their operator. */
  findCurrentPage(range: RowRange): Promise<SaleRow[]> {
    const isCurrent = ['ends_at', 'ended_at'].map((end) => `(${end} IS NULL OR ${end} > ${LISTED})`);
    return this.sales.query<SaleRow[]>(`SELECT ${COLUMNS} FROM sales ${rowsIn(range, 'sales', ...isCurrent)}`);
  }

  /** Locks sales, ids ascending. Lock order: sale, product. */
  async lock(tx: Transaction, ids: Iterable<number>): Promise<SaleRow[]> {
    const [rows] = await tx.read<[SaleRow[]]>(
      `SELECT ${COLUMNS} FROM sales WHERE id IN ${listOf(new Set(ids), uintLiteral)} ORDER BY id FOR UPDATE`,
    );
    return rows;
  }

  /**
   * Locks those sales of the products that have a limit for each customer, ids ascending, and neither a product nor another
   * sale. Lock order: sale, product: it is the first statement of the packet that locks the products, which may have changed
   * their sales by then.
   */
  async lockLimitedOf(tx: Transaction, productIds: Iterable<number>): Promise<number[]> {
    // A sale's row is locked before any condition on it is looked at, in the order in which the join meets it. So the
    // products say which they are, and these few are sorted before the join, whatever the planner thinks of a small table.
    const [rows] = await tx.read<[{ id: number }[]]>(
      `SELECT s.id FROM (SELECT DISTINCT sale_id FROM products
         WHERE id IN ${listOf(productIds, uintLiteral)} AND sale_max_per_customer IS NOT NULL) limited
       STRAIGHT_JOIN sales s FORCE INDEX (PRIMARY) ON s.id = limited.sale_id ORDER BY limited.sale_id FOR UPDATE`,
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Locks locked sales at all nodes of a cluster, where a row that is only locked is so at this node alone: another one might
   * count the same customer at the same time, over another product of the sale. Two that write it can't both commit.
   */
  lockEverywhere(tx: Transaction, ids: readonly number[]): void {
    if (!tx.isOnCluster || ids.length === 0) return;
    const changed = 'updated_at = updated_at + INTERVAL 1000 MICROSECOND';
    tx.write(`UPDATE sales SET ${changed} WHERE id IN ${listOf(ids, uintLiteral)}`, ids.length);
  }

  /** The database's time. */
  async now(tx: Transaction): Promise<string> {
    const [[clock]] = await tx.read<[[{ now: string }]]>('SELECT NOW(3) AS now');
    return clock.now;
  }

  /** @returns the number of the new sale. */
  async insert(tx: Transaction, fields: SaleFields): Promise<number> {
    tx.insert(format('INSERT INTO sales SET ?', [{ ...fields }]));
    const [[made]] = await tx.read<[[{ id: number }]]>('SELECT LAST_INSERT_ID() AS id');
    return made.id;
  }

  /** Numbers of sales whose start or end has passed, and is not among the events. What has ended has its start told, too. */
  async findUntold(limit: number): Promise<number[]> {
    const rows = await this.sales.query<{ id: number }[]>(
      `SELECT id FROM sales WHERE is_end_told = 0
         AND ((is_start_told = 0 AND starts_at <= NOW(3)) OR ends_at <= NOW(3) OR ended_at <= NOW(3))
       ORDER BY id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(({ id }) => id);
  }

  /** Notes that edges of a locked sale are among the events. */
  markTold(tx: Transaction, id: number, told: Partial<Pick<SaleRow, 'is_start_told' | 'is_end_told'>>): void {
    tx.write(format(`UPDATE sales SET ? WHERE id = ${uintLiteral(id)}`, [told]), 1);
  }

  /** Changes a locked sale; it must differ from what it was. */
  update(tx: Transaction, id: number, change: Partial<SaleFields>): void {
    tx.write(format(`UPDATE sales SET ? WHERE id = ${uintLiteral(id)}`, [{ ...change }]), 1);
  }
}
