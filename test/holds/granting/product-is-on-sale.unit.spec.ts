import { expect, it } from '@jest/globals';
import { productIsOnSale } from '../../../src/holds/granting/rules/product-is-on-sale.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

it('a hold of an archived product is refused', () => {
  expect(productIsOnSale.refuse(newHold(), grantFacts(productRow()))).toBeNull();
  expect(productIsOnSale.refuse(newHold(), grantFacts(productRow({ is_archived: 1 })))).toMatchObject({
    code: 'PRODUCT_NOT_ON_SALE',
  });
});
