import { describe, expect, it } from '@jest/globals';
import type { OrderFacts, OrderRefusal, OrderRule } from '../../../src/orders/ordering/order-facts.js';
import { decideOrder, ORDER_RULES } from '../../../src/orders/ordering/order-rules.js';
import { adjustmentsFit } from '../../../src/orders/ordering/rules/adjustments-fit.js';
import { amountFits } from '../../../src/orders/ordering/rules/amount-fits.js';
import { holdExists } from '../../../src/orders/ordering/rules/hold-exists.js';
import { holdIsActive } from '../../../src/orders/ordering/rules/hold-is-active.js';
import { holdIsTheBuyers } from '../../../src/orders/ordering/rules/hold-is-the-buyers.js';
import { holdIsUnused } from '../../../src/orders/ordering/rules/hold-is-unused.js';
import { isPaidInFull } from '../../../src/orders/ordering/rules/is-paid-in-full.js';
import { paymentIsUnused } from '../../../src/orders/ordering/rules/payment-is-unused.js';
import type { OrderMoney, OrderRow } from '../../../src/orders/orders.types.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

const tooDear = { amount: null };
const expired = { is_expired: true };
const used = { used: true, released: true };
const ofAnother = { customer_id: 'c_42' };
const paid = { transactionId: 'till-1', amount: '9.99', currency: 'EUR' };
const belowNothing = [{ kind: 'discount' as const, label: 'Too much', amount: '-10.00' }];

/** Each rule at its place: what it and all rules after it refuse, and the code that is answered. */
const REFUSALS: [rule: OrderRule, code: string, facts: OrderFacts, money?: OrderMoney][] = [
  [holdExists, 'HOLD_NOT_FOUND', orderFacts(null)],
  [holdIsTheBuyers, 'HOLD_NOT_FOUND', orderFacts(holdRow({ ...tooDear, ...expired, ...used, ...ofAnother }))],
  [holdIsUnused, 'HOLD_ALREADY_USED', orderFacts(holdRow({ ...tooDear, ...expired, ...used }))],
  [holdIsActive, 'HOLD_EXPIRED', orderFacts(holdRow({ ...tooDear, ...expired }))],
  [amountFits, 'VALIDATION_FAILED', orderFacts(holdRow(tooDear))],
  [adjustmentsFit, 'VALIDATION_FAILED', orderFacts(holdRow(), ['till-1']), { adjustments: belowNothing, paid }],
  [
    isPaidInFull,
    'AMOUNT_MISMATCH',
    orderFacts(holdRow(), ['till-1']),
    { adjustments: [], paid: { ...paid, amount: '9' } },
  ],
  [paymentIsUnused, 'PAYMENT_ALREADY_USED', orderFacts(holdRow(), ['till-1']), { adjustments: [], paid }],
];

/** The code of a refusal, which may name the order of the hold. */
function codeOf(refusal: OrderRefusal | null): string | undefined {
  return (typeof refusal === 'function' ? refusal({ id: 7 } as OrderRow) : refusal)?.code;
}

describe('an order', () => {
  it('is asked about in this order', () => {
    expect(REFUSALS.map(([rule]) => rule)).toEqual(ORDER_RULES);
  });

  it.each(REFUSALS.map(([rule, code, facts, money = null], place) => ({ rule, code, facts, money, place })))(
    'is refused by the first rule that refuses: $code at place $place',
    ({ code, facts, money, place }) => {
      const request = orderRequest(undefined, money);
      expect(codeOf(decideOrder(request, facts))).toBe(code);
      const before = ORDER_RULES.slice(0, place).map((rule) => rule.refuse(request, facts));
      expect(before).toEqual(Array(place).fill(null));
    },
  );

  it('that no rule refuses is made, and is the only one of its hold', () => {
    const facts = orderFacts(holdRow());
    expect([decideOrder(orderRequest(), facts), [...facts.taken]]).toEqual([null, [holdRow().id]]);
    expect(codeOf(decideOrder(orderRequest(), facts))).toBe('HOLD_ALREADY_USED');
  });

  it('is the only one of the payment that it was made with', () => {
    const facts = orderFacts(holdRow());
    expect(decideOrder(orderRequest(undefined, { adjustments: [], paid }), facts)).toBeNull();
    expect([...facts.usedPayments]).toEqual(['till-1']);
  });

  it('that one rule refuses is noted by none', () => {
    const facts = orderFacts(holdRow(tooDear));
    decideOrder(orderRequest(), facts);
    expect([...facts.taken]).toEqual([]);
  });
});
