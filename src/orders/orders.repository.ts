import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { inCurrency } from '../common/money.js';
import { CONFIG, type Config } from '../config/config.js';
import {
  bytesOrNullLiteral,
  currencyLiteral,
  idOrNullLiteral,
  listOf,
  uintLiteral,
  uuidFromBinary,
  uuidLiteral,
} from '../database/sql.js';
import { rowName } from '../engine/row-locks.js';
import type { Transaction } from '../database/transactions.js';
import { type Adjustment, adjustmentsFrom } from './adjustments.js';
import { type Converted, fromNow, ORDER_COLUMNS, type RawOrder, toOrderRow } from './order-row.js';
import { OrderEntity } from './order.entity.js';
import {
  type NamedOrderRow,
  type NewOrder,
  type OrderFactsRow,
  type OrderRow,
  QUANTITY_SOLD,
  type OrderStatus,
  type RawTags,
  type ReturnableOrderRow,
  type ReturnedUnits,
  type Settlement,
  type ShopTexts,
  type StockedOrderRow,
  type TaggedOrderRow,
  tagsFrom,
  UNIT_PRICE,
} from './orders.types.js';
import { ORDER_TRANSITIONS } from './settling/settlement.js';

/** The numbers by which the rows of an order are locked. */
interface RawRows {
  readonly id: number | null;
  readonly hold_id: Buffer;
  readonly product_id: number;
  /** Money for it would be late, and would want so many units, */
  readonly late_qty: number | null;
  /** and would be counted over this sale. */
  readonly late_sale: number | null;
}

/** The rows that a decision about an order may have to wait for. */
interface NamedRows {
  readonly names: readonly string[];
  /** What late money for it would want; null where money is not late. */
  readonly wants: { readonly product_id: number; readonly qty: number } | null;
}

/** What the shop wrote to an order, as the driver reads it. */
type RawTexts = RawTags & { readonly adjustments: Buffer | null };

const TEXTS = 'o.adjustments, o.reference, o.reference_by, o.metadata';

/** What is told of an order, with the shop's words as the driver reads them. */
type RawTold<Row extends Converted> = Omit<RawOrder<Row>, keyof RawTexts> & RawTexts;

/** What decisions look at, with what answers tell beside. */
const TOLD = `${ORDER_COLUMNS}, ${TEXTS}`;

/** All SQL of the table `orders`. Reads `holds` and `products` too, for what an order is of. */
@Injectable()
export class OrdersRepository {
  constructor(
    @InjectRepository(OrderEntity) private readonly orders: Repository<OrderEntity>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The orders of these holds as they are now, for what never changes of them, and what the buyer calls what is bought. */
  async findOfHolds(holdIds: readonly string[]): Promise<NamedOrderRow[]> {
    const rows = await this.orders.query<RawOrder<NamedOrderRow>[]>(
      `SELECT ${ORDER_COLUMNS}, h.qty, p.name AS product_name
       FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id STRAIGHT_JOIN products p ON p.id = h.product_id
       WHERE o.hold_id IN ${listOf(holdIds, uuidLiteral)}`,
    );
    return rows.map((raw) => this.toRow(raw));
  }

  async findByHoldId(holdId: string): Promise<TaggedOrderRow | null> {
    const rows = await this.orders.query<RawTold<TaggedOrderRow>[]>(
      `SELECT ${TOLD} FROM orders o WHERE o.hold_id = ${uuidLiteral(holdId)}`,
    );
    return rows[0] === undefined ? null : this.toToldRow<TaggedOrderRow>(rows[0]);
  }

  /** The rows of each order: its own, its hold's and its product's; none of one that is not there. */
  async findRows(ids: readonly (number | null)[]): Promise<NamedRows[]> {
    const wanted = ids.filter((id) => id !== null);
    const rows = wanted.length === 0 ? [] : await this.findRowsWhere(`o.id IN ${listOf(wanted, uintLiteral)}`);
    const byOrder = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => toNamedRows(byOrder.get(id)));
  }

  /** Names of the same of each hold, with its order's if there is one. */
  async findRowsOfHolds(holdIds: readonly string[]): Promise<(readonly string[])[]> {
    const rows = await this.findRowsWhere(`h.id IN ${listOf(holdIds, uuidLiteral)}`);
    const byHold = new Map(rows.map((row) => [uuidFromBinary(row.hold_id), row]));
    return holdIds.map((holdId) => toNamedRows(byHold.get(holdId)).names);
  }

  private findRowsWhere(condition: string): Promise<RawRows[]> {
    return this.orders.query(
      `SELECT o.id, h.id AS hold_id, h.product_id, IF(o.status = 'cancelled', h.qty, NULL) AS late_qty,
         IF(o.status = 'cancelled' AND h.customer_id IS NOT NULL, h.sale_id, NULL) AS late_sale FROM holds h LEFT JOIN orders o ON o.hold_id = h.id WHERE ${condition}`,
    );
  }

