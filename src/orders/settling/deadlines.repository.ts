import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { CONFIG, type Config } from '../../config/config.js';
import { listOf, timestampLiteral, uintLiteral } from '../../database/sql.js';
import type { Transaction } from '../../database/transactions.js';
import { fromNow, ORDER_COLUMNS, type RawOrder, toOrderRow } from '../order-row.js';
import { OrderEntity } from '../order.entity.js';
import type { ClaimedOrderRow, OrderRow, StockedOrderRow, UnderWay } from '../orders.types.js';

/** The clock's own way into the table, which a planner that knows few rows would leave. */
const BY_DUE = 'orders o FORCE INDEX (orders_due)';

/** Nobody has to be asked whether these were paid. */
const IS_PLAIN = 'o.payment_provider IS NULL';

/** What ends an order by itself: its payment's deadline, or the end of what a payment that takes days is given. */
const OWN_DUE =
  'GREATEST(payment_due_at, COALESCE(processing_at + INTERVAL processing_seconds SECOND, payment_due_at))';

/** For how long who asks a provider about an order has it for himself, in seconds: longer than that takes. */
const CLAIM_SECONDS = 60;

/** After how long a provider that did not say is asked again, in seconds. */
const ASKED_AGAIN_SECONDS = 5;

/** Nobody but the clock is told of `due_at`; an instance of the version before does not write it. */
const IS_DUE = `o.status = 'pending_payment'
  AND (o.due_at <= NOW(3) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(3)))`;

