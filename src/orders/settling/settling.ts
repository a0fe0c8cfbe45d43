import { Injectable } from '@nestjs/common';
import { groupBy } from '../../common/group-by.js';
import { OvertakenError } from '../../database/database-errors.js';
import type { Transaction } from '../../database/transactions.js';
import { CustomerLimits } from '../../holds/customer-limits.js';
import { EventsService } from '../../events/events.service.js';
import type { HoldRow } from '../../holds/holds.types.js';
import { Releasing, returnedUnits } from '../../holds/releasing/releasing.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import { ProductsService } from '../../products/products.service.js';
import { SalesService } from '../../sales/sales.service.js';
import { returnEvents, settlementEvents } from '../order-events.js';
import { OrdersRepository } from '../orders.repository.js';
import type {
  OrderNews,
  OrderRow,
  ReturnableOrderRow,
  ReturnedUnits,
  Settlement,
  StockedOrderRow,
  UnderWay,
} from '../orders.types.js';
import { DeadlinesRepository } from './deadlines.repository.js';
import { inStages, isPaidLate, SettlementStock, unitsMovedBy, unitsReturnedBy } from './settlement.js';

/** What was decided about locked orders and holds. */
export interface Settled {
  readonly settlements: readonly Settlement[];
  /** What else happened to locked orders; it is told before their settlements. */
  readonly news?: readonly OrderNews[];
  /** Active holds without an order that their buyers give back. */
  readonly givenBack?: readonly HoldRow[];
  /** Units of paid orders that come back. */
  readonly returned?: readonly ReturnedUnits[];
  /** Where the stock was locked for the decisions, it has taken their units already; nothing is returned with it. */
  readonly stock?: SettlementStock | null;
}