  /** Locks orders, ids ascending, and the holds they were made of. Lock order: order, hold, product. */
  async lock(tx: Transaction, ids: Iterable<number>): Promise<StockedOrderRow[]> {
    const list = listOf(new Set(ids), uintLiteral);
    const [rows] = await tx.read<[RawOrder<StockedOrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS}, h.product_id, h.qty, h.customer_id FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id
       WHERE o.id IN ${list} ORDER BY o.id FOR UPDATE`,
    );
    return rows.map((raw) => this.toRow(raw));
  }

  /** Locks an order and its hold, and reads what of it can be returned, and how many returns there were. */
  async lockToReturn(tx: Transaction, id: number): Promise<ReturnableOrderRow | null> {
    const [rows] = await tx.read<[RawOrder<ReturnableOrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS}, h.product_id, h.qty, h.customer_id, ${UNIT_PRICE} AS unit_price,
         ${QUANTITY_SOLD} AS quantity_sold, CAST(COALESCE(o.return_count, 0) AS SIGNED) AS return_count
       FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id WHERE o.id = ${uintLiteral(id)} FOR UPDATE`,
    );
    if (rows[0] === undefined) return null;
    const order = this.toRow(rows[0]);
    return { ...order, unit_price: inCurrency(order.unit_price, order.currency) };
  }

  async lockByHoldIds(tx: Transaction, holdIds: Iterable<string>): Promise<OrderRow[]> {
    const list = listOf(new Set(holdIds), uuidLiteral);
    const [rows] = await tx.read<[RawOrder<OrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.hold_id IN ${list} FOR UPDATE`,
    );
    return rows.map((raw) => this.toRow(raw));
  }

  delete(tx: Transaction, ids: readonly number[]): void {
    if (ids.length === 0) return;
    tx.write(`DELETE FROM orders WHERE id IN ${listOf(ids, uintLiteral)} AND status = 'cancelled'`, ids.length);
  }

  /** Inserts orders; the unique key on hold_id refuses a second order of one hold. */
  insert(tx: Transaction, orders: readonly NewOrder[]): void {
    if (orders.length === 0) return;
    const values = orders.map(
      ({
        holdId,
        amount,
        currency,
        status,
        version,
        quantitySold,
        saleId,
        reference,
        reference_by,
        metadata,
        ...money
      }) =>
        `(${uuidLiteral(holdId)},'${status}',${escape(amount)},${currencyLiteral(currency)},${adjustmentsLiteral(money.adjustments)},` +
        `${escape(money.paidTransactionId)},` +
        `${fromNow(money.paymentSeconds)},${fromNow(money.paymentSeconds)},` +
        `${uintLiteral(money.processingSeconds)},${escape(money.paymentProvider)},${uintLiteral(version)},${uintLiteral(quantitySold)},${idOrNullLiteral(saleId)},` +
        `${bytesOrNullLiteral(reference)},${escape(reference_by)},${bytesOrNullLiteral(metadata && JSON.stringify(metadata))})`,
    );
    tx.insert(
      `INSERT INTO orders (hold_id, status, amount, currency, adjustments, paid_transaction_id, payment_due_at, due_at, processing_seconds, payment_provider, version, quantity_sold, sale_id, reference,
         reference_by, metadata)
       VALUES ${values.join(',')}`,
    );
  }

  /** Locked orders to which the shop wrote this text: as the reference, or as some value beside others; by their holds. */
  async findNaming(
    tx: Transaction,
    holdIds: readonly string[],
    text: string,
  ): Promise<(ShopTexts & { hold_id: string })[]> {
    const has = (column: string): string => `LOCATE(${bytesOrNullLiteral(JSON.stringify(text))}, ${column}) > 0`;
    const [rows] = await tx.read<[(RawTexts & { hold_id: Buffer })[]]>(
      `SELECT o.hold_id, ${TEXTS} FROM orders o
       WHERE o.hold_id IN ${listOf(holdIds, uuidLiteral)}
         AND (o.reference = ${bytesOrNullLiteral(text)} OR ${has('o.metadata')} OR ${has('o.adjustments')})`,
    );
    return rows.map((raw) => ({ ...textsFrom(raw), hold_id: uuidFromBinary(raw.hold_id) }));
  }

  writeTexts(tx: Transaction, holdId: string, { reference, metadata, adjustments }: ShopTexts): void {
    tx.write(
      `UPDATE orders SET reference = ${bytesOrNullLiteral(reference)}, metadata = ${bytesOrNullLiteral(metadata && JSON.stringify(metadata))},
         adjustments = ${adjustmentsLiteral(adjustments)}
       WHERE hold_id = ${uuidLiteral(holdId)}`,
      null,
    );
  }

  /** So many things more have happened to a locked order, that change nothing else of it. */
  raiseVersion(tx: Transaction, id: number, by: number): void {
    tx.write(`UPDATE orders SET version = version + ${uintLiteral(by)} WHERE id IN (${uintLiteral(id)})`, 1);
  }

  /** Counts fewer units of a locked order as sold; with another return since it was locked it fails the transaction. */
  takeBack(tx: Transaction, { order, quantity }: ReturnedUnits): void {
    const { id, quantity_sold, return_count } = order;
    const changes = quantity > 0 ? 'version = version + 1, ' : '';
    tx.write(
      `UPDATE orders SET ${changes}quantity_sold = ${uintLiteral(quantity_sold - quantity)}, return_count = ${uintLiteral(return_count + 1)}
       WHERE id = ${uintLiteral(id)} AND COALESCE(return_count, 0) = ${uintLiteral(return_count)}`,
      1,
    );
  }

  /** The orders of these holds, by the holds' ids. */
  async findByHoldIds(tx: Transaction, holdIds: Iterable<string>): Promise<Map<string, TaggedOrderRow>> {
    const [rows] = await tx.read<[RawTold<TaggedOrderRow>[]]>(
      `SELECT ${TOLD} FROM orders o WHERE o.hold_id IN ${listOf(new Set(holdIds), uuidLiteral)}`,
    );
    return new Map(rows.map((raw) => [uuidFromBinary(raw.hold_id), this.toToldRow<TaggedOrderRow>(raw)]));
  }

  /** What all answers tell of the orders of these holds, in one question. */
  async findFacts(tx: Transaction, holdIds: readonly string[]): Promise<OrderFactsRow[]> {
    const [rows] = await tx.read<[RawTold<OrderFactsRow>[]]>(
      `SELECT o.id, o.hold_id, o.status, o.amount, o.currency, o.payment_due_at, o.created_at, ${TEXTS},
         h.product_id, p.sku, h.qty, COALESCE(h.unit_price, p.price) AS unit_price, h.sale_id, h.customer_id
       FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id STRAIGHT_JOIN products p ON p.id = h.product_id
       WHERE o.hold_id IN ${listOf(holdIds, uuidLiteral)}`,
    );
    return rows.map((raw) => {
      const order = this.toToldRow<OrderFactsRow>(raw);
      return { ...order, unit_price: inCurrency(order.unit_price, order.currency) };
    });
  }

  /**
   * Settles locked orders that are all in one state and go to the same; an order that is in any other state
   * fails the transaction.
   */
  transition(tx: Transaction, from: OrderStatus, settlements: readonly Settlement[]): void {
    const [first] = settlements;
    if (first === undefined) return;
    if (!ORDER_TRANSITIONS[from].includes(first.to)) throw new Error(`An order can not go from ${from} to ${first.to}`);
    const ids = settlements.map(({ order }) => uintLiteral(order.id));
    tx.write(
      `UPDATE orders SET status = '${first.to}', version = version + 1${assignments(settlements)} WHERE id IN (${ids.join(',')}) AND status = '${from}'`,
      ids.length,
    );
  }

  private toRow<Row extends Converted>(raw: RawOrder<Row>): Row {
    return toOrderRow(raw, this.config);
  }

  private toToldRow<Row extends Converted>(raw: RawTold<Row>): Row {
    return { ...this.toRow(raw as unknown as RawOrder<Row>), ...textsFrom(raw) };
  }
}

function textsFrom(raw: RawTexts): Pick<TaggedOrderRow, keyof RawTexts> {
  return { ...tagsFrom(raw), adjustments: adjustmentsFrom(raw.adjustments) };
}

function adjustmentsLiteral(adjustments: readonly Adjustment[]): string {
  return bytesOrNullLiteral(adjustments.length === 0 ? null : JSON.stringify(adjustments));
}

/** What else is written of orders that go to the same state. */
function assignments(settlements: readonly Settlement[]): string {
  const [first] = settlements;
  if (first?.to === 'cancelled') return `, cancel_reason = ${escape(first.reason)}`;
  const ids = settlements.map(({ order }) => uintLiteral(order.id)).join(',');
  const byId = (values: string[]): string => `ELT(FIELD(id,${ids}),${values.join(',')})`;
  const units = byId(settlements.map(({ order }) => uintLiteral(order.qty)));
  // An instance of a version before may have paid it: then its units are counted by its state, which it leaves now.
  if (first?.order.status === 'paid') return `, quantity_sold = COALESCE(quantity_sold, ${units})`;
  const paid = settlements.filter((settlement) => settlement.to === 'paid');
  if (paid.length === 0) return '';
  const transactions = byId(paid.map(({ transactionId }) => escape(transactionId)));
  return `, cancel_reason = NULL, quantity_sold = ${units}, paid_transaction_id = ${transactions}`;
}

function toNamedRows(rows: RawRows | undefined): NamedRows {
  if (rows === undefined) return { names: [], wants: null };
  const { id, hold_id, product_id, late_qty, late_sale } = rows;
  const ofSale = late_sale === null ? [] : [rowName.sale(late_sale)];
  const names = [rowName.hold(uuidFromBinary(hold_id)), ...ofSale, rowName.product(product_id)];
  const wants = late_qty === null ? null : { product_id, qty: late_qty };
  return { names: id === null ? names : [rowName.order(id), ...names], wants };
}
