import { createHash } from 'node:crypto';
import type { Act } from '../access/operator.js';
import { canonicalAmount } from '../common/money.js';
import { GENERIC } from '../payment-providers/generic.provider.js';
import type { PaymentEvent } from '../payment-providers/payment-provider.js';
import type { Intent, Notice } from './webhooks.types.js';

/** How a notice is handed in: with its key among those of all providers, and with what it says as a hash. */
export function toNotice(event: PaymentEvent, intent: Intent, act: Act | null = null): Notice {
  // A blank is in no key that a sender may choose, so the notices of two providers never meet.
  const key = event.provider === GENERIC ? event.eventId : `${event.provider} ${event.eventId}`;
  const hash = contentHash(event);
  const otherKey = event.isKeyDerived === true ? `${key} ${hash.slice(0, 16)}` : null;
  return { event, key, otherKey, hash, intent, act };
}

/** Two notices are the same when what they say is the same, however it was written: `"10"` is `"10.00"`. */
export function contentHash(event: PaymentEvent): string {
  const { orderId, type, transactionId, currency } = event;
  const amount = event.amount === null ? null : (canonicalAmount(event.amount) ?? event.amount);
  return createHash('sha256')
    .update(JSON.stringify([orderId, type, transactionId, amount, currency]))
    .digest('hex');
}
