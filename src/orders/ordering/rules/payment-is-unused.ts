import { PaymentAlreadyUsedError } from '../../orders.errors.js';
import type { OrderRule } from '../order-facts.js';

/** A payment pays one order: of before, or the first of the batch that may have it. */
export const paymentIsUnused: OrderRule = {
  refuse({ money }, { usedPayments }) {
    const paid = money?.paid ?? null;
    return paid !== null && usedPayments.has(paid.transactionId) ? new PaymentAlreadyUsedError() : null;
  },
  take({ money }, { usedPayments }) {
    const paid = money?.paid ?? null;
    if (paid !== null) usedPayments.add(paid.transactionId);
  },
};
