import { describe, expect, it } from '@jest/globals';
import type { OrderFacts, OrderRefusal, OrderRule } from '../../../src/orders/ordering/order-facts.js';
import { decideOrder, ORDER_RULES } from '../../../src/orders/ordering/order-rules.js';
import { amountFits } from '../../../src/orders/ordering/rules/amount-fits.js';
import { holdExists } from '../../../src/orders/ordering/rules/hold-exists.js';
import { holdIsActive } from '../../../src/orders/ordering/rules/hold-is-active.js';
import { holdIsTheBuyers } from '../../../src/orders/ordering/rules/hold-is-the-buyers.js';
import { holdIsUnused } from '../../../src/orders/ordering/rules/hold-is-unused.js';
import type { OrderRow } from '../../../src/orders/orders.types.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

const tooDear = { amount: null };
const expired = { is_expired: true };
const used = { used: true, released: true };
const ofAnother = { customer_id: 'c_42' };

/** Each rule at its place: what it and all rules after it refuse, and the code that is answered. */
const REFUSALS: [rule: OrderRule, code: string, facts: OrderFacts][] = [
  [holdExists, 'HOLD_NOT_FOUND', orderFacts(null)],
  [holdIsTheBuyers, 'HOLD_NOT_FOUND', orderFacts(holdRow({ ...tooDear, ...expired, ...used, ...ofAnother }))],
  [holdIsUnused, 'HOLD_ALREADY_USED', orderFacts(holdRow({ ...tooDear, ...expired, ...used }))],
  [holdIsActive, 'HOLD_EXPIRED', orderFacts(holdRow({ ...tooDear, ...expired }))],
  [amountFits, 'VALIDATION_FAILED', orderFacts(holdRow(tooDear))],
];

/** The code of a refusal, which may name the order of the hold. */
function codeOf(refusal: OrderRefusal | null): string | undefined {
  return (typeof refusal === 'function' ? refusal({ id: 7 } as OrderRow) : refusal)?.code;
}

describe('an order', () => {
  it('is asked about in this order', () => {
    expect(REFUSALS.map(([rule]) => rule)).toEqual(ORDER_RULES);
  });

  it.each(REFUSALS.map(([rule, code, facts], place) => ({ rule, code, facts, place })))(
    'is refused by the first rule that refuses: $code at place $place',
    ({ code, facts, place }) => {
      expect(codeOf(decideOrder(orderRequest(), facts))).toBe(code);
      const before = ORDER_RULES.slice(0, place).map((rule) => rule.refuse(orderRequest(), facts));
      expect(before).toEqual(Array(place).fill(null));
    },
  );

  it('that no rule refuses is made, and is the only one of its hold', () => {
    const facts = orderFacts(holdRow());
    expect([decideOrder(orderRequest(), facts), [...facts.taken]]).toEqual([null, [holdRow().id]]);
    expect(codeOf(decideOrder(orderRequest(), facts))).toBe('HOLD_ALREADY_USED');
  });

  it('that one rule refuses is noted by none', () => {
    const facts = orderFacts(holdRow(tooDear));
    decideOrder(orderRequest(), facts);
    expect([...facts.taken]).toEqual([]);
  });
});
