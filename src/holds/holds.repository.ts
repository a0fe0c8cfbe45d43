import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { amountOf, inCurrency } from '../common/money.js';
import { CONFIG, type Config } from '../config/config.js';
import {
  idOrNullLiteral,
  listOf,
  currencyLiteral,
  moneyLiteral,
  timestampLiteral,
  uintLiteral,
  uuidFromBinary,
  uuidLiteral,
} from '../database/sql.js';
import { rowName } from '../engine/row-locks.js';
import type { Transaction } from '../database/transactions.js';
import { HoldEntity } from './hold.entity.js';
import type { HoldRow, LockedHoldRow, PricedHoldRow } from './holds.types.js';

interface RawHold {
  id: Buffer;
  product_id: number;
  qty: number;
  expires_at: string;
  used: number;
  released: number;
  customer_id: string | null;
  is_expired: number;
}

interface RawPrice {
  sku: string | null;
  unit_price: string;
  /** Null of holds that were made before it was kept. */
  currency: string | null;
  sale_id: number | null;
  extensions: number | null;
  hold_extensions: number | null;
}

interface RawTerms {
  now: string;
  hold_seconds: number | null;
  payment_seconds: number | null;
  processing_seconds: number | null;
  has_sale_ended: number | null;
}

/** A product and how many of its holds are wanted at most. */
interface ProductLimit {
  readonly productId: number;
  readonly limit: number;
}

const WITH_PRODUCT = 'holds JOIN products ON products.id = holds.product_id';
const WITH_SALE = `${WITH_PRODUCT} LEFT JOIN sales ON sales.id = holds.sale_id`;
const TERMS =
  'NOW(3) AS now, sales.hold_seconds, sales.payment_seconds, sales.processing_seconds, ' +
  'sales.ended_at IS NOT NULL OR sales.ends_at <= NOW(3) AS has_sale_ended';

/** Of `products` where a hold was made before prices were kept. */
const PRICED =
  'products.sku, COALESCE(holds.unit_price, products.price) AS unit_price, holds.currency, holds.sale_id, ' +
  'holds.extensions, sales.hold_extensions';

const COLUMNS =
  'holds.id, holds.product_id, holds.qty, holds.expires_at, holds.used, holds.released, holds.customer_id, ' +
  'expires_at <= NOW(3) AS is_expired';

/** More than any sale allows, and the most that its column takes. */
const EXTENSIONS_MAX = 255;

