import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  inSeconds,
  type Product,
  type Sale,
  taken,
  UNKNOWN_ID,
} from '../support/factories.js';
import { closeListeners, listen, type Listener } from '../support/listeners.js';
import { type Service, startService } from '../support/service.js';

/** The stream of a sale: first all of it, then what has changed of it, with the products that have. */
type Shown = Omit<Sale, 'products'> & { readonly as_of: string; readonly server_time: string; products: Product[] };

let service: Service;
let neighbour: Service;
let alone: Service;

beforeAll(async () => {
  service = await startService();
  neighbour = await startService();
  alone = await startService({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' });
});
afterEach(closeListeners);

const watch = (from: Service, id: number): Promise<Listener<Shown>> => listen<Shown>(from, `/api/sales/${id}/live`);
const change = (id: number, body: object) =>
  service.call('PATCH', `/api/admin/products/${id}`, body, adminHeaders(service));

async function saleOfTwo(): Promise<{ sale: Sale; first: Product; second: Product }> {
  const sale = await createSale(service);
  const first = await createProduct(service, { stock_total: 10, sale_id: sale.id });
  const second = await createProduct(service, { stock_total: 10, sale_id: sale.id });
  return { sale, first, second };
}

/** What all events since one tell of a product, taken together. */
function told({ events }: Listener<Shown>, id: number): Product | undefined {
  return events.flatMap(({ products }) => products.filter((product) => product.id === id)).at(-1);
}

describe('the stream of a sale', () => {
  it('begins with what the public read shows, and then tells of the products alone that have changed', async () => {
    const { sale, first, second } = await saleOfTwo();
    const listeners = await Promise.all([watch(service, sale.id), watch(neighbour, sale.id), watch(alone, sale.id)]);
    const read = taken<Shown>(await service.call('GET', `/api/sales/${sale.id}`), 200);
    for (const { events } of listeners) {
      await eventually(() => expect(events).toHaveLength(1));
      const { as_of, server_time, ...shown } = events[0]!;
      expect({ ...shown, server_time: read.server_time }).toEqual(read);
      expect(server_time >= as_of).toBe(true);
    }
    await createHold(service, { product_id: second.id, quantity: 3 });
    for (const listener of listeners) {
      await eventually(() => expect(told(listener, second.id)).toMatchObject({ available_stock: 7 }));
      const later = listener.events.slice(1);
      expect(later.flatMap(({ products }) => products.map(({ id }) => id))).toEqual([second.id]);
      expect(later[0]).toMatchObject({ id: sale.id, name: sale.name, state: 'open' });
    }
    await createHold(alone, { product_id: first.id });
    for (const listener of listeners) {
      await eventually(() => expect(told(listener, first.id)).toMatchObject({ available_stock: 9 }));
    }
  });

  it('tells its state: paused, open again, ended', async () => {
    const { sale } = await saleOfTwo();
    const listeners = await Promise.all([watch(neighbour, sale.id), watch(alone, sale.id)]);
    for (const [action, state] of [
      ['pause', 'paused'],
      ['resume', 'open'],
      ['end', 'ended'],
    ] as const) {
      expect((await actOnSale(service, sale.id, action)).status).toBe(200);
      for (const { events } of listeners) await eventually(() => expect(events.at(-1)!.state).toBe(state));
    }
    for (const { events } of listeners) {
      const states = events.map(({ state }) => state);
      expect(states.filter((state, index) => state !== states[index - 1])).toEqual(['open', 'paused', 'open', 'ended']);
    }
  });

  it('tells that it has started, which no commit does', async () => {
    const sale = await createSale(service, { starts_at: inSeconds(4) });
    const listener = await watch(service, sale.id);
    await eventually(() => expect(listener.events.map(({ state }) => state)).toEqual(['scheduled', 'open']));
    const { starts_at, server_time } = listener.events[1]!;
    expect(server_time >= starts_at).toBe(true);
  });

  it('tells of products that come and go, and of those that go no more', async () => {
    const { sale, first, second } = await saleOfTwo();
    const other = await createSale(service);
    const listener = await watch(neighbour, sale.id);
    const third = await createProduct(service, { sale_id: sale.id });
    await eventually(() => expect(told(listener, third.id)).toMatchObject({ sale_id: sale.id }));
    expect((await change(first.id, { sale_id: other.id })).status).toBe(200);
    await eventually(() => expect(told(listener, first.id)).toMatchObject({ sale_id: other.id }));
    expect((await change(second.id, { archived: true })).status).toBe(200);
    await eventually(() => expect(told(listener, second.id)).toMatchObject({ archived: true }));

    const before = listener.events.length;
    await createHold(service, { product_id: first.id });
    await createHold(service, { product_id: third.id });
    await eventually(() => expect(listener.events.length).toBeGreaterThan(before));
    const later = listener.events.slice(before).flatMap(({ products }) => products.map(({ id }) => id));
    expect(new Set(later)).toEqual(new Set([third.id]));
    expect((await change(second.id, { archived: false })).status).toBe(200);
    await eventually(() => expect(told(listener, second.id)).toMatchObject({ archived: false }));
  });

  it('is refused like any read', async () => {
    expectProblem(await service.call('GET', `/api/sales/${UNKNOWN_ID}/live`), 'SALE_NOT_FOUND');
    expectProblem(await service.call('GET', '/api/sales/0/live'), 'VALIDATION_FAILED');
  });
});
