import { expect, it } from '@jest/globals';
import { productExists } from '../../../src/holds/granting/rules/product-exists.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

it('a hold of a product that could not be locked is refused', () => {
  const facts = grantFacts(productRow());
  expect(productExists.refuse(newHold(), facts)).toBeNull();
  expect(productExists.refuse(newHold({ product_id: 2 }), facts)).toMatchObject({
    code: 'PRODUCT_NOT_FOUND',
    detail: expect.stringContaining('no product 2'),
  });
});
