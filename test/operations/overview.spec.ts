import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  keyHeaders,
  requestHold,
  taken,
} from '../support/factories.js';
import { createReview } from '../support/payments.js';

import { PATIENT, type Service, startService } from '../support/service.js';

interface Stock {
  id: number;
  available: number;
  held: number;
  sold: number;
}

interface Overview {
  sales: (Stock & { state: string; products: number })[];
  products: Stock[];
  rates: {
    window_seconds: number;
    instances: number;
    is_whole: boolean;
    holds: number;
    checkouts: number;
    refusals: Record<string, number>;
    batch_size: number | null;
    commit_p99_ms: number | null;
    answer_p99_ms: number | null;
    points: { at: string; holds: number }[];
  } | null;
  payments_in_review: number;
  disputes_open: number;
  jobs: Record<string, number> | null;
}

let service: Service;
let other: Service;
beforeAll(async () => {
  [service, other] = await Promise.all([startService(PATIENT), startService(PATIENT)]);
});

async function overview(from = service): Promise<Overview> {
  const answer = await from.call('GET', '/api/admin/overview', undefined, adminHeaders(service));
  return taken<object>(answer, 200) as Overview;
}

describe('the overview', () => {
  it('tells how much of each sale, and of each product without one, is left, held and sold', async () => {
    const sale = await createSale(service);
    const [first, second] = [
      await createProduct(service, { sale_id: sale.id }),
      await createProduct(service, { sale_id: sale.id, stock_total: 5 }),
    ];
    const alone = await createProduct(service);
    const archived = await createProduct(service, { sale_id: sale.id });
    const change = { archived: true };
    taken(await service.call('PATCH', `/api/admin/products/${archived.id}`, change, adminHeaders(service)), 200);
    await createHold(service, { product_id: first.id, quantity: 2 });
    await createPaidOrder(service, { product_id: second.id });
    await createHold(service, { product_id: alone.id, quantity: 3 });
    await actOnSale(service, sale.id, 'pause');
    await eventually(async () => {
      const { sales, products } = await overview();
      expect(sales.find(({ id }) => id === sale.id)).toMatchObject({
        ...{ state: 'paused', products: 2 },
        ...{ available: 12, held: 2, sold: 1 },
      });
      expect(products.find(({ id }) => id === alone.id)).toMatchObject({ available: 7, held: 3, sold: 0 });
      expect(products.some(({ id }) => id === first.id)).toBe(false);
    });
  });

  it('tells what all instances did in the last seconds, whichever is asked', async () => {
    const product = await createProduct(service, { stock_total: 4 });
    for (const from of [service, other]) {
      for (let time = 0; time < 4; time++) await requestHold(from, product.id);
      await createOrder(from);
    }
    for (const from of [service, other]) {
      await eventually(async () => {
        const { rates } = await overview(from);
        expect(rates).toMatchObject({ window_seconds: 10, instances: 2, is_whole: true });
        expect(rates!.holds).toBeGreaterThan(0);
        expect(rates!.checkouts).toBeGreaterThan(0);
        // Four of eight were refused, by whichever instance was asked: that of the other is in the sum.
        expect(Object.keys(rates!.refusals)).toEqual(['INSUFFICIENT_STOCK']);
        for (const figure of ['batch_size', 'commit_p99_ms', 'answer_p99_ms'] as const)
          expect(rates![figure]).toBeGreaterThan(0);
      });
    }
    await eventually(async () => expect((await overview()).rates!.points.some(({ holds }) => holds > 0)).toBe(true));
  });

  it('tells what waits for a person', async () => {
    const { payments_in_review: before, disputes_open: disputed } = await eventually(() => overview());
    await createReview(service, await createOrder(service));
    await eventually(async () => expect((await overview()).payments_in_review).toBe(before + 1));
    const { order_id } = await createPaidOrder(service);
    const becomes = (status: string) =>
      execute('UPDATE payments SET disputed_at = NOW(3), dispute_status = ? WHERE order_id = ?', [status, order_id]);
    for (const [status, more] of [
      ['open', 1],
      ['won', 0],
    ] as const) {
      await becomes(status);
      await eventually(async () => expect((await overview()).disputes_open).toBe(disputed + more));
    }
    await eventually(async () => expect((await overview()).jobs).toMatchObject({ failed: expect.any(Number) }));
  });

  it('forgets an instance that has ended', async () => {
    const third = await startService(PATIENT);
    await eventually(async () => expect((await overview()).rates!.instances).toBe(3));
    await third.stop();
    await eventually(async () => expect((await overview()).rates!.instances).toBe(2));
  });

  it('has no rates where nothing is counted, and no jobs while Redis is away', async () => {
    const uncounted = await startService({ METRICS_ENABLED: 'false', REDIS_PORT: '1' });
    const told = await eventually(() => overview(uncounted));
    expect(told).toMatchObject({ rates: null, jobs: null });
    await uncounted.stop();
  });

  it('is of one instance while Redis is away, and says so', async () => {
    const alone = await startService({ REDIS_PORT: '1' });
    await createHold(alone);
    await eventually(async () => {
      const { rates } = await overview(alone);
      expect(rates).toMatchObject({ instances: 1, is_whole: false });
      expect(rates!.holds).toBeGreaterThan(0);
    });
    await alone.stop();
  });

  it('is for who may read', async () => {
    const reader = keyHeaders(await createKey(service, ['read']));
    const seller = keyHeaders(await createKey(service, ['sell']));
    await eventually(async () => taken(await service.call('GET', '/api/admin/overview', undefined, reader), 200));
    expectProblem(await service.call('GET', '/api/admin/overview', undefined, seller), 'SCOPE_MISSING');
  });
});