/** Locking orders for a decision about them, and the one way to write it: order, hold and units move together. */
@Injectable()
export class Settling {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly deadlines: DeadlinesRepository,
    private readonly releasing: Releasing,
    private readonly limits: CustomerLimits,
    private readonly sessions: PaymentSessionsService,
    private readonly products: ProductsService,
    private readonly sales: SalesService,
    private readonly events: EventsService,
  ) {}

  /**
   * Names of the rows that the settlement of each order may have to wait for; none of one that is not there. Late money
   * also waits for expired holds (see `lockForSettlement`).
   */
  async findRowsToSettle(ids: readonly (number | null)[]): Promise<string[][]> {
    const rows = await this.orders.findRows(ids);
    const expired = await this.releasing.findExpiredRows(rows.flatMap(({ wants }) => wants ?? []));
    return rows.map(({ names, wants }) => [...names, ...((wants && expired.get(wants.product_id)) ?? [])]);
  }

  /** Locks an order and its hold for a decision about units of it that come back; null when there is none. */
  lockToReturn(tx: Transaction, id: number): Promise<ReturnableOrderRow | null> {
    return this.orders.lockToReturn(tx, id);
  }

  /** Locks orders and their holds for a decision about them. Lock order: order, hold, product. */
  async lockOrders(tx: Transaction, ids: readonly number[]): Promise<StockedOrderRow[]> {
    return ids.length === 0 ? [] : this.orders.lock(tx, ids);
  }

  /**
   * Locks the products of locked orders where a decision depends on what is left of them: `late` are the orders whose
   * units are gone, or may go by an earlier decision of the batch, and for which there is money. Where they are short of
   * units, or their customers of what the limit leaves, expired holds give theirs up as they do for a buyer. A sweep that
   * has them locked is waited for, before the product is locked: money is not owed back while units are on their way.
   *
   * @returns null where no order is late.
   * @throws OvertakenError where somebody was quicker to lock what expired meanwhile.
   */
  async lockForSettlement(
    tx: Transaction,
    orders: readonly StockedOrderRow[],
    late: readonly StockedOrderRow[],
  ): Promise<SettlementStock | null> {
    if (late.length === 0) return null;
    const owned = late.filter(({ customer_id }) => customer_id !== null).map(({ hold_id }) => hold_id);
    const [accounts] = await Promise.all([
      this.limits.findAccounts(tx, owned),
      this.releasing.waitForExpired(tx, late),
    ]);
    const wants = late.flatMap(({ hold_id, qty }) => {
      const account = accounts.get(hold_id);
      return account === undefined ? [] : [{ ...account, qty }];
    });
    const saleIds = new Set(wants.flatMap(({ sale_id }) => sale_id ?? []));
    // All sales and products of the batch, so that ids are locked in ascending order by one statement each.
    const [saleLimits, { ledger }, customers] = await Promise.all([
      this.sales.lockLimits(tx, saleIds),
      this.products.lockStock(
        tx,
        orders.map((order) => order.product_id),
      ),
      this.limits.count(tx, wants),
    ]);
    const stock = new SettlementStock(ledger, customers, accounts, saleLimits);
    const limited = wants.map((want) => ({ ...want, limits: stock.limitsOf(want) }));
    await this.limits.leaveOutExpired(tx, limited, customers);
    const onTheirWay = await this.releasing.takeBackExpired(tx, ledger, late);
    // Holds that expired after the wait, and that somebody was quicker to lock; or other holds of the customer.
    const isInDoubt = (order: StockedOrderRow): boolean => {
      const available = stock.available(order);
      return available < order.qty && available + (onTheirWay.get(order.product_id) ?? 0) >= order.qty;
    };
    if (late.some((order) => isInDoubt(order) || stock.isLimitInDoubt(order))) {
      throw new OvertakenError('Expired holds are being decided on that late money needs');
    }
    return stock;
  }

  /** The locked unpaid order of a session that is open now gets its time to pay from now on; once. */
  movePaymentDue(tx: Transaction, id: number, seconds: number): void {
    this.deadlines.movePaymentDue(tx, id, seconds);
  }

  /**
   * Payments of locked unpaid orders are under way that take days, and keep them; `processingNews` tells it. At the end of
   * that their providers have their time to be reached anew, as after {@link keepForReview}.
   */
  noteProcessing(tx: Transaction, underWay: readonly UnderWay[]): void {
    if (underWay.length === 0) return;
    for (const each of underWay) this.deadlines.noteProcessing(tx, each);
    const own = holdsWithSession(underWay.map(({ order }) => order));
    this.sessions.noteProcessing(tx, own);
    this.sessions.noteReach(tx, own, true);
  }

  /** Keeps locked orders from their payment deadline while a person looks at their money; null: no longer. */
  keepForReview(tx: Transaction, orders: readonly OrderRow[], seconds: number | null): void {
    if (orders.length === 0) return;
    const ids = orders.map(({ id }) => id);
    this.deadlines.keepForReview(tx, ids, seconds);
    this.sessions.noteReach(tx, holdsWithSession(orders), true);
  }

  /**
   * Moves locked orders to their new states and their holds with them, gives holds back, and moves the units of both; what
   * a settlement means for the stock is decided in `unitsMovedBy`. The stock is written once, and last: where its rows are
   * not locked yet this write locks them, after the holds, all products with one statement, ids ascending.
   */
  settle(tx: Transaction, { settlements, news = [], givenBack = [], returned = [], stock = null }: Settled): void {
    for (const [id, ofOrder] of groupBy(news, ({ order }) => order.id))
      this.orders.raiseVersion(tx, id, ofOrder.length);
    for (const group of inStages(settlements)) this.orders.transition(tx, group[0]!.order.status, group);
    const cancelled = settlements.filter(({ to }) => to === 'cancelled').map(({ order }) => order);
    this.endSessions(tx, settlements);
    this.releasing.markReleased(
      tx,
      cancelled.map(({ hold_id, customer_id }) => ({ id: hold_id, customer_id })),
      'order_cancelled',
    );
    this.releasing.markReleased(tx, givenBack, 'given_back');
    const late = settlements.filter((settlement) => isPaidLate(settlement) && settlement.order.customer_id !== null);
    this.limits.restore(
      tx,
      late.map(({ order }) => order.hold_id),
    );
    this.events.record(tx, [...returned.flatMap(returnEvents), ...settlementEvents(settlements, news)]);
    for (const each of returned) this.takeBack(tx, each);
    if (stock !== null) return this.products.writeStock(tx, stock.ledger);
    const moves = [...settlements.map(unitsMovedBy), ...givenBack.map(returnedUnits), ...returned.map(unitsReturnedBy)];
    this.products.moveStock(tx, moves);
  }

  /** What is returned counts as sold no more, and not in its customer's limit. */
  private takeBack(tx: Transaction, returned: ReturnedUnits): void {
    const { order, quantity } = returned;
    this.orders.takeBack(tx, returned);
    if (order.customer_id !== null) this.limits.lowerTo(tx, [order.hold_id], order.quantity_sold - quantity);
  }

  /** What buyers pay by goes where their orders go, in this order: a batch may cancel an order and settle it late. */
  private endSessions(tx: Transaction, settlements: readonly Settlement[]): void {
    const own = settlements.filter(({ order }) => order.payment_provider !== null);
    const cancelled = own.filter(({ to }) => to === 'cancelled').map(({ order }) => order.hold_id);
    const paid = own.flatMap((settlement) =>
      settlement.to === 'paid' ? [{ holdId: settlement.order.hold_id, transactionId: settlement.transactionId }] : [],
    );
    this.sessions.cancel(tx, cancelled);
    this.sessions.succeed(tx, paid);
  }
}

/** The holds of those orders whose buyers pay by sessions that are made here. */
function holdsWithSession(orders: readonly Pick<OrderRow, 'hold_id' | 'payment_provider'>[]): string[] {
  return orders.filter(({ payment_provider }) => payment_provider !== null).map(({ hold_id }) => hold_id);
}

export function atDeadline(order: StockedOrderRow): Settlement {
  return { order, to: 'cancelled', reason: 'payment_expired' };
}
