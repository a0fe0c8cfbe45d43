import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { format } from 'mysql2';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import { groupBy } from '../common/group-by.js';
import { inCurrency } from '../common/money.js';
import { CONFIG, type Config } from '../config/config.js';
import { listOf, uintLiteral } from '../database/sql.js';
import { type RowRange, rowsIn } from '../database/row-range.js';
import type { Transaction } from '../database/transactions.js';
import { ProductEntity } from './product.entity.js';
import {
  FIRST_VERSION,
  type NewProduct,
  type ProductChange,
  type ProductRow,
  type SaleTerms,
  type StockMove,
} from './products.types.js';

/** All SQL of the table `products`. */
@Injectable()
export class ProductsRepository {
  /** `SELECT … WHERE id IN (?) … FOR UPDATE`, written once by TypeORM and filled in for each batch. */
  private readonly lockSql: string;

  constructor(
    @InjectRepository(ProductEntity) private readonly products: Repository<ProductEntity>,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.lockSql = this.selectRows()
      .where('p.id IN (:ids)', { ids: '' })
      .orderBy('p.id', 'ASC')
      .setLock('pessimistic_write')
      .getQuery()
      .replace(':ids', '?');
  }

  async findById(id: number): Promise<ProductRow | null> {
    const row = await this.selectRows().where('p.id = :id', { id }).getRawOne<ProductRow>();
    return row === undefined ? null : toRow(row);
  }

  /** Products, and the database's time before they were read; null where there are none. */
  async findWithTime(ids: readonly number[]): Promise<{ rows: ProductRow[]; now: string | null }> {
    const rows = await this.selectRows()
      .addSelect('NOW(3)', 'now')
      .where('p.id IN (:...ids)', { ids })
      .getRawMany<ProductRow & { now: string }>();
    return { rows: rows.map(toRow), now: rows[0]?.now ?? null };
  }

  /** Products on sale in the order of their ids. */
  async findPage(range: RowRange): Promise<ProductRow[]> {
    const rows = await this.products.query<ProductRow[]>(
      `${this.selectRows().getQuery()} ${rowsIn(range, 'p', 'p.is_archived = 0')}`,
    );
    return rows.map(toRow);
  }

  /** All products of the sales, archived ones too. */
  async findOfSales(saleIds: readonly number[]): Promise<ProductRow[]> {
    if (saleIds.length === 0) return [];
    const inSales = this.selectRows().where('p.sale_id IN (:...saleIds)', { saleIds });
    return rowsOf(inSales.orderBy('p.sale_id', 'ASC').addOrderBy('p.id', 'ASC'));
  }

  /** The products that have these SKUs, archived ones too. */
  async findWithSkus(skus: readonly string[]): Promise<ProductRow[]> {
    if (skus.length === 0) return [];
    return rowsOf(this.selectRows().where('p.sku IN (:...skus)', { skus }).orderBy('p.id', 'ASC'));
  }

  /** The product on sale that has this SKU; no two have the same. */
  findBySku(sku: string): Promise<ProductRow[]> {
    return rowsOf(this.selectRows().where('p.sku = :sku AND p.is_archived = 0', { sku }));
  }

  /** The number of the product that has this SKU. */
  async findIdBySku(tx: Transaction, sku: string): Promise<number | null> {
    const [rows] = await tx.read<[{ id: number }[]]>(format('SELECT id FROM products WHERE sku = ?', [sku]));
    return rows[0]?.id ?? null;
  }

  /** The sale of a product, read without a lock. */
  async findSaleId(tx: Transaction, id: number): Promise<number | null> {
    const [rows] = await tx.read<[{ sale_id: number | null }[]]>(
      `SELECT sale_id FROM products WHERE id = ${uintLiteral(id)}`,
    );
    return rows[0]?.sale_id ?? null;
  }

  /** The sales of these products in which customers are limited, by product; read without a lock. */
  async findLimitedSales(ids: readonly number[]): Promise<Map<number, number>> {
    if (ids.length === 0) return new Map();
    const rows = await this.products.query<{ id: number; sale_id: number }[]>(
      `SELECT id, sale_id FROM products WHERE id IN ${listOf(ids, uintLiteral)} AND sale_max_per_customer IS NOT NULL`,
    );
    return new Map(rows.map(({ id, sale_id }) => [id, sale_id]));
  }

  /** Read it under the lock of the sale: which products are in it changes under that lock only. */
  async findIdsOfSale(tx: Transaction, saleId: number): Promise<number[]> {
    const [rows] = await tx.read<[{ id: number }[]]>(
      `SELECT id FROM products WHERE sale_id = ${uintLiteral(saleId)} ORDER BY id`,
    );
    return rows.map(({ id }) => id);
  }

  /** Products on sale, those that were put there last first. */
  findNewest(limit: number): Promise<ProductRow[]> {
    return rowsOf(this.selectRows().where('p.is_archived = 0').orderBy('p.id', 'DESC').limit(limit));
  }

