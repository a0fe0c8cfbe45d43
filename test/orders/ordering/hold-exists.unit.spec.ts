import { expect, it } from '@jest/globals';
import { holdExists } from '../../../src/orders/ordering/rules/hold-exists.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

it('an order of a hold that could not be locked is refused', () => {
  expect(holdExists.refuse(orderRequest(), orderFacts(holdRow()))).toBeNull();
  expect(holdExists.refuse(orderRequest(), orderFacts(null))).toMatchObject({ code: 'HOLD_NOT_FOUND' });
});
