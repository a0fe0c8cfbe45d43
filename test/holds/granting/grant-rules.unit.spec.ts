import { describe, expect, it } from '@jest/globals';
import { actOfCli } from '../../../src/access/operator.js';
import type { GrantFacts, GrantRule, NewHold, Override } from '../../../src/holds/granting/grant-facts.js';
import { decideHold, GRANT_RULES } from '../../../src/holds/granting/grant-rules.js';
import { amountFits } from '../../../src/holds/granting/rules/amount-fits.js';
import { isWithinLimit } from '../../../src/holds/granting/rules/is-within-limit.js';
import { productExists } from '../../../src/holds/granting/rules/product-exists.js';
import { productIsOnSale } from '../../../src/holds/granting/rules/product-is-on-sale.js';
import { saleIsOpen } from '../../../src/holds/granting/rules/sale-is-open.js';
import { unitsAreLeft } from '../../../src/holds/granting/rules/units-are-left.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

/** Each rule at its place: what it and all rules after it refuse, and the code that is answered. */
const REFUSALS: [rule: GrantRule, code: string, facts: GrantFacts][] = [
  [productExists, 'PRODUCT_NOT_FOUND', grantFacts(null)],
  [productIsOnSale, 'PRODUCT_NOT_ON_SALE', grantFacts(dear({ is_archived: 1, is_paused: 1, stock_total: 0 }))],
  [saleIsOpen, 'SALE_PAUSED', grantFacts(dear({ is_paused: 1, stock_total: 0 }))],
  [isWithinLimit, 'BUYER_TOKEN_REQUIRED', grantFacts(dear({ max_per_customer: 1, stock_total: 0 }))],
  [unitsAreLeft, 'INSUFFICIENT_STOCK', grantFacts(dear({ stock_total: 0 }))],
  [amountFits, 'VALIDATION_FAILED', grantFacts(dear({}))],
];

/** A product of which two units cost more than an order can say. */
function dear(overrides: Parameters<typeof productRow>[0]) {
  return productRow({ price: '999999999999.99', ...overrides });
}

describe('a hold', () => {
  it('is asked about in this order', () => {
    expect(REFUSALS.map(([rule]) => rule)).toEqual(GRANT_RULES);
  });

  it.each(REFUSALS.map(([rule, code, facts], place) => ({ rule, code, facts, place })))(
    'is refused by the first rule that refuses: $code at place $place',
    ({ code, facts, place }) => {
      const two = newHold({ qty: 2 });
      expect(decideHold(two, facts)).toMatchObject({ code });
      expect(GRANT_RULES.slice(0, place).map((rule) => rule.refuse(two, facts))).toEqual(Array(place).fill(null));
    },
  );

  it('that no rule refuses is granted at the price of the locked row', () => {
    expect(decideHold(newHold({ qty: 2 }), grantFacts(productRow()))).toEqual({
      ...{ id: newHold().id, product_id: 1, qty: 2, sku: null, unit_price: '9.99', amount: '19.98', currency: 'EUR' },
      ...{ customer_id: null, sale_id: null, extensions_left: 1 },
      ...{ expires_at: '2026-01-01 00:02:00.000', used: false, released: false, is_expired: false },
    });
  });

  it('that has a buyer is his', () => {
    const buyer = { customerId: 'c_42', limitKey: 'household-7', groups: [] };
    expect(decideHold(newHold({ buyer }), grantFacts(productRow()))).toMatchObject({ customer_id: 'c_42' });
  });

  it('that an operator makes is his by the words that he says, and noted as every other', () => {
    const buyer = { customerId: 'c_42', limitKey: 'c_42', groups: [] };
    const made = (override: readonly Override[], facts: GrantFacts) =>
      decideHold(
        newHold({ qty: 2, buyer, byHand: { act: actOfCli(), expiresAt: '2026-01-03 00:00:00.000', override } }),
        facts,
      );
    const facts = () => grantFacts(productRow({ is_paused: 1, max_per_customer: 1, hold_seconds: 60 }));
    expect(made([], facts())).toMatchObject({ code: 'SALE_PAUSED' });
    expect(made(['limit', 'admission'], facts())).toMatchObject({ code: 'SALE_PAUSED' });
    expect(made(['window'], facts())).toMatchObject({ code: 'CUSTOMER_LIMIT_REACHED' });
    const seen = facts();
    expect(made(['limit', 'window'], seen)).toMatchObject({
      expires_at: '2026-01-03 00:00:00.000',
      extensions_left: 0,
      customer_id: 'c_42',
    });
    expect([
      seen.ledger.available(1),
      seen.customers.taken('product', { product_id: 1, sale_id: null, limit_key: 'c_42' }),
    ]).toEqual([8, 2]);
    const archived = grantFacts(productRow({ is_archived: 1 }));
    expect(made(['window', 'limit', 'admission'], archived)).toMatchObject({ code: 'PRODUCT_NOT_ON_SALE' });
  });

  it('that one rule refuses is noted by none', () => {
    const taken: NewHold[] = [];
    const noting: GrantRule = { refuse: () => null, take: (hold) => void taken.push(hold) };
    const facts = grantFacts(productRow({ stock_total: 1 }));
    decideHold(newHold({ qty: 2 }), facts, [noting, ...GRANT_RULES]);
    expect([taken, facts.ledger.available(1)]).toEqual([[], 1]);
    decideHold(newHold(), facts, [noting, ...GRANT_RULES]);
    expect([taken, facts.ledger.available(1)]).toEqual([[newHold()], 0]);
  });
});
