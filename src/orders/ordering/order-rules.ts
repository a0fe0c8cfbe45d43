import type { OrderFacts, OrderRefusal, OrderRequest, OrderRule } from './order-facts.js';
import { adjustmentsFit } from './rules/adjustments-fit.js';
import { amountFits } from './rules/amount-fits.js';
import { holdExists } from './rules/hold-exists.js';
import { holdIsActive } from './rules/hold-is-active.js';
import { holdIsTheBuyers } from './rules/hold-is-the-buyers.js';
import { holdIsUnused } from './rules/hold-is-unused.js';
import { isPaidInFull } from './rules/is-paid-in-full.js';
import { paymentIsUnused } from './rules/payment-is-unused.js';

/** Whether an order may be. The first rule that refuses says why; those after `holdExists` need not ask for it. */
export const ORDER_RULES: readonly OrderRule[] = [
  holdExists,
  holdIsTheBuyers,
  holdIsUnused,
  holdIsActive,
  amountFits,
  adjustmentsFit,
  isPaidInFull,
  paymentIsUnused,
];

/** @returns why the request makes no order; null when it makes one. */
export function decideOrder(request: OrderRequest, facts: OrderFacts, rules = ORDER_RULES): OrderRefusal | null {
  for (const rule of rules) {
    const no = rule.refuse(request, facts);
    if (no !== null) return no;
  }
  for (const rule of rules) rule.take?.(request, facts);
  return null;
}
