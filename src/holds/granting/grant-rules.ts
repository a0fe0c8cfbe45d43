import { amountOf } from '../../common/money.js';
import type { DomainError } from '../../common/problem.js';
import type { PricedHoldRow } from '../holds.types.js';
import type { GrantFacts, GrantRule, NewHold, Override } from './grant-facts.js';
import { amountFits } from './rules/amount-fits.js';
import { isWithinLimit } from './rules/is-within-limit.js';
import { productExists } from './rules/product-exists.js';
import { productIsOnSale } from './rules/product-is-on-sale.js';
import { saleIsOpen } from './rules/sale-is-open.js';
import { unitsAreLeft } from './rules/units-are-left.js';

/** Whether a hold may be. The first rule that refuses says why; those after `productExists` need not ask for it. */
export const GRANT_RULES: readonly GrantRule[] = [
  productExists,
  productIsOnSale,
  saleIsOpen,
  isWithinLimit,
  unitsAreLeft,
  amountFits,
];

/** The rules that an operator may overrule, each by its word. What he grants is noted all the same. */
const OVERRULED_BY: ReadonlyMap<GrantRule, Override> = new Map([
  [saleIsOpen, 'window'],
  [isWithinLimit, 'limit'],
]);

/** Grants the hold, at the price of the locked row, or says why not. */
export function decideHold(hold: NewHold, facts: GrantFacts, rules = GRANT_RULES): PricedHoldRow | DomainError {
  for (const rule of rules) {
    const no = rule.refuse(hold, facts);
    if (no !== null && !isOverruled(rule, hold)) return no;
  }
  for (const rule of rules) rule.take?.(hold, facts);
  return grantedRow(hold, facts);
}

function isOverruled(rule: GrantRule, { byHand }: NewHold): boolean {
  const word = OVERRULED_BY.get(rule);
  return byHand !== null && word !== undefined && byHand.override.includes(word);
}

function grantedRow(
  { id, product_id, qty, buyer, byHand }: NewHold,
  { ledger, endAfter, extensions }: GrantFacts,
): PricedHoldRow {
  const { sku, price, currency, sale_id, hold_seconds, hold_extensions } = ledger.product(product_id)!;
  return {
    id,
    product_id,
    qty,
    sku,
    unit_price: price,
    amount: amountOf(price, qty),
    currency,
    customer_id: buyer === null ? null : buyer.customerId,
    sale_id,
    expires_at: byHand === null ? endAfter(hold_seconds ?? undefined) : byHand.expiresAt,
    extensions_left: byHand === null ? (hold_extensions ?? extensions) : 0,
    used: false,
    released: false,
    is_expired: false,
  };
}
