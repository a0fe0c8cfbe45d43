import type { PaymentNoticeDto } from './payment-notice.dto.js';
import type { PaymentEvent, PaymentProvider, RawNotice } from './payment-provider.js';
import { HEX_SIGNATURE, isAuthenticBy, STANDARD_WEBHOOKS, STRIPE_SIGNATURE } from './signatures.js';

/** The notice in our own form, signed by whichever scheme the sender has. It comes to `/api/payments/webhook`. */
export const GENERIC = 'generic';

const SCHEMES = [STANDARD_WEBHOOKS, STRIPE_SIGNATURE, HEX_SIGNATURE];

export function genericProvider(): PaymentProvider {
  return {
    name: GENERIC,
    isAuthentic: (notice, secrets, nowSeconds) => isAuthenticBy(SCHEMES, notice, secrets, nowSeconds),
    toEvent,
  };
}

/** The schema of the route has checked body and header. */
function toEvent({ headers, body }: RawNotice): PaymentEvent {
  const notice = body as PaymentNoticeDto;
  const keyHeader = headers['idempotency-key'] as string | undefined;
  return {
    provider: GENERIC,
    eventId: keyHeader ?? notice.idempotency_key ?? notice.transaction_id,
    type: notice.status,
    status: notice.status,
    orderId: notice.order_id,
    transactionId: notice.transaction_id,
    amount: notice.amount ?? null,
    currency: notice.currency ?? null,
    occurredAt: null,
  };
}