  /**
   * Locks the rows, ids ascending, until the transaction ends: every change of a product's stock waits here,
   * so what is decided on the returned figures is still true when it is written.
   *
   * @returns the rows that exist, and the database's time once the last lock was granted.
   */
  async lock(tx: Transaction, ids: Iterable<number>): Promise<{ rows: ProductRow[]; now: string }> {
    const [rows, [clock]] = await tx.read<[ProductRow[], [{ now: string }]]>(
      this.lockSql.replace('?', [...new Set(ids)].map(uintLiteral).join(',')),
      'SELECT NOW(3) AS now',
    );
    return { rows: rows.map(toRow), now: clock.now };
  }

  /** Moves the counters of locked rows with one statement. The UNSIGNED columns and the CHECK refuse nonsense. */
  moveStock(tx: Transaction, moves: readonly StockMove[]): void {
    if (moves.length === 0) return;
    const isTotalMoved = moves.some(({ total = 0 }) => total !== 0);
    const total = isTotalMoved ? `, stock_total = stock_total + ${deltaExpression(moves, 'total')}` : '';
    tx.write(
      `UPDATE products SET stock_held = stock_held + ${deltaExpression(moves, 'held')},
         stock_sold = stock_sold + ${deltaExpression(moves, 'sold')}${total}, stock_version = stock_version + 1
       WHERE id IN ${listOf(moves, (move) => uintLiteral(move.productId))}`,
      moves.length,
    );
  }

  /** @returns the number of the new product. */
  async insert(tx: Transaction, product: NewProduct & SaleTerms): Promise<number> {
    const values = { currency: this.config.payments.currency, ...product };
    tx.insert(format(`INSERT INTO products SET ?, stock_version = ${FIRST_VERSION}`, [values]));
    const [[made]] = await tx.read<[[{ id: number }]]>('SELECT LAST_INSERT_ID() AS id');
    return made.id;
  }

  /** Changes locked rows, all in the same way. */
  update(tx: Transaction, ids: readonly number[], change: ProductChange | SaleTerms): void {
    const assignments = Object.entries(change).map(([column, value]) => format('?? = ?', [column, value]));
    const set = [...assignments, 'stock_version = stock_version + 1'].join(', ');
    tx.write(`UPDATE products SET ${set} WHERE id IN ${listOf(ids, uintLiteral)}`, ids.length);
  }

  private selectRows(): SelectQueryBuilder<ProductEntity> {
    return this.products
      .createQueryBuilder('p')
      .select(['p.id AS id', 'p.name AS name', 'p.price AS price', 'p.stock_total AS stock_total'])
      .addSelect(['p.stock_sold AS stock_sold', 'p.stock_held AS stock_held', 'p.stock_version AS stock_version'])
      .addSelect(['p.is_archived AS is_archived', 'p.sku AS sku', 'p.sale_id AS sale_id', 'p.is_paused AS is_paused'])
      .addSelect(['p.on_sale_from AS on_sale_from', 'p.on_sale_until AS on_sale_until', 'p.show_stock AS show_stock'])
      .addSelect(['p.hold_seconds AS hold_seconds', 'p.hold_extensions AS hold_extensions'])
      .addSelect('p.early', 'early')
      .addSelect(['p.max_per_customer AS max_per_customer', 'p.sale_max_per_customer AS sale_max_per_customer'])
      .addSelect(`COALESCE(p.currency, '${this.config.payments.currency}')`, 'currency');
  }
}

async function rowsOf(query: SelectQueryBuilder<ProductEntity>): Promise<ProductRow[]> {
  return (await query.getRawMany<ProductRow>()).map(toRow);
}

/** The price with the decimals of its own currency; the column has three. */
function toRow(raw: ProductRow): ProductRow {
  return { ...raw, price: inCurrency(raw.price, raw.currency) };
}

/**
 * The delta of each product as an expression over its id. Products are grouped by delta, since in a sale most
 * move by the same one or two units: a CASE with a branch a product would cost a comparison for each pair.
 */
function deltaExpression(moves: readonly StockMove[], counter: 'held' | 'sold' | 'total'): string {
  const groups = [...groupBy(moves, (move) => move[counter] ?? 0)].sort(([, a], [, b]) => a.length - b.length);
  const [largestDelta] = groups.pop()!;
  if (groups.length === 0) return signed(largestDelta);
  const branches = groups.map(
    ([delta, members]) => `WHEN id IN ${listOf(members, (move) => uintLiteral(move.productId))} THEN ${signed(delta)}`,
  );
  return `CASE ${branches.join(' ')} ELSE ${signed(largestDelta)} END`;
}

function signed(delta: number): string {
  return delta < 0 ? `(-${uintLiteral(-delta)})` : uintLiteral(delta);
}
