import type { EventType, NewEvent } from '../events/events.types.js';
import type { Payment } from '../payment-sessions/payment-sessions.types.js';
import type {
  FirstStatus,
  NewOrder,
  OrderNews,
  OrderRow,
  ReturnedUnits,
  Settlement,
  StockedOrderRow,
  UnderWay,
} from './orders.types.js';

const TYPE_OF: Readonly<Record<Settlement['to'], EventType>> = {
  paid: 'order.paid',
  cancelled: 'order.cancelled',
  refund_due: 'order.refund_due',
  refunded: 'order.refunded',
};

/** How often an order has changed once it is made: one that costs nothing, or that the shop was paid for, is paid in the same moment. */
export function firstVersionOf(status: FirstStatus): number {
  return status === 'paid' ? 2 : 1;
}

/** What is told of new orders. */
export function creationEvents(orders: readonly NewOrder[]): NewEvent[] {
  return orders.flatMap(({ holdId, status, paidTransactionId: transaction_id }) => {
    const created = orderEvent('order.created', holdId, 1, { status, cancel_reason: null, transaction_id });
    if (status !== 'paid') return [created];
    return [created, { ...created, type: 'order.paid', version: firstVersionOf(status) }];
  });
}

/** What is told of locked orders: their news, then their changes, in their order: a batch may change one several times. */
export function settlementEvents(settlements: readonly Settlement[], news: readonly OrderNews[]): NewEvent[] {
  const versions = new Map<number, number>();
  const versionOf = ({ id, version }: OrderRow): number => {
    const next = (versions.get(id) ?? version) + 1;
    versions.set(id, next);
    return next;
  };
  const told = news.map(({ order, type, data }) => {
    const { status, cancel_reason, paid_transaction_id: transaction_id } = order;
    return orderEvent(type, order.hold_id, versionOf(order), { status, cancel_reason, transaction_id, ...data });
  });
  const changed = settlements.map((settlement) => {
    const { order, to } = settlement;
    return orderEvent(TYPE_OF[to], order.hold_id, versionOf(order), {
      status: to,
      cancel_reason: to === 'cancelled' ? settlement.reason : to === 'paid' ? null : order.cancel_reason,
      transaction_id: to === 'paid' ? settlement.transactionId : order.paid_transaction_id,
    });
  });
  return [...told, ...changed];
}

/** A try at paying that failed, after which the order's session, if one is made here, is this. */
export function attemptNews(order: StockedOrderRow, payment: Payment | null): OrderNews {
  const told = payment === null ? {} : { attempts: payment.attempts, last_error: payment.lastError };
  return { order, type: 'payment.failed', data: told };
}

/** The news that payments of locked orders are under way. */
export function processingNews(underWay: readonly UnderWay[]): OrderNews[] {
  return underWay.map(({ order }) => ({ order, type: 'order.processing', data: {} }));
}

/** What is told of units that come back; of money alone the refund tells. */
export function returnEvents({ order, quantity }: ReturnedUnits): NewEvent[] {
  if (quantity === 0) return [];
  const { status, cancel_reason, paid_transaction_id: transaction_id } = order;
  const quantity_sold = order.quantity_sold - quantity;
  const data = { status, cancel_reason, transaction_id, quantity_sold };
  return [orderEvent('order.returned', order.hold_id, order.version + 1, data)];
}

function orderEvent(type: EventType, holdId: string, version: number, data: NewEvent['data']): NewEvent {
  return { type, occurredAt: null, version, holdId, data };
}
