import { amountOf } from '../../common/money.js';
import type { DomainError } from '../../common/problem.js';
import { addSeconds } from '../../database/sql.js';
import type { PricedHoldRow } from '../holds.types.js';
import type { GrantFacts, GrantRule, NewHold } from './grant-facts.js';
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

/** Grants the hold, at the price of the locked row, or says why not. */
export function decideHold(hold: NewHold, facts: GrantFacts, rules = GRANT_RULES): PricedHoldRow | DomainError {
  for (const rule of rules) {
    const no = rule.refuse(hold, facts);
    if (no !== null) return no;
  }
  for (const rule of rules) rule.take?.(hold, facts);
  return grantedRow(hold, facts);
}

function grantedRow(
  { id, product_id, qty, buyer }: NewHold,
  { ledger, now, expiresAt, extensions, currency }: GrantFacts,
): PricedHoldRow {
  const { sku, price: unit_price, sale_id, hold_seconds, hold_extensions } = ledger.product(product_id)!;
  const price = { unit_price, amount: amountOf(unit_price, qty), currency };
  const owner = { customer_id: buyer === null ? null : buyer.customerId };
  const expires_at = hold_seconds === null ? expiresAt : addSeconds(now, hold_seconds);
  const terms = { sale_id, extensions_left: hold_extensions ?? extensions };
  const state = { expires_at, used: false, released: false, is_expired: false };
  return { id, product_id, qty, sku, ...price, ...owner, ...terms, ...state };
}
