import { createHash } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { PaymentNoticeDto } from './payment-notice.dto.js';
import type { PaymentEvent, PaymentProvider, RawNotice } from './payment-provider.js';
import { HEX_SIGNATURE, isAuthenticBy, STANDARD_WEBHOOKS, STRIPE_SIGNATURE } from './signatures.js';

/** The notice in our own form, signed by whichever scheme the sender has. It comes to `/api/payments/webhook`. */
export const GENERIC = 'generic';

const SCHEMES = [STANDARD_WEBHOOKS, STRIPE_SIGNATURE, HEX_SIGNATURE];

export function genericProvider({ webhookSecrets: secrets }: Config): PaymentProvider {
  return {
    name: GENERIC,
    secrets,
    isAuthentic: (notice, nowSeconds) => isAuthenticBy(SCHEMES, notice, secrets, nowSeconds),
    toEvent,
  };
}

/** The schema of the route has checked the body. */
function toEvent({ body }: RawNotice): PaymentEvent {
  const notice = body as PaymentNoticeDto;
  return {
    provider: GENERIC,
    eventId: notice.idempotency_key ?? derivedKey(notice),
    isKeyDerived: notice.idempotency_key === undefined,
    type: notice.status,
    status: notice.status,
    orderId: notice.order_id,
    transactionId: notice.transaction_id,
    amount: notice.amount ?? null,
    currency: notice.currency ?? null,
    occurredAt: null,
  };
}

/** Longest text of a derived key, in characters; its column also has to take what tells other content apart. */
const DERIVED_KEY_MAX = 190;

/**
 * The key of a notice whose sender chose none: many gateways have one number for all tries, so the status belongs to
 * it. It has a blank, which no key that a sender may choose has, so a notice can take the key of no other payment.
 * Headers have no say in it: not every signature covers them, and who replays a notice may write what he likes there.
 */
function derivedKey({ status, transaction_id }: PaymentNoticeDto): string {
  const key = `${status} ${transaction_id}`;
  return key.length <= DERIVED_KEY_MAX ? key : `${status} sha256 ${createHash('sha256').update(key).digest('hex')}`;
}
