import { canonicalAmount } from '../../common/money.js';
import { currencyOf, eventIdOf, type Fields, fieldsOf, isKept, ownIdIn, textOf } from '../notice-fields.js';
import { orderIdOfReference } from '../payment-reference.js';
import type { PaymentEvent, RawNotice } from '../payment-provider.js';
import { newId } from './simulated-account.repository.js';
import type { SimulatedEventType, SimulatedPayment, SimulatedRefund } from './simulated-payment.js';

export const SIMULATED = 'simulated';

/** What is told beside the payment itself. */
export interface EventDetails {
  readonly declineCode?: string;
  readonly refund?: SimulatedRefund;
}

/** An event as the simulated provider writes it. */
export function simulatedEvent(
  type: SimulatedEventType,
  payment: SimulatedPayment,
  { declineCode, refund }: EventDetails,
): { readonly id: string } & Fields {
  const { id, orderId, reference, amount, currency } = payment;
  return {
    id: newId('evt'),
    type,
    created: new Date().toISOString(),
    payment: { id, amount, currency, metadata: { payment_reference: reference, order_id: String(orderId) } },
    ...(declineCode !== undefined && { decline_code: declineCode }),
    ...(refund !== undefined && {
      refund: {
        ...{ id: refund.id, amount: refund.amount, currency },
        metadata: refund.ownId === null ? {} : { refund_id: String(refund.ownId) },
      },
    }),
  };
}

const STATUSES: Readonly<Record<SimulatedEventType, PaymentEvent['status']>> = {
  'payment.succeeded': 'success',
  'payment.processing': 'processing',
  'payment.declined': 'declined',
  'payment.disputed': 'disputed',
  'refund.created': 'refund_made',
};

/** The same in our words. Where notices need no signature anybody may have written it, so nothing of it is believed to be there. */
export function toPaymentEvent({ body, rawBody }: RawNotice): PaymentEvent {
  const event = fieldsOf(body);
  const payment = fieldsOf(event.payment);
  const metadata = fieldsOf(payment.metadata);
  const type = textOf(event.type) ?? 'unknown';
  const status = Object.hasOwn(STATUSES, type) ? STATUSES[type as SimulatedEventType] : 'unhandled';
  const refund = fieldsOf(event.refund);
  const amount = amountOf(status === 'refund_made' ? refund : payment);
  const reference = metadata.payment_reference;
  const orderId = orderIdOfReference(reference);
  const eventId = eventIdOf(event.id, rawBody);
  return {
    ...{ provider: SIMULATED, eventId, type, status, orderId, amount },
    reference: orderId === null ? null : (reference as string),
    unreadable: status === 'unhandled' ? null : unreadableIn(reference, orderId, amount),
    transactionId: textOf(payment.id) ?? eventId,
    ...(status === 'declined' && { declineCode: textOf(event.decline_code) }),
    ...(status === 'refund_made' && {
      refund: { id: textOf(refund.id), ownId: ownIdIn(refund.metadata), reason: null },
    }),
    currency: currencyOf(payment),
    occurredAt: timeOf(event.created),
    metadata: isKept(metadata) ? metadata : null,
  };
}

function unreadableIn(reference: unknown, orderId: number | null, amount: string | null): PaymentEvent['unreadable'] {
  if (reference !== undefined && orderId === null) return 'reference';
  return amount === null ? 'amount' : null;
}

function amountOf({ amount }: Fields): string | null {
  const told = typeof amount === 'string' ? canonicalAmount(amount) : null;
  return told !== null && /^[0-9]{1,12}\.[0-9]{2,3}$/.test(told) ? told : null;
}

function timeOf(created: unknown): string | null {
  return typeof created === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(created) ? created : null;
}
