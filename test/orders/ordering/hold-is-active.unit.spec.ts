import { expect, it } from '@jest/globals';
import { holdIsActive } from '../../../src/orders/ordering/rules/hold-is-active.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

it.each([{ is_expired: true }, { released: true }])('an order of a hold with %j is refused', (over) => {
  expect(holdIsActive.refuse(orderRequest(), orderFacts(holdRow()))).toBeNull();
  expect(holdIsActive.refuse(orderRequest(), orderFacts(holdRow(over)))).toMatchObject({ code: 'HOLD_EXPIRED' });
});
