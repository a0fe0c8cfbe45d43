import { isSameAmount } from '../../common/money.js';
import type { OrderStatus } from '../../orders/orders.types.js';
import type { ListedPayment } from '../../payment-providers/payment-provider.js';

/** A payment as it is known here; null where nobody has told. */
export interface KnownPayment {
  readonly transactionId: string;
  readonly orderId: number | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly amountRefunded: string;
  readonly isDisputed: boolean;
}

/** An order of ours that a payment is for, by its reference. */
export interface PaidFor {
  readonly id: number;
  readonly status: OrderStatus;
  /** Whether it has not changed for a while, so that what its end asks of the provider is done. */
  readonly isSettled: boolean;
}

/** What is known here of one payment. */
export interface OurSide {
  readonly payment: KnownPayment | null;
  readonly order: PaidFor | null;
  /** Whether a person has to look at its money: nothing is lost then. */
  readonly isUnderReview: boolean;
}

/**
 * How the two sides differ:
 *
 *     not told     it was paid there, and nobody has told it here
 *     not there    it was paid here, and the provider knows no such payment
 *     not paid     it was paid here, and is not there
 *     order        it is of another order than its reference says
 *     amount       another sum or currency was paid
 *     refunded     another sum went back
 *     disputed     it is disputed on one side only
 *     still open   its order has ended, and a buyer can still pay there
 */
type DifferenceKind =
  'not told' | 'not there' | 'not paid' | 'order' | 'amount' | 'refunded' | 'disputed' | 'still open';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly here: string;
  readonly there: string;
}

const NOTHING = '-';

/** Every way in which a payment differs; `there` is null where the provider knows none. */
export function compare({ payment, order, isUnderReview }: OurSide, there: ListedPayment | null): Difference[] {
  const isTold = payment !== null && payment.amount !== null;
  if (there === null) return isTold ? [{ kind: 'not there', here: paidOf(payment), there: NOTHING }] : [];
  if (there.state !== 'succeeded') {
    if (isTold) return [{ kind: 'not paid', here: paidOf(payment), there: there.state }];
    const isOpen = there.state === 'open' && order !== null && order.status !== 'pending_payment' && order.isSettled;
    return isOpen ? [{ kind: 'still open', here: order.status, there: there.state }] : [];
  }
  if (!isTold) return isUnderReview ? [] : [{ kind: 'not told', here: order?.status ?? NOTHING, there: sumOf(there) }];
  return differencesOf(payment, order, there);
}

function differencesOf(payment: KnownPayment, order: PaidFor | null, there: ListedPayment): Difference[] {
  const { orderId, amount, currency, amountRefunded, isDisputed } = payment;
  const found: Difference[] = [];
  if (order !== null && orderId !== null && orderId !== order.id)
    found.push({ kind: 'order', here: String(orderId), there: String(order.id) });
  if (!isSameAmount(amount!, there.amount) || (currency !== null && currency !== there.currency))
    found.push({ kind: 'amount', here: paidOf(payment), there: sumOf(there) });
  if (!isSameAmount(amountRefunded, there.amountRefunded))
    found.push({ kind: 'refunded', here: amountRefunded, there: there.amountRefunded });
  if (isDisputed !== there.isDisputed)
    found.push({ kind: 'disputed', here: yesOrNo(isDisputed), there: yesOrNo(there.isDisputed) });
  return found;
}

const paidOf = ({ amount, currency }: KnownPayment): string => `${amount} ${currency ?? ''}`.trim();
const sumOf = ({ amount, currency }: ListedPayment): string => `${amount} ${currency}`;
const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');