/** The SQL of when orders end by the clock, in the table `orders`. Reads `holds` too, for what an order is of. */
@Injectable()
export class DeadlinesRepository {
  constructor(
    @InjectRepository(OrderEntity) private readonly orders: Repository<OrderEntity>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Locks unpaid orders past their deadline of which nobody is asked, with their holds, oldest first; what others decide on
   * is skipped.
   */
  async lockDue(tx: Transaction, limit: number, productId: number | null): Promise<StockedOrderRow[]> {
    const ofProduct = productId === null ? '' : ` AND h.product_id = ${uintLiteral(productId)}`;
    const [rows] = await tx.read<[RawOrder<StockedOrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS}, h.product_id, h.qty, h.customer_id FROM ${BY_DUE} STRAIGHT_JOIN holds h ON h.id = o.hold_id
       WHERE ${IS_DUE} AND ${IS_PLAIN}${ofProduct}
       ORDER BY o.due_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    return rows.map((raw) => this.toRow(raw));
  }

  /** Numbers of the products of unpaid orders past their deadline. */
  async findProductsWithDue(): Promise<number[]> {
    const rows = await this.orders.query<{ product_id: number }[]>(
      `SELECT DISTINCT h.product_id FROM ${BY_DUE} STRAIGHT_JOIN holds h ON h.id = o.hold_id
       WHERE ${IS_DUE} AND ${IS_PLAIN}`,
    );
    return rows.map((row) => row.product_id);
  }

  /** The providers of whose sessions unpaid orders are past their deadline. */
  async findDueProviders(): Promise<string[]> {
    const rows = await this.orders.query<{ provider: string }[]>(
      `SELECT DISTINCT o.payment_provider AS provider FROM ${BY_DUE} WHERE ${IS_DUE} AND NOT ${IS_PLAIN}`,
    );
    return rows.map(({ provider }) => provider);
  }

  /**
   * Takes unpaid orders past their deadline, oldest first, for {@link CLAIM_SECONDS}: their deadline is moved so far. What
   * others decide on is skipped.
   */
  async claimDue(tx: Transaction, provider: string, limit: number): Promise<ClaimedOrderRow[]> {
    const [rows] = await tx.read<[RawOrder<OrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS}, ${fromNow(CLAIM_SECONDS)} AS claimed_until FROM ${BY_DUE}
       WHERE ${IS_DUE} AND o.payment_provider = ${escape(provider)}
       ORDER BY o.due_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    const claimed = rows.map((raw) => ({
      ...this.toRow(raw),
      due_at: (raw as unknown as { claimed_until: string }).claimed_until,
    }));
    if (claimed.length === 0) return [];
    tx.write(
      `UPDATE orders SET due_at = ${timestampLiteral(claimed[0]!.due_at)}
       WHERE id IN ${listOf(claimed, ({ id }) => uintLiteral(id))}`,
      claimed.length,
    );
    return claimed;
  }

  /** Locked orders whose provider did not say are due again in a moment. */
  putOffDue(tx: Transaction, ids: readonly number[]): void {
    if (ids.length === 0) return;
    tx.write(
      `UPDATE orders SET due_at = ${fromNow(ASKED_AGAIN_SECONDS)} WHERE id IN ${listOf(ids, uintLiteral)}`,
      ids.length,
    );
  }

  /**
   * For how long the oldest unpaid order has been past its deadline, in milliseconds; null when none is. `plain` are those
   * of which nobody is asked.
   */
  async findOverdueMs(which: 'all' | 'plain'): Promise<number | null> {
    const ofThese = which === 'all' ? '' : ` AND ${IS_PLAIN}`;
    const [row] = await this.orders.query<{ overdue_ms: number }[]>(
      `SELECT TIMESTAMPDIFF(MICROSECOND, COALESCE(o.due_at, o.payment_due_at), NOW(3)) DIV 1000 AS overdue_ms
       FROM ${BY_DUE} WHERE ${IS_DUE}${ofThese} ORDER BY o.due_at LIMIT 1`,
    );
    return row?.overdue_ms ?? null;
  }

  /** Locks cancelled orders whose deadline was more than `days` days ago. */
  async lockCancelledBefore(tx: Transaction, days: number, limit: number): Promise<OrderRow[]> {
    const before = `NOW(3) - INTERVAL ${uintLiteral(days)} DAY`;
    const [rows] = await tx.read<[RawOrder<OrderRow>[]]>(
      `SELECT ${ORDER_COLUMNS} FROM ${BY_DUE}
       WHERE o.status = 'cancelled' AND (o.due_at < ${before} OR (o.due_at IS NULL AND o.payment_due_at < ${before}))
       ORDER BY o.due_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    return rows.map((raw) => this.toRow(raw));
  }

  /**
   * A locked unpaid order is due so many seconds from now, and at most as long after it was due first; once. What keeps it
   * longer goes on keeping it. Columns are assigned in this order, each from what stands by then.
   */
  movePaymentDue(tx: Transaction, id: number, seconds: number): void {
    const interval = `INTERVAL ${uintLiteral(seconds)} SECOND`;
    tx.write(
      `UPDATE orders SET first_due_at = payment_due_at, payment_due_at = LEAST(NOW(3) + ${interval}, payment_due_at + ${interval}),
         due_at = GREATEST(COALESCE(due_at, payment_due_at), payment_due_at)
       WHERE id = ${uintLiteral(id)} AND status = 'pending_payment' AND first_due_at IS NULL`,
      null,
    );
  }

  /**
   * A payment of a locked unpaid order is under way that takes days: it keeps the order. When it began is told by the
   * provider's clock, which may be ahead of ours, but not by more than a minute.
   */
  noteProcessing(tx: Transaction, { order, since }: UnderWay): void {
    const at = since === null ? 'NOW(3)' : `LEAST(CAST(${timestampLiteral(since)} AS DATETIME(3)), ${fromNow(60)})`;
    tx.write(
      `UPDATE orders SET processing_at = ${at},
         due_at = GREATEST(COALESCE(due_at, payment_due_at), ${OWN_DUE})
       WHERE id = ${uintLiteral(order.id)} AND status = 'pending_payment' AND processing_at IS NULL`,
      1,
    );
  }

  /** Keeps unpaid orders from their deadline for so long from now, or, with null, no longer than they are kept otherwise. */
  keepForReview(tx: Transaction, ids: readonly number[], seconds: number | null): void {
    const until = seconds === null ? OWN_DUE : `GREATEST(${OWN_DUE}, ${fromNow(seconds)})`;
    tx.write(`UPDATE orders SET due_at = ${until} WHERE id IN ${listOf(ids, uintLiteral)}`, ids.length);
  }

  private toRow<Row extends OrderRow>(raw: RawOrder<Row>): Row {
    return toOrderRow(raw, this.config);
  }
}
