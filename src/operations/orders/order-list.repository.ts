import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { DataSource } from 'typeorm';
import { inCurrency } from '../../common/money.js';
import { CONFIG, type Config } from '../../config/config.js';
import { narrowed, type RowRange, rowsIn } from '../../database/row-range.js';
import { bytesOrNullLiteral, listOf, uintLiteral, uuidFromBinary, uuidLiteral } from '../../database/sql.js';
import { adjustmentsFrom } from '../../orders/adjustments.js';
import { type OrderStatus, QUANTITY_SOLD, type RawTags, tagsFrom, UNIT_PRICE } from '../../orders/orders.types.js';
import type { DisputeStatus } from '../../payment-providers/payment-provider.js';
import type { OrderFilter, OrderPayment, OrderView } from './order-list.types.js';

interface RawPayment {
  readonly provider: string | null;
  readonly transactionId: string;
  readonly amountPaid: string | null;
  readonly currencyPaid: string | null;
  readonly amountRefunded: string;
  readonly disputedAt: string | null;
  readonly disputeStatus: DisputeStatus | null;
  readonly disputeReason: string | null;
}

type RawView = Omit<OrderView, 'hold_id' | 'currency' | 'adjustments' | 'payment' | keyof RawTags> &
  RawTags &
  RawPayment & { readonly hold_id: Buffer; readonly currency: string | null; readonly adjustments: Buffer | null };

const COLUMNS = `o.id, o.hold_id, o.status, o.cancel_reason, o.amount, o.currency, o.adjustments, o.payment_due_at, o.created_at, o.updated_at,
  o.paid_transaction_id, o.sale_id, o.reference, o.reference_by, o.metadata, ${QUANTITY_SOLD} AS quantity_sold, h.product_id,
  h.qty, h.customer_id, ${UNIT_PRICE} AS unit_price, p.name AS product_name,
  p.sku, y.provider, y.transaction_id AS transactionId, y.amount AS amountPaid, y.currency AS currencyPaid,
  y.amount_refunded AS amountRefunded, y.disputed_at AS disputedAt, y.dispute_status AS disputeStatus,
  y.dispute_reason AS disputeReason`;

/** Where the orders that are wanted are looked for, by the table that leads to the fewest; disputes are few. */
const DISPUTED = `(SELECT DISTINCT order_id FROM payments WHERE disputed_at IS NOT NULL AND order_id IS NOT NULL) d
  STRAIGHT_JOIN orders w ON w.id = d.order_id`;
const OF_CUSTOMER = 'customer_holds c STRAIGHT_JOIN orders w ON w.hold_id = c.hold_id';

/** Orders for operators. Reads `orders`, `holds`, `products`, `payments` and `customer_holds`, and writes nothing. */
@Injectable()
export class OrderListRepository {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The range by numbers alone (see `narrowed`). */
  narrow(range: RowRange): Promise<RowRange> {
    return narrowed(range, 'orders', (sql) => this.database.query(sql));
  }

  /** Numbers of the orders that a payment is for, whoever's provider it is: those are few, and each has its index. */
  async findIdsByTransaction(transactionId: string): Promise<number[]> {
    const rows = await this.database.query<{ order_id: number }[]>(
      `SELECT y.order_id FROM (SELECT DISTINCT provider FROM payments) known
       STRAIGHT_JOIN payments y ON y.provider = known.provider AND y.transaction_id = ${escape(transactionId)}
       WHERE y.order_id IS NOT NULL`,
    );
    return rows.map((row) => row.order_id);
  }

  /** Whether no more than so many orders are in this state. */
  async isRare(status: OrderStatus, max: number): Promise<boolean> {
    const [row] = await this.database.query<{ count: string }[]>(
      `SELECT COUNT(*) AS count FROM (SELECT 1 FROM orders WHERE status = ${escape(status)} LIMIT ${uintLiteral(max + 1)}) some`,
    );
    return Number(row!.count) <= max;
  }

