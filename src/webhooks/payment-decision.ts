import { assertUnreachable } from '../common/assert-unreachable.js';
import type { CancelReason, OrderStatus, Settlement, StockedOrderRow } from '../orders/orders.types.js';
import type { PaymentEvent, PaymentResult } from './webhooks.types.js';

export interface PaymentDecision {
  readonly result: PaymentResult;
  /** Why nothing changed; null when something did. */
  readonly reason: string | null;
  readonly settlement: Settlement | null;
  readonly orderStatus: OrderStatus;
}

/**
 * What a payment event does to its order. `available` is the number of units of its product that nobody
 * holds; it is asked for only when money comes for a cancelled order, whose own units are gone.
 *
 *     event \\ order   pending_payment               paid      cancelled                       refund_due
 *     success         paid                          ignored   paid if units are left,         ignored
 *                                                             else refund_due
 *     failed          cancelled (payment_failed)    ignored   ignored                         ignored
 */
export function decidePayment(event: PaymentEvent, order: StockedOrderRow, available: () => number): PaymentDecision {
  switch (event.status) {
    case 'success':
      return decideSuccess(order, available);
    case 'failed':
      return order.status === 'pending_payment'
        ? settle(order, 'cancelled', 'payment_failed')
        : ignore(order, `order is ${order.status}`);
    default:
      return assertUnreachable(event.status);
  }
}

function decideSuccess(order: StockedOrderRow, available: () => number): PaymentDecision {
  switch (order.status) {
    case 'pending_payment':
      return settle(order, 'paid');
    case 'cancelled':
      return settle(order, available() >= order.qty ? 'paid' : 'refund_due');
    case 'paid':
    case 'refund_due':
      return ignore(order, `order is ${order.status}`);
    default:
      return assertUnreachable(order.status);
  }
}

function settle(order: StockedOrderRow, to: Settlement['to'], reason?: CancelReason): PaymentDecision {
  return {
    result: 'applied',
    reason: null,
    settlement: { order, to, ...(reason !== undefined && { reason }) },
    orderStatus: to,
  };
}

function ignore(order: StockedOrderRow, reason: string): PaymentDecision {
  return { result: 'ignored', reason, settlement: null, orderStatus: order.status };
}
