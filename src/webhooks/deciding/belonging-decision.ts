import { paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import type { OrderStatus, StockedOrderRow } from '../../orders/orders.types.js';
import { GENERIC } from '../../payment-providers/generic.provider.js';
import { type PaymentEvent, ReferenceMismatchError } from '../../payment-providers/payment-provider.js';
import { isWhatIsDue } from './payment-decision.js';
import type { NoticeVerdict } from '../webhooks.types.js';

/**
 * Whose payment it is. A signature says "our account" and never "our order": an account has other shops, test systems
 * and last year's payments too, and `order_id` is what they all write. So a notice of a provider that others use counts
 * by the order's reference alone. The generic notice's secret is ours alone, and its number counts.
 *
 * @param hasWaited whether it was answered before that it waits for its order.
 * @returns null where the notice is of that order, or of one that is still to come; else what becomes of it.
 */
export function judgeBelonging(
  event: PaymentEvent,
  order: StockedOrderRow | undefined,
  hasWaited: boolean,
): NoticeVerdict | Error | null {
  const { status, reference = null, disregarded = null, unreadable = null } = event;
  const verdict = order === undefined ? verdictsOn(event.orderId, null) : verdictsOn(order.id, order.status);
  if (disregarded !== null) return NOBODYS.ignored(disregarded);
  if (status === 'unhandled') return NOBODYS.ignored('the type of the event is not handled');
  const moneyFor = (reason: string) => (status === 'success' ? NOBODYS.review(reason) : NOBODYS.ignored(reason));
  if (unreadable === 'reference') return moneyFor('the payment_reference can not be read');
  if (event.orderId === null) return NOBODYS.ignored('the event names no order');
  if (reference !== null && !isReferenceOf(order, reference)) {
    if (event.provider !== GENERIC) return moneyFor(OF_NO_ORDER);
    // Of one that was taken nobody can be told any more: its number has become another order's.
    if (order !== undefined) return hasWaited ? NOBODYS.review(OF_NO_ORDER) : new ReferenceMismatchError();
  }
  if (reference === null && event.provider !== GENERIC) {
    const mayBeOurs = unreadable === null && order?.status === 'pending_payment' && isWhatIsDue(event, order);
    return mayBeOurs && status === 'success' ? verdict.review(NO_REFERENCE) : NOBODYS.ignored(NO_REFERENCE);
  }
  if (unreadable !== null && TELLS_AMOUNT.has(status))
    return verdict.review('the amount or its currency can not be read');
  return null;
}

/** What goes by the sum that it tells. */
const TELLS_AMOUNT: ReadonlySet<PaymentEvent['status']> = new Set(['success', 'failed', 'declined', 'processing']);

export const NO_REFERENCE = 'the event has no payment_reference';
const OF_NO_ORDER = 'no order has this payment_reference';

/** Whether a reference is that of an order, and not only its number. */
export function isReferenceOf(order: StockedOrderRow | undefined, reference: string): order is StockedOrderRow {
  return order !== undefined && reference === paymentReferenceOf(order.id, order.hold_id);
}

function verdictsOn(order_id: number | null, order_status: OrderStatus | null) {
  const about = { order_id, order_status };
  return {
    ignored: (reason: string): NoticeVerdict => ({ status: 'processed', outcome: 'ignored', reason, ...about }),
    review: (reason: string): NoticeVerdict => ({ status: 'review', outcome: 'review', reason, ...about }),
  };
}

/** What is not ours is linked with none of our orders, whatever number it names: its metadata keeps what it says. */
const NOBODYS = verdictsOn(null, null);