/** All SQL of the table `holds`. Reads `products` and `sales` too, for what a locked hold costs and may. */
@Injectable()
export class HoldsRepository {
  constructor(
    @InjectRepository(HoldEntity) private readonly holds: Repository<HoldEntity>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async findById(id: string): Promise<PricedHoldRow | null> {
    const rows = await this.holds.query<(RawHold & RawPrice)[]>(
      `SELECT ${COLUMNS}, ${PRICED} FROM ${WITH_SALE} WHERE holds.id = ${uuidLiteral(id)}`,
    );
    return rows[0] === undefined ? null : this.toPricedRow(rows[0]);
  }

  /** Reads holds without a lock: who decides by them holds the lock of their products. */
  async findByIds(tx: Transaction, ids: Iterable<string>): Promise<PricedHoldRow[]> {
    const [rows] = await tx.read<[(RawHold & RawPrice)[]]>(
      `SELECT ${COLUMNS}, ${PRICED} FROM ${WITH_SALE} WHERE holds.id IN ${listOf(ids, uuidLiteral)}`,
    );
    return rows.map((raw) => this.toPricedRow(raw));
  }

  /**
   * Locks holds, ids ascending, and reads them once all locks are granted, so that whether one is expired is told by
   * the database's clock of that moment. Their products and sales stay unlocked.
   */
  async lock(tx: Transaction, ids: Iterable<string>): Promise<LockedHoldRow[]> {
    const list = listOf(new Set(ids), uuidLiteral);
    const [, rows] = await tx.read<[unknown[], (RawHold & RawPrice & RawTerms)[]]>(
      `SELECT id FROM holds WHERE id IN ${list} ORDER BY id FOR UPDATE`,
      `SELECT ${COLUMNS}, ${PRICED}, ${TERMS} FROM ${WITH_SALE} WHERE holds.id IN ${list}`,
    );
    return rows.map((raw) => {
      const { now, hold_seconds, payment_seconds, processing_seconds } = raw;
      const terms = { hold_seconds, payment_seconds, processing_seconds, has_sale_ended: raw.has_sale_ended === 1 };
      return { ...this.toPricedRow(raw), now, ...terms };
    });
  }

  /** Names of the rows of each hold: its own, and its product's where its order is paid as it is made. */
  async findRowsToOrder(ids: readonly string[], mayBePaid: ReadonlySet<string>): Promise<string[][]> {
    const rows = await this.holds.query<{ id: Buffer; product_id: number; is_free: number }[]>(
      `SELECT holds.id, product_id, COALESCE(unit_price, price) = 0 AS is_free FROM ${WITH_PRODUCT}
       WHERE holds.id IN ${listOf(ids, uuidLiteral)}`,
    );
    const byId = new Map(rows.map((row) => [uuidFromBinary(row.id), row]));
    return ids.map((id) => {
      const row = byId.get(id);
      const isPaid = row !== undefined && (row.is_free === 1 || mayBePaid.has(id));
      return [rowName.hold(id), ...(isPaid ? [rowName.product(row.product_id)] : [])];
    });
  }

  /** The database's time. */
  async readClock(): Promise<string> {
    const [row] = await this.holds.query<[{ now: string }]>('SELECT NOW(3) AS now');
    return row.now;
  }

  /**
   * Products with expired holds that still count as held, and since when. The index leads from each product
   * straight to its oldest open hold, so it costs a look-up a product, however many holds there are.
   */
  findProductsWithExpired(): Promise<{ product_id: number; overdue_ms: number }[]> {
    return this.holds.query(
      `SELECT product_id, TIMESTAMPDIFF(MICROSECOND, MIN(expires_at), NOW(3)) DIV 1000 AS overdue_ms FROM holds
       WHERE used = 0 AND released = 0 GROUP BY product_id HAVING MIN(expires_at) <= NOW(3)`,
    );
  }

  insert(tx: Transaction, holds: readonly PricedHoldRow[]): void {
    if (holds.length === 0) return;
    // What none of them has is not written: each column of a row costs the database something to read.
    const hasCustomers = holds.some(({ customer_id }) => customer_id !== null);
    const hasSales = holds.some(({ sale_id }) => sale_id !== null);
    const columns = `${hasCustomers ? ', customer_id' : ''}${hasSales ? ', sale_id' : ''}`;
    const values = holds.map(
      ({ id, product_id, qty, expires_at, unit_price, currency, customer_id, sale_id }) =>
        `(${uuidLiteral(id)},${uintLiteral(product_id)},${uintLiteral(qty)},${timestampLiteral(expires_at)},` +
        `${moneyLiteral(unit_price)},${currencyLiteral(currency)}` +
        `${hasCustomers ? `,${escape(customer_id)}` : ''}${hasSales ? `,${idOrNullLiteral(sale_id)}` : ''})`,
    );
    tx.insert(
      `INSERT INTO holds (id, product_id, qty, expires_at, unit_price, currency${columns}) VALUES ${values.join(',')}`,
    );
  }

  /**
   * Locks expired holds that still count as held, up to `limit` of them for each product, oldest first. Rows
   * that somebody else is deciding on right now are skipped instead of waited for: a caller that has the
   * product's lock already goes against the usual order (hold before product) and must not wait. One that has not
   * may, with `isWaiting`. The entry behind the range that is read is locked, too, which may be a hold of another product:
   * there it is taken for one that is decided on, and is found at the next look.
   */
  async lockExpired(tx: Transaction, wanted: readonly ProductLimit[], isWaiting = false): Promise<HoldRow[]> {
    const lock = isWaiting ? 'FOR UPDATE' : 'FOR UPDATE SKIP LOCKED';
    const results = await tx.read<RawHold[][]>(
      ...wanted.map((each) => `SELECT ${COLUMNS} ${fromExpired(each)} ${lock}`),
    );
    return results.flat().map(toRow);
  }

  /** Ids of those that {@link lockExpired} would lock. */
  async findExpired(wanted: ProductLimit): Promise<string[]> {
    const rows = await this.holds.query<Pick<RawHold, 'id'>[]>(`SELECT id ${fromExpired(wanted)}`);
    return rows.map(({ id }) => uuidFromBinary(id));
  }

  /**
   * Of these holds, those that have expired and still count as held; locked. Who calls it has the products' locks, which is
   * against the usual order, so what somebody else is deciding on is skipped.
   */
  async lockIfExpired(tx: Transaction, ids: Iterable<string>): Promise<string[]> {
    const [rows] = await tx.read<[Pick<RawHold, 'id'>[]]>(
      `SELECT id FROM holds WHERE id IN ${listOf(ids, uuidLiteral)} AND used = 0 AND released = 0 AND expires_at <= NOW(3)
       FOR UPDATE SKIP LOCKED`,
    );
    return rows.map(({ id }) => uuidFromBinary(id));
  }

  /** Counts expired holds that still count as held, up to `limit`, whoever has them locked, and their units, by product. */
  async countExpired(tx: Transaction, wanted: readonly ProductLimit[]): Promise<{ holds: number; units: number }[]> {
    const results = await tx.read<{ expired: number; units: string | null }[][]>(
      ...wanted.map(
        (each) => `SELECT COUNT(*) AS expired, SUM(qty) AS units FROM (SELECT qty ${fromExpired(each)}) AS due`,
      ),
    );
    return results.map(([row]) => ({ holds: row!.expired, units: Number(row!.units) }));
  }

  /** Locks released holds without an order that expired more than `days` days ago. */
  async lockReleasedBefore(tx: Transaction, productId: number, days: number, limit: number): Promise<HoldRow[]> {
    const [rows] = await tx.read<[RawHold[]]>(
      `SELECT ${COLUMNS} FROM holds WHERE product_id = ${uintLiteral(productId)} AND used = 0 AND released = 1
         AND expires_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY expires_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    return rows.map(toRow);
  }

  /** Numbers of the products that have holds in any state. */
  async findProductIds(): Promise<number[]> {
    const rows = await this.holds.query<{ product_id: number }[]>('SELECT DISTINCT product_id FROM holds');
    return rows.map((row) => row.product_id);
  }

  deleteReleased(tx: Transaction, ids: readonly string[]): void {
    if (ids.length === 0) return;
    tx.write(`DELETE FROM holds WHERE id IN ${listOf(ids, uuidLiteral)} AND released = 1`, ids.length);
  }

  /** Gives active holds more time, and counts that; one that has expired since it was locked fails the transaction. */
  extend(tx: Transaction, ids: readonly string[], expiresAt: string, times: number): void {
    tx.write(
      `UPDATE holds SET expires_at = ${timestampLiteral(expiresAt)}, extensions = COALESCE(extensions, 0) + ${uintLiteral(times)}
       WHERE id IN ${listOf(ids, uuidLiteral)} AND used = 0 AND released = 0 AND expires_at > NOW(3)`,
      ids.length,
    );
  }

  /** Holds of this transaction that get no more time, whatever the terms of their sale say later. */
  useUpExtensions(tx: Transaction, ids: readonly string[]): void {
    tx.write(`UPDATE holds SET extensions = ${EXTENSIONS_MAX} WHERE id IN ${listOf(ids, uuidLiteral)}`, ids.length);
  }

  /** Gives the customer of these holds another name. */
  rename(tx: Transaction, ids: readonly string[], from: string, to: string): void {
    tx.write(
      `UPDATE holds SET customer_id = ${escape(to)} WHERE id IN ${listOf(ids, uuidLiteral)} AND customer_id = ${escape(from)}`,
      null,
    );
  }

  /** active → used */
  markUsed(tx: Transaction, ids: readonly string[]): void {
    if (ids.length === 0) return;
    tx.write(
      `UPDATE holds SET used = 1 WHERE id IN ${listOf(ids, uuidLiteral)} AND used = 0 AND released = 0`,
      ids.length,
    );
  }

  /** active → released, or used → released when the order was cancelled. */
  markReleased(tx: Transaction, ids: readonly string[], from: 'active' | 'used'): void {
    if (ids.length === 0) return;
    const used = from === 'used' ? 1 : 0;
    tx.write(
      `UPDATE holds SET released = 1 WHERE id IN ${listOf(ids, uuidLiteral)} AND used = ${used} AND released = 0`,
      ids.length,
    );
  }

  private toPricedRow(raw: RawHold & RawPrice): PricedHoldRow {
    const { sku, sale_id } = raw;
    const { holds, payments } = this.config;
    const extensions_left = Math.max(0, (raw.hold_extensions ?? holds.extensions) - (raw.extensions ?? 0));
    const currency = raw.currency ?? payments.currency;
    const unit_price = inCurrency(raw.unit_price, currency);
    const price = { unit_price, amount: amountOf(unit_price, raw.qty), currency };
    return { ...toRow(raw), sku, ...price, sale_id, extensions_left };
  }
}

function fromExpired({ productId, limit }: ProductLimit): string {
  return `FROM holds WHERE product_id = ${uintLiteral(productId)} AND used = 0 AND released = 0
    AND expires_at <= NOW(3) ORDER BY expires_at LIMIT ${uintLiteral(limit)}`;
}

function toRow(raw: RawHold): HoldRow {
  const { id, product_id, qty, expires_at, customer_id } = raw;
  return {
    id: uuidFromBinary(id),
    product_id,
    qty,
    expires_at,
    customer_id,
    used: raw.used === 1,
    released: raw.released === 1,
    is_expired: raw.is_expired === 1,
  };
}
