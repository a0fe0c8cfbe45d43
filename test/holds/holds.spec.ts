import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct } from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});

describe('x', () => {
  it('holds', async () => {
    const product = await createProduct(service);
    const hold = await createHold(service, { product_id: product.id });
    expect(hold.status).toBe('active');
    await expectStockIdentity(product.id);
  });
});
