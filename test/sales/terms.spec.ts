import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  createSale,
  hex,
  requestHold,
  type Sale,
  stockOf,
  taken,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ HOLD_TTL_SECONDS: '120', ORDER_PAYMENT_TTL_SECONDS: '900', HOLD_EXTENSIONS: '2' });
});

const changeSale = (id: number, change: object) =>
  service.call('PATCH', `/api/admin/sales/${id}`, change, adminHeaders(service));

/** For how many seconds a hold, or the order of it, is kept, by the rows themselves. */
async function secondsOf(holdId: string): Promise<{ hold: number; order: number | null }> {
  const [row] = await query<{ hold: number; order_seconds: number | null }>(
    `SELECT TIMESTAMPDIFF(SECOND, h.created_at, h.expires_at) AS hold,
       TIMESTAMPDIFF(SECOND, o.created_at, o.payment_due_at) AS order_seconds
     FROM holds h LEFT JOIN orders o ON o.hold_id = h.id WHERE h.id = UNHEX(?)`,
    [hex(holdId)],
  );
  return { hold: row!.hold, order: row!.order_seconds };
}

/** The row is written a moment after the time of which its end was reckoned. */
const expectAbout = (found: number | null, seconds: number): void => {
  expect(found).toBeLessThanOrEqual(seconds);
  expect(found).toBeGreaterThan(seconds - 60);
};

describe('the terms of a sale', () => {
  it('are the environment’s where it has none of its own, and operators see which are its own', async () => {
    const sale = await createSale(service, { hold_seconds: 600 });
    const counting = { hold_seconds: 600, payment_seconds: 900, hold_extensions: 2, show_stock: 'exact' };
    expect(sale).toMatchObject({ terms: counting, terms_set: ['hold_seconds'] });
    const changed = taken<Sale>(await changeSale(sale.id, { hold_seconds: null, hold_extensions: 0 }), 200);
    expect(changed).toMatchObject({ terms: { hold_seconds: 120, hold_extensions: 0 }, terms_set: ['hold_extensions'] });
    const seen = taken<Sale>(await service.call('GET', `/api/sales/${sale.id}`), 200);
    expect(seen.terms).toEqual(changed.terms);
    expect(seen).not.toHaveProperty('terms_set');
  });

  it.each([
    ['hold_seconds', 0],
    ['hold_seconds', 86_401],
    ['payment_seconds', 1.5],
    ['processing_seconds', -1],
    ['processing_seconds', 2_592_001],
    ['hold_extensions', 11],
    ['hold_extensions', -1],
    ['show_stock', 'all'],
  ])('refuse %s: %p', async (term, value) => {
    const answer = await service.call('POST', '/api/admin/sales', { name: 'x', [term]: value }, adminHeaders(service));
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field: term }]);
  });

  it('say how long its holds and orders wait, beside those of other products in the same batch', async () => {
    const sale = await createSale(service, { hold_seconds: 3000, payment_seconds: 30_000 });
    const inSale = await createProduct(service, { sale_id: sale.id });
    const plain = await createProduct(service);
    const holds = await Promise.all(
      [inSale, plain, inSale, plain].map((product) => createHold(service, { product_id: product.id })),
    );
    expect(holds.map(({ sale_id }) => sale_id)).toEqual([sale.id, null, sale.id, null]);
    for (const hold of holds) expectAbout((await secondsOf(hold.hold_id)).hold, hold.sale_id === null ? 120 : 3000);
    const orders = [await createOrder(service, { product_id: inSale.id }), await createOrder(service)];
    expectAbout((await secondsOf(orders[0]!.hold_id)).order, 30_000);
    expectAbout((await secondsOf(orders[1]!.hold_id)).order, 900);
  });

  it('are those of the sale under which the hold was made, whatever sale its product is in by then', async () => {
    const [before, after] = [
      await createSale(service, { payment_seconds: 30_000 }),
      await createSale(service, { payment_seconds: 60 }),
    ];
    const product = await createProduct(service, { sale_id: before.id });
    const hold = await createHold(service, { product_id: product.id });
    const moved = { sale_id: after.id };
    taken(await service.call('PATCH', `/api/admin/products/${product.id}`, moved, adminHeaders(service)), 200);
    taken(await service.call('POST', '/api/orders', { hold_id: hold.hold_id }), 201);
    expectAbout((await secondsOf(hold.hold_id)).order, 30_000);
    const [order] = await query<{ sale_id: number }>('SELECT sale_id FROM orders WHERE hold_id = UNHEX(?)', [
      hex(hold.hold_id),
    ]);
    expect(order).toEqual({ sale_id: before.id });
  });
});

describe('what the public sees of the stock', () => {
  const read = (id: number) => service.call('GET', `/api/products/${id}`);

  it('is a word where the sale shows few, which changes with the stock and not with every hold', async () => {
    const sale = await createSale(service, { show_stock: 'few' });
    const { id } = await createProduct(service, { sale_id: sale.id, stock_total: 12 });
    const hidden = { stock_total: null, available_stock: null };
    const many = await read(id);
    expect(many.body).toMatchObject({ ...hidden, availability: 'many' });
    await createHold(service, { product_id: id });
    const still = await service.call('GET', `/api/products/${id}`, undefined, {
      'if-none-match': many.headers.get('etag')!,
    });
    expect(still.status).toBe(304);
    await createHold(service, { product_id: id });
    expect((await read(id)).body).toMatchObject({ ...hidden, availability: 'few' });
    const list = taken<{ items: object[] }>(await service.call('GET', `/api/products?cursor=${id - 1}`), 200);
    expect(list.items[0]).toMatchObject({ ...hidden, availability: 'few' });
    const shown = taken<Sale>(await service.call('GET', `/api/sales/${sale.id}`), 200);
    expect(shown.products).toMatchObject([{ ...hidden, availability: 'few' }]);
    const operator = await service.call('GET', `/api/admin/products/${id}`, undefined, adminHeaders(service));
    expect(operator.body).toMatchObject({ stock_total: 12, available_stock: 10 });
  });

  it('is in a refusal no more than that', async () => {
    const sale = await createSale(service, { show_stock: 'few' });
    const { id } = await createProduct(service, { sale_id: sale.id, stock_total: 3 });
    const few = await requestHold(service, id, 4);
    expectProblem(few, 'INSUFFICIENT_STOCK');
    expect(few.body).toMatchObject({ available_stock: null, availability: 'few' });
    expect(few.text).not.toMatch(/\b3\b/);
    await createHold(service, { product_id: id, quantity: 3 });
    expect((await requestHold(service, id)).body).toMatchObject({ available_stock: null, availability: 'none' });
    expect(await stockOf(id)).toMatchObject({ available: 0 });
  });

  it('is only whether there are any where it shows none, and figures again where it shows them', async () => {
    const sale = await createSale(service, { show_stock: 'none' });
    const { id } = await createProduct(service, { sale_id: sale.id, stock_total: 500 });
    expect((await read(id)).body).toMatchObject({ stock_total: null, available_stock: null, availability: 'some' });
    expect((await requestHold(service, id, 10)).status).toBe(201);
    taken(await changeSale(sale.id, { show_stock: null }), 200);
    const exact = (await read(id)).body;
    expect(exact).toMatchObject({ stock_total: 500, available_stock: 490 });
    expect(exact).not.toHaveProperty('availability');
  });
});
