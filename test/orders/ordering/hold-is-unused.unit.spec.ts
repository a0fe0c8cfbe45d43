import { expect, it } from '@jest/globals';
import { holdIsUnused } from '../../../src/orders/ordering/rules/hold-is-unused.js';
import type { OrderRow } from '../../../src/orders/orders.types.js';
import { holdRow, orderFacts, orderRequest } from '../../support/decisions.js';

it('a second order of a hold is refused with the number of the first, of before or of the same batch', () => {
  const facts = orderFacts(holdRow());
  expect(holdIsUnused.refuse(orderRequest(), facts)).toBeNull();
  holdIsUnused.take!(orderRequest(), facts);
  const refusals = [facts, orderFacts(holdRow({ used: true }))].map((each) =>
    holdIsUnused.refuse(orderRequest(), each),
  );
  const first = { id: 7 } as OrderRow;
  expect(refusals.map((refusal) => typeof refusal === 'function' && refusal(first))).toMatchObject(
    Array(2).fill({ code: 'HOLD_ALREADY_USED', extensions: { order_id: 7 } }),
  );
});
