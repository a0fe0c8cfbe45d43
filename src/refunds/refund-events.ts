import { inCurrency } from '../common/money.js';
import type { OrderNews, StockedOrderRow } from '../orders/orders.types.js';
import type { ToldRefundDto } from './dto/refund-event.dto.js';
import type { PaymentLedger } from './payment-ledger.js';
import type { RefundRow } from './refunds.types.js';

type ToldRefund = Omit<RefundRow, 'id' | 'createdAt' | 'updatedAt' | 'attempt' | 'isCounted'> & {
  readonly id: number | null;
};

/**
 * What a ledger has decided about refunds of locked orders, as it is told: that they were sent, reached the buyer, or did
 * not. What is owed their orders tell. Of a payment for which there is no order nothing is told.
 */
export function refundNews(ledger: PaymentLedger, orders: readonly StockedOrderRow[]): OrderNews[] {
  const amounts = new Map(ledger.correctedRefunds().map(({ row, amount }) => [row.id, amount]));
  const changed = ledger.changedRefunds().map(({ row, to, note }): ToldRefund => {
    return { ...row, amount: amounts.get(row.id) ?? row.amount, reason: null, ...note, status: to };
  });
  const made = ledger.newRefunds().map(({ refund, status, providerRefundId, note: { reason = null } }): ToldRefund => {
    return { ...refund, id: null, status, providerRefundId, reason };
  });
  const byId = new Map(orders.map((order) => [order.id, order]));
  return [...changed, ...made].flatMap((refund): OrderNews[] => {
    const { orderId, status } = refund;
    const order = orderId === null ? undefined : byId.get(orderId);
    if (order === undefined || status === 'due') return [];
    return [{ order, type: `refund.${status}`, data: { refund: toToldRefund(refund) } }];
  });
}

/** What is told of locked orders of which a payment is disputed: once for each of their payments. */
export function disputeNews(ledger: PaymentLedger, orders: readonly StockedOrderRow[]): OrderNews[] {
  const byId = new Map(orders.map((order) => [order.id, order]));
  return ledger.newlyDisputed().flatMap((id): OrderNews[] => {
    const order = byId.get(id);
    return order === undefined ? [] : [{ order, type: 'order.disputed', data: {} }];
  });
}

function toToldRefund({ transactionId, providerRefundId, ...refund }: ToldRefund): ToldRefundDto {
  const { id, provider, currency, cause, status, reason } = refund;
  const amount = refund.amount === null ? null : inCurrency(refund.amount, currency);
  return {
    ...{ id, provider, transaction_id: transactionId, amount, currency, cause, status },
    ...{ reason, provider_refund_id: providerRefundId },
  };
}
