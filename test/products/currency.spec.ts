import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  taken,
  unique,
} from '../support/factories.js';
import { listAll } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

/** What a shop sees whose currency has no decimals, two, or three. */
const CURRENCIES = [
  {
    currency: 'JPY',
    price: '400',
    shown: '400',
    of3: '1200',
    tooFine: '400.50',
    rule: 'must have no decimals, as JPY has',
  },
  {
    currency: 'EUR',
    price: '4.5',
    shown: '4.50',
    of3: '13.50',
    tooFine: '4.505',
    rule: 'must have at most 2 decimals, as EUR has',
  },
  { currency: 'KWD', price: '4.5', shown: '4.500', of3: '13.500', tooFine: '4.5055', rule: '' },
];

describe.each(CURRENCIES)('amounts in $currency', ({ currency, price, shown, of3, tooFine, rule }) => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ CURRENCY: currency });
  });
  const post = (body: object) => service.call('POST', '/api/admin/products', body, adminHeaders(service));

  it('have the decimals of their currency, from the price to the refund', async () => {
    const product = await createProduct(service, { price });
    expect(product.price).toBe(shown);
    const hold = await createHold(service, { product_id: product.id, quantity: 3 });
    expect(hold).toMatchObject({ unit_price: shown, amount: of3, currency });
    expect((await service.call('GET', `/api/holds/${hold.hold_id}`)).body).toMatchObject({
      unit_price: shown,
      amount: of3,
    });
    await giveBack(service, hold.hold_id);
    const order = await createOrder(service, { product_id: product.id, quantity: 3 });
    expect(order).toMatchObject({ amount: of3, currency });
    const told = { amount: `${Number(of3).toFixed(3)}`, currency };
    expect(taken(await notify(service, noticeOf(order, told)), 200)).toMatchObject({
      result: 'applied',
      order_status: 'paid',
    });
    const second = noticeOf(order, told);
    expect(taken(await notify(service, second), 200)).toMatchObject({ result: 'applied' });
    const nothing = (0).toFixed(shown.split('.')[1]?.length ?? 0);
    const refunds = await listAll<{ transaction_id: string }>(service, '/api/admin/refunds');
    expect(refunds.find(({ transaction_id }) => transaction_id === second.transaction_id)).toMatchObject({
      amount: of3,
      amount_paid: of3,
      amount_refunded: nothing,
      currency,
    });
    await expectStockIdentity(product.id);
  });

  it('are refused in words where they have more', async () => {
    const { id } = await createProduct(service, { price });
    const change = service.call('PATCH', `/api/admin/products/${id}`, { price: tooFine }, adminHeaders(service));
    for (const answer of [await post({ name: unique('fine'), price: tooFine, stock_total: 1 }), await change]) {
      expectProblem(answer, 'VALIDATION_FAILED');
      expect(answer.body.errors).toEqual([
        {
          field: 'price',
          message: rule === '' ? expect.stringMatching(/^must be a decimal string/) : rule,
        },
      ]);
    }
  });

  it('are refused where an order would not fit its column', async () => {
    expect((await post({ name: unique('dear'), price: '99999999999', stock_total: 1 })).status).toBe(201);
    const answer = await post({ name: unique('dearer'), price: '999999999999', stock_total: 1 });
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.detail).toContain('10 units (HOLD_QUANTITY_MAX) would cost more than 999999999999.99');
  });
});
