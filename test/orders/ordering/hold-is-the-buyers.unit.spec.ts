import { expect, it } from '@jest/globals';
import { ANONYMOUS, type Caller } from '../../../src/access/caller.js';
import { holdIsTheBuyers } from '../../../src/orders/ordering/rules/hold-is-the-buyers.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

const buyer = (customerId: string): Caller => ({
  kind: 'buyer',
  buyer: { customerId, limitKey: 'household-7', groups: [] },
});
const shop: Caller = { kind: 'shop', buyer: null };

it('an order of a hold with a buyer is refused to all others as if there were none', () => {
  const facts = orderFacts(holdRow({ customer_id: 'c_42' }));
  expect(holdIsTheBuyers.refuse(orderRequest(buyer('c_42')), facts)).toBeNull();
  for (const caller of [buyer('C_42'), shop, ANONYMOUS]) {
    expect(holdIsTheBuyers.refuse(orderRequest(caller), facts)).toMatchObject({ code: 'HOLD_NOT_FOUND' });
  }
});

it('an order of a hold without a buyer is for whoever knows its id', () => {
  for (const caller of [buyer('c_42'), shop, ANONYMOUS]) {
    expect(holdIsTheBuyers.refuse(orderRequest(caller), orderFacts(holdRow()))).toBeNull();
  }
});
