import { expect, it } from '@jest/globals';
import { amountFits } from '../../../src/orders/ordering/rules/amount-fits.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

it('an order of more than it can say is refused', () => {
  expect(amountFits.refuse(orderRequest(), orderFacts(holdRow()))).toBeNull();
  expect(amountFits.refuse(orderRequest(), orderFacts(holdRow({ amount: null })))).toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { errors: [{ field: 'hold_id' }] },
  });
});
