import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, createHold, createProduct, type Product } from '../support/factories.js';
import { closeListeners, listen, type Listener } from '../support/listeners.js';
import { scrape } from '../support/metrics.js';
import { type Service, startService } from '../support/service.js';

const CROWD = 2000;
let service: Service;
beforeAll(async () => {
  service = await startService({ HTTP_STREAMS_MAX: String(CROWD + 3) });
});
afterEach(async () => {
  closeListeners();
  await eventually(async () => expect(await figure('checkout_live_listeners')).toBe(0));
});

async function figure(name: string): Promise<number> {
  return (await scrape(service)).value(name);
}

describe('streams of events', () => {
  it('are told to 2,000 listeners of one instance, while it sells', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    const path = `/api/products/${id}/live`;
    const listeners: Listener<Product>[] = [];
    while (listeners.length < CROWD) {
      listeners.push(...(await Promise.all(Array.from({ length: 100 }, () => listen<Product>(service, path)))));
    }
    expect(await figure('checkout_live_listeners')).toBe(CROWD);
    for (let count = 0; count < 50; count++) await createHold(service, { product_id: id });
    await eventually(() => {
      const late = listeners.filter(({ events }) => events.at(-1)?.available_stock !== 950);
      expect(late).toHaveLength(0);
    });
    expect(await figure('checkout_live_dropped_total')).toBe(0);
    // Readings of the database are shared by all who come within a moment.
    const last = await Promise.all([listen(service, path), listen(service, path), listen(service, path)]);
    expect(last.map(({ status }) => status)).toEqual([200, 200, 200]);
    const refused = await service.call('GET', path);
    expectProblem(refused, 'OVERLOADED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('are as many as one client may have', async () => {
    const strict = await startService({ HTTP_STREAMS_PER_CLIENT_MAX: '2' });
    const { id } = await createProduct(strict);
    const path = `/api/products/${id}/live`;
    const [first] = await Promise.all([listen(strict, path), listen(strict, path)]);
    expectProblem(await strict.call('GET', path), 'OVERLOADED');
    first.close();
    await eventually(async () => expect((await strict.call('GET', path)).status).toBe(200));
    await strict.stop();
  });

  it('leave nothing behind once their listeners have left', async () => {
    const { id } = await createProduct(service);
    const listeners = await Promise.all(Array.from({ length: 20 }, () => listen(service, `/api/products/${id}/live`)));
    for (const { close } of listeners) close();
    await eventually(async () => expect(await figure('checkout_live_listeners')).toBe(0));
    await service.call('PATCH', `/api/admin/products/${id}`, { name: 'Another' }, adminHeaders(service));
    const again = await listen<Product>(service, `/api/products/${id}/live`);
    await eventually(() => expect(again.events[0]).toMatchObject({ name: 'Another' }));
  });
});
