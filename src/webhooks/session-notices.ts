import type { OrderRow } from '../orders/orders.types.js';
import type { PaymentEvent, SessionReport } from '../payment-providers/payment-provider.js';
import { paymentReferenceOf } from '../payment-providers/payment-reference.js';
import type { SessionRow } from '../payment-sessions/payment-sessions.types.js';

/**
 * What a provider says of a session when it is asked, as the notice that it would send: it is decided as notices are, and
 * each payment has one effect, however it is told.
 */
export function toldBySession(
  { provider, holdId, sessionId }: SessionRow,
  order: Pick<OrderRow, 'id' | 'amount'>,
  { state, payment }: SessionReport,
): PaymentEvent {
  const status = state === 'succeeded' ? 'success' : 'processing';
  return {
    ...{
      provider,
      eventId: `asked-${status === 'success' ? '' : `${status}-`}${sessionId}`,
      type: `session.${state}`,
      status,
    },
    ...{ orderId: order.id, reference: paymentReferenceOf(order.id, holdId) },
    transactionId: payment?.transactionId ?? sessionId!,
    amount: payment?.amount ?? null,
    currency: payment?.currency ?? null,
    occurredAt: null,
  };
}
