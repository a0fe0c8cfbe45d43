import { createHash } from 'node:crypto';
import { firstCharacters } from '../common/first-characters.js';
import { canonicalAmount } from '../common/money.js';
import { orderIdOfReference } from './payment-reference.js';
import type { Config } from '../config/config.js';
import type { PaymentNoticeDto } from './payment-notice.dto.js';
import { type PaymentEvent, type PaymentProvider, type RawNotice, ReferenceMismatchError } from './payment-provider.js';
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

/** The schema of the route has checked the body, but for what a notice must not be refused for. */
function toEvent({ body }: RawNotice): PaymentEvent {
  const notice = body as PaymentNoticeDto;
  const { order_id, status, transaction_id, idempotency_key, payment_reference: reference = null } = notice;
  if (reference !== null && orderIdOfReference(reference) !== order_id) throw new ReferenceMismatchError();
  const amount = amountOf(notice.amount ?? null);
  const currency = currencyOf(notice.currency ?? null);
  const isUnreadable = amount === UNREADABLE || currency === UNREADABLE;
  return {
    provider: GENERIC,
    eventId: idempotency_key ?? derivedKey(notice),
    isKeyDerived: (idempotency_key ?? null) === null,
    type: status,
    status,
    orderId: order_id,
    reference,
    unreadable: isUnreadable ? 'amount' : null,
    transactionId: transaction_id,
    amount: amount === UNREADABLE ? null : amount,
    currency: currency === UNREADABLE ? null : currency,
    occurredAt: null,
    ...(isUnreadable && { metadata: toldIn(notice) }),
  };
}

const UNREADABLE = Symbol('unreadable');

/** Read as a number, however it was written; a refund's column must take it. What is not told is null. */
function amountOf(told: unknown): string | null | typeof UNREADABLE {
  if (told === null) return null;
  const amount = typeof told === 'string' || typeof told === 'number' ? canonicalAmount(String(told).trim()) : null;
  return amount !== null && /^[0-9]{1,12}\.[0-9]{2,3}$/.test(amount) ? amount : UNREADABLE;
}

function currencyOf(told: unknown): string | null | typeof UNREADABLE {
  if (told === null) return null;
  return typeof told === 'string' && /^[A-Za-z]{3}$/.test(told.trim()) ? told.trim().toUpperCase() : UNREADABLE;
}

/** What was told, as far as it is short, for the operator to look at. */
function toldIn({ amount, currency }: PaymentNoticeDto): Record<string, string> {
  const text = (told: unknown) => firstCharacters(jsonOf(told ?? null), 100);
  return { amount: text(amount), currency: text(currency) };
}

/** JSON can be read that has more levels than can be written. */
function jsonOf(told: unknown): string {
  try {
    return JSON.stringify(told);
  } catch {
    return 'nested too deep';
  }
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
