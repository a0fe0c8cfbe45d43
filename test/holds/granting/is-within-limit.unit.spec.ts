import { describe, expect, it } from '@jest/globals';
import { CustomerUnits } from '../../../src/holds/customer-units.js';
import { isWithinLimit } from '../../../src/holds/granting/rules/is-within-limit.js';
import { LimitInDoubtError } from '../../../src/holds/holds.errors.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

const buyer = { customerId: 'c_42', limitKey: 'household-7', groups: [] };
const account = { product_id: 1, limit_key: buyer.limitKey };
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