  /** The number of the last order of the range's first `step` ones; null where it has none. */
  async findEdge(range: RowRange, step: number): Promise<number | null> {
    const { above, below, order } = range;
    const ids = `SELECT id FROM orders WHERE id > ${uintLiteral(above)} AND id < ${uintLiteral(below)}
      ORDER BY id ${order} LIMIT ${uintLiteral(step)}`;
    const [row] = await this.database.query<{ edge: number | null }[]>(
      `SELECT ${order === 'ASC' ? 'MAX' : 'MIN'}(id) AS edge FROM (${ids}) step`,
    );
    return row!.edge;
  }

  /**
   * Orders of the range; with `ids`, of these alone. Which they are is told by as few tables as the filter needs, the one
   * that leads to them first, and only what is told of those is looked up: however few rows a server knows the other tables
   * to have, it makes no plan that joins what nobody asked for.
   */
  async find(filter: OrderFilter, ids: readonly number[] | null, range: RowRange): Promise<OrderView[]> {
    if (ids?.length === 0) return [];
    const { productId } = filter;
    const wanted = [
      `FROM ${sourceOf(filter)}`,
      ...(productId === null ? [] : ['holds v FORCE INDEX (PRIMARY) ON v.id = w.hold_id']),
    ].join(' STRAIGHT_JOIN ');
    const rows = await this.database.query<RawView[]>(
      `SELECT ${COLUMNS} FROM (SELECT w.id ${wanted} ${rowsIn(range, 'w', ...conditionsOf(filter, ids))}) wanted
       STRAIGHT_JOIN orders o ON o.id = wanted.id STRAIGHT_JOIN holds h ON h.id = o.hold_id
       STRAIGHT_JOIN products p ON p.id = h.product_id
       LEFT JOIN payments y ON y.order_id = o.id AND y.transaction_id = o.paid_transaction_id
       ORDER BY o.id ${range.order}`,
    );
    return rows.map((raw) => this.toView(raw));
  }

  private toView(raw: RawView): OrderView {
    const { provider, transactionId, amountPaid, currencyPaid, amountRefunded, ...rest } = raw;
    const { disputedAt, disputeStatus, disputeReason, ...order } = rest;
    const currency = raw.currency ?? this.config.payments.currency;
    const inIts = (sum: string): string => inCurrency(sum, currencyPaid ?? currency);
    const [amount, unit_price] = [inCurrency(raw.amount, currency), inCurrency(raw.unit_price, currency)];
    const payment: OrderPayment | null =
      provider === null
        ? null
        : {
            ...{ provider, transactionId, currency: currencyPaid },
            amount: amountPaid === null ? null : inIts(amountPaid),
            amountRefunded: inIts(amountRefunded),
            ...{ disputedAt, disputeStatus, disputeReason },
          };
    const told = { hold_id: uuidFromBinary(raw.hold_id), currency, amount, unit_price, payment };
    return { ...order, ...tagsFrom(raw), ...told, adjustments: adjustmentsFrom(raw.adjustments) };
  }
}

function sourceOf({ isDisputed, customerId }: OrderFilter): string {
  if (customerId === null) return isDisputed ? DISPUTED : 'orders w';
  return isDisputed ? `${DISPUTED} STRAIGHT_JOIN customer_holds c ON c.hold_id = w.hold_id` : OF_CUSTOMER;
}

function conditionsOf(filter: OrderFilter, ids: readonly number[] | null): string[] {
  const { status, productId, saleId, customerId, reference, holdId } = filter;
  return [
    ...(ids === null ? [] : [`w.id IN ${listOf(ids, uintLiteral)}`]),
    ...(status === null ? [] : [`w.status = ${escape(status)}`]),
    ...(productId === null ? [] : [`v.product_id = ${uintLiteral(productId)}`]),
    ...(saleId === null ? [] : [`w.sale_id = ${uintLiteral(saleId)}`]),
    ...(customerId === null ? [] : [`c.customer_id = ${escape(customerId)}`]),
    ...(reference === null ? [] : [`w.reference = ${bytesOrNullLiteral(reference)}`]),
    ...(holdId === null ? [] : [`w.hold_id = ${uuidLiteral(holdId)}`]),
  ];
}
