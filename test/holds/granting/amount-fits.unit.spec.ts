import { expect, it } from '@jest/globals';
import { amountFits } from '../../../src/holds/granting/rules/amount-fits.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

it('a hold that costs more than an order can say is refused', () => {
  const facts = grantFacts(productRow({ price: '333333333333.33' }));
  expect([1, 2, 3].map((qty) => amountFits.refuse(newHold({ qty }), facts))).toEqual([null, null, null]);
  expect(amountFits.refuse(newHold({ qty: 4 }), facts)).toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { errors: [{ field: 'quantity', message: expect.stringContaining('999999999999.99') }] },
  });
});

it('one unit of any price fits', () => {
  expect(amountFits.refuse(newHold(), grantFacts(productRow({ price: '999999999999.99' })))).toBeNull();
});
