import { describe, expect, it } from '@jest/globals';
import { CustomerUnits } from '../../../src/holds/customer-units.js';
import { isWithinLimit } from '../../../src/holds/granting/rules/is-within-limit.js';
import { LimitInDoubtError, SaleNotLockedError } from '../../../src/holds/holds.errors.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

const buyer = { customerId: 'c_42', limitKey: 'household-7', groups: [] };
const account = { product_id: 1, sale_id: null, limit_key: buyer.limitKey };
const limited = productRow({ max_per_customer: 4 });

describe('a hold of a product with a limit', () => {
  it('is refused with what is left, after what those before it took, to all who share the key', () => {
    const facts = grantFacts(limited, { customers: new CustomerUnits([{ ...account, units: 1 }]) });
    const two = newHold({ qty: 2, buyer });
    expect(isWithinLimit.refuse(two, facts)).toBeNull();
    isWithinLimit.take!(two, facts);
    const neighbour = newHold({ qty: 2, buyer: { ...buyer, customerId: 'c_43' } });
    expect(isWithinLimit.refuse(neighbour, facts)).toMatchObject({
      code: 'CUSTOMER_LIMIT_REACHED',
      extensions: { limit: 4, remaining: 1, scope: 'product' },
    });
    expect(isWithinLimit.refuse(newHold({ qty: 4, buyer: { ...buyer, limitKey: 'household-8' } }), facts)).toBeNull();
  });

  it('leaves nothing, and not less, where the limit was lowered', () => {
    const facts = grantFacts(limited, { customers: new CustomerUnits([{ ...account, units: 6 }]) });
    expect(isWithinLimit.refuse(newHold({ buyer }), facts)).toMatchObject({ extensions: { remaining: 0 } });
  });

  it('is asked for again where only holds refuse it that somebody is deciding on', () => {
    const customers = new CustomerUnits([{ ...account, units: 4 }]);
    customers.doubt(account, 2);
    const facts = grantFacts(limited, { customers });
    expect(isWithinLimit.refuse(newHold({ qty: 2, buyer }), facts)).toBeInstanceOf(LimitInDoubtError);
    expect(isWithinLimit.refuse(newHold({ qty: 3, buyer }), facts)).not.toBeInstanceOf(LimitInDoubtError);
  });

  it('is for nobody without a name; where there is no limit, nobody is asked', () => {
    expect(isWithinLimit.refuse(newHold(), grantFacts(limited))).toMatchObject({ code: 'BUYER_TOKEN_REQUIRED' });
    expect(isWithinLimit.refuse(newHold({ qty: 9 }), grantFacts(productRow()))).toBeNull();
  });
});

describe('a hold of a product in a sale with a limit', () => {
  const inSale = productRow({ sale_id: 7, sale_max_per_customer: 2 });
  const ofOther = { product_id: 2, sale_id: 7, limit_key: buyer.limitKey };
  const limitedSales = new Set([7]);

  it('is refused by what the customer has of the other products under that sale, and of no other', () => {
    const customers = new CustomerUnits([
      { ...ofOther, units: 1 },
      { ...ofOther, sale_id: 8, units: 9 },
      { ...ofOther, sale_id: null, units: 9 },
    ]);
    const facts = grantFacts(inSale, { customers, limitedSales });
    expect(isWithinLimit.refuse(newHold({ qty: 2, buyer }), facts)).toMatchObject({
      extensions: { limit: 2, remaining: 1, scope: 'sale' },
    });
    const one = newHold({ buyer });
    expect(isWithinLimit.refuse(one, facts)).toBeNull();
    isWithinLimit.take!(one, facts);
    expect(isWithinLimit.refuse(one, facts)).toMatchObject({ extensions: { remaining: 0, scope: 'sale' } });
  });

  it('is told of the limit that refuses for certain, before one in doubt', () => {
    const both = productRow({ sale_id: 7, max_per_customer: 1, sale_max_per_customer: 2 });
    const customers = new CustomerUnits([
      { ...account, sale_id: 7, units: 1 },
      { ...ofOther, units: 1 },
    ]);
    expect(isWithinLimit.refuse(newHold({ buyer }), grantFacts(both, { customers, limitedSales }))).toMatchObject({
      extensions: { scope: 'product' },
    });
    customers.doubt({ ...account, sale_id: 8 }, 1);
    const refused = isWithinLimit.refuse(newHold({ buyer }), grantFacts(both, { customers, limitedSales }));
    expect(refused).toMatchObject({ extensions: { scope: 'sale' } });
    expect(refused).not.toBeInstanceOf(LimitInDoubtError);
  });

  it('is decided again where the sale is not locked, and is for nobody without a name', () => {
    expect(isWithinLimit.refuse(newHold({ buyer }), grantFacts(inSale))).toBeInstanceOf(SaleNotLockedError);
    expect(isWithinLimit.refuse(newHold(), grantFacts(inSale))).toMatchObject({ code: 'BUYER_TOKEN_REQUIRED' });
  });
});
