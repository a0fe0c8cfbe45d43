import { describe, expect, it } from '@jest/globals';
import { unitsAreLeft } from '../../../src/holds/granting/rules/units-are-left.js';
import { UnitsOnTheirWayError } from '../../../src/holds/holds.errors.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

describe('a hold of more units than are left', () => {
  it('is refused with how many there are, after what those before it took', () => {
    const facts = grantFacts(productRow({ stock_total: 5, stock_held: 1, stock_sold: 1 }));
    const two = newHold({ qty: 2 });
    expect(unitsAreLeft.refuse(two, facts)).toBeNull();
    unitsAreLeft.take!(two, facts);
    expect(facts.ledger.moves()).toEqual([{ productId: 1, held: 2, sold: 0 }]);
    expect(unitsAreLeft.refuse(two, facts)).toMatchObject({
      code: 'INSUFFICIENT_STOCK',
      extensions: { available_stock: 1 },
    });
    expect(unitsAreLeft.refuse(newHold(), facts)).toBeNull();
  });

  it('is asked for again where as many as it lacks are on their way', () => {
    const facts = grantFacts(productRow({ stock_total: 1 }), { onTheirWay: new Map([[1, 2]]) });
    expect(unitsAreLeft.refuse(newHold({ qty: 3 }), facts)).toBeInstanceOf(UnitsOnTheirWayError);
    const tooFew = unitsAreLeft.refuse(newHold({ qty: 4 }), facts);
    expect(tooFew).toMatchObject({ code: 'INSUFFICIENT_STOCK', extensions: { available_stock: 1 } });
    expect(tooFew).not.toBeInstanceOf(UnitsOnTheirWayError);
    const nothingComes = grantFacts(productRow({ stock_total: 0 }), { onTheirWay: new Map([[2, 1]]) });
    expect(unitsAreLeft.refuse(newHold(), nothingComes)).not.toBeInstanceOf(UnitsOnTheirWayError);
  });
});
