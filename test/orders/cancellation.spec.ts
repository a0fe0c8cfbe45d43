import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  orderOf,
  stockOf,
  taken,
  UNKNOWN_ID,
} from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ ROLES: 'api' });
});

function cancel(id: number): Promise<Answer> {
  return service.call('POST', `/api/admin/orders/${id}/cancel`, undefined, adminHeaders(service));
}

describe('an unpaid order that an operator cancels', () => {
  it('ends with its reason, and its units are available at once', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    const cancelled = { status: 'cancelled', cancel_reason: 'operator' };
    expect(taken(await cancel(order.order_id), 200)).toMatchObject({ order_id: order.order_id, ...cancelled });
    expect(await orderOf(order.hold_id)).toMatchObject([cancelled]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, available: 5 });
    const hold = taken(await service.call('GET', `/api/holds/${order.hold_id}`), 200);
    expect(hold).toMatchObject({ status: 'released', order: cancelled });
    await expectStockIdentity(id);
  });

  it('stays as it is when it has ended already, whoever ended it', async () => {
    const order = await createOrder(service);
    expect((await giveBack(service, order.hold_id)).status).toBe(204);
    for (let time = 0; time < 2; time++) {
      expect(taken(await cancel(order.order_id), 200)).toMatchObject({ status: 'cancelled', cancel_reason: 'buyer' });
    }
    await expectStockIdentity(order.product_id);
  });

  it('is paid by money that comes late, as any other that was cancelled', async () => {
    const order = await createOrder(service);
    taken(await cancel(order.order_id), 200);
    expect(taken(await notify(service, noticeOf(order)), 200)).toMatchObject({ order_status: 'paid' });
    await expectRefusal('ORDER_ALREADY_PAID', () => cancel(order.order_id));
    await expectStockIdentity(order.product_id);
  });
});

describe('no cancellation', () => {
  it('takes the units of a paid order, nor of one that cost nothing', async () => {
    const { order_id, product_id } = await createPaidOrder(service);
    await expectRefusal('ORDER_ALREADY_PAID', () => cancel(order_id));
    await expectStockIdentity(product_id);
    const free = await createOrder(service, { product_id: (await createProduct(service, { price: '0' })).id });
    await expectRefusal('ORDER_ALREADY_PAID', () => cancel(free.order_id));
  });

  it('is of an order that is not there', async () => {
    expectProblem(await cancel(UNKNOWN_ID), 'ORDER_NOT_FOUND');
  });
});
