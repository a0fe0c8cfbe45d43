import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createPaidOrder,
  createProduct,
  createSale,
  noticeOf,
  notify,
  type Order,
  type Product,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { type Service, startService } from '../support/service.js';

/** What operators do to products, and what they are kept from doing to one another. */
let service: Service;

beforeAll(async () => {
  service = await startService();
});

interface Page {
  readonly items: Product[];
}

/** Products on sale from a number on; there is no number before the first. */
async function listedFrom(id: number): Promise<number[]> {
  const after = id > 1 ? `?cursor=${id - 1}` : '';
  return taken<Page>(await service.call('GET', `/api/products${after}`), 200).items.map((product) => product.id);
}

async function getProduct(id: number): Promise<Product> {
  return taken<Product>(await service.call('GET', `/api/products/${id}`), 200);
}

function changeProduct(id: number, change: object, headers = adminHeaders(service)) {
  return service.call('PATCH', `/api/admin/products/${id}`, change, headers);
}

describe('an operator who repeats a call', () => {
  const keyed = (key = unique('key')) => ({ ...adminHeaders(service), 'idempotency-key': key });
  const restock = (id: number, units: number, headers = adminHeaders(service), to = service) =>
    to.call('POST', `/api/admin/products/${id}/restock`, { units }, headers);

  it('makes one product, however often and wherever the call arrives', async () => {
    const neighbour = await startService();
    const body = { name: unique('Sneaker'), price: '9.9', stock_total: 3 };
    const headers = keyed();
    const calls = [service, neighbour, service, neighbour].map((to) =>
      to.call('POST', '/api/admin/products', body, headers),
    );
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.headers.get('location'))).size).toBe(1);
    expect(await query('SELECT id FROM products WHERE name = ?', [body.name])).toHaveLength(1);
    const other = await service.call('POST', '/api/admin/products', { ...body, stock_total: 4 }, headers);
    expectProblem(other, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('restocks once, however often and wherever the call arrives, and sees the product as it is now', async () => {
    const neighbour = await startService();
    const { id } = await createProduct(service, { stock_total: 10 });
    const headers = keyed();
    const answers = await Promise.all([service, neighbour, service].map((to) => restock(id, 50, headers, to)));
    for (const answer of answers) expect(taken(answer, 200)).toMatchObject({ id, stock_total: 60 });
    taken(await restock(id, -20, keyed()), 200);
    expect(taken(await restock(id, 50, headers), 200)).toMatchObject({ stock_total: 40 });
    expectProblem(await restock(id, 51, headers), 'IDEMPOTENCY_KEY_REUSED');
    expect(await stockOf(id)).toMatchObject({ stock_total: 40 });
  });

  it('restocks again without a key', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    taken(await restock(id, 5), 200);
    expect(taken(await restock(id, 5), 200)).toMatchObject({ stock_total: 20 });
  });

  it('takes away free units only, and adds no more than a product can have', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(service, { product_id: id, quantity: 4 });
    expectProblem(await restock(id, -7), 'STOCK_BELOW_COMMITTED');
    expectProblem(await restock(id, -11), 'STOCK_BELOW_COMMITTED');
    expect(taken(await restock(id, -6), 200)).toMatchObject({ stock_total: 4, available_stock: 0 });
    expectProblem(await restock(id, 4_294_967_295), 'VALIDATION_FAILED');
    const none = await restock(id, 0);
    expect(none.body.errors).toEqual([{ field: 'units', message: 'must not be 0' }]);
    await expectStockIdentity(id);
  });
});

describe('GET /api/admin/products/{id} and If-Match', () => {
  const readTag = async (id: number) => {
    const answer = await service.call('GET', `/api/admin/products/${id}`, undefined, adminHeaders(service));
    expect(answer.status).toBe(200);
    return answer.headers.get('etag')!;
  };
  const changeIf = (id: number, etag: string, change: object) =>
    changeProduct(id, change, { ...adminHeaders(service), 'if-match': etag });

  it('lets of two operators who read the same product only the first change it', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const etag = await readTag(id);
    const answers = await Promise.all(['11.00', '12.00'].map((price) => changeIf(id, etag, { price })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    expectProblem(
      answers.find(({ status }) => status === 412)!,
      'PRECONDITION_FAILED',
    );
    const changed = answers.find(({ status }) => status === 200)!;
    expect(changed.headers.get('etag')).toBe(await readTag(id));
    expect((await getProduct(id)).price).toBe(changed.body.price);
  });

  it.each<[string, () => object | Promise<object>]>([
    ['name', () => ({ name: unique('renamed') })],
    ['price', () => ({ price: '11.00' })],
    ['SKU', () => ({ sku: unique('SKU') })],
    ['sale', async () => ({ sale_id: (await createSale(service)).id })],
    ['total', () => ({ stock_total: 11 })],
    ['place, the archive', () => ({ archived: true })],
  ])('keeps a change back that was made for the product before it got another %s', async (_, change) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const etag = await readTag(id);
    expect((await changeIf(id, etag, await change())).status).toBe(200);
    const now = await getProduct(id);
    expectProblem(await changeIf(id, etag, { name: unique('too late') }), 'PRECONDITION_FAILED');
    expect(await getProduct(id)).toEqual(now);
  });

  it('takes a change for the product whatever buyers did meanwhile', async () => {
    const { id } = await createProduct(service);
    const etag = await readTag(id);
    await createPaidOrder(service, { product_id: id });
    expect(await readTag(id)).toBe(etag);
    expect((await changeIf(id, `"another", ${etag}`, { name: unique('renamed') })).status).toBe(200);
    expect((await changeIf(id, '*', { name: unique('renamed') })).status).toBe(200);
    expectProblem(await changeIf(id, etag, { name: 'x' }), 'PRECONDITION_FAILED');
    expectProblem(await changeIf(id, `W/${await readTag(id)}`, { name: 'x' }), 'PRECONDITION_FAILED');
  });
});

describe('an archived product', () => {
  it('is not listed and grants no hold, while what was held before goes on', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const before = await createHold(service, { product_id: id });
    const etag = (await service.call('GET', `/api/products/${id}`)).headers.get('etag');
    expect(taken(await changeProduct(id, { archived: true }), 200)).toMatchObject({ id, archived: true });
    expect(await getProduct(id)).toMatchObject({ archived: true, available_stock: 9 });
    expect((await service.call('GET', `/api/products/${id}`)).headers.get('etag')).not.toBe(etag);
    expect(await listedFrom(id)).not.toContain(id);
    expectProblem(await requestHold(service, id), 'PRODUCT_NOT_ON_SALE');
    const order = taken<Order>(await requestOrder(service, before.hold_id), 201);
    expect(taken(await notify(service, noticeOf(order)), 200)).toMatchObject({ order_status: 'paid' });
    await expectStockIdentity(id);
    taken(await changeProduct(id, { archived: false }), 200);
    expect((await requestHold(service, id)).status).toBe(201);
    expect(await listedFrom(id)).toContain(id);
  });

  it('may be made as one, and be put on sale later', async () => {
    const key = { ...adminHeaders(service), 'idempotency-key': unique('key') };
    const body = { name: unique('Surprise'), price: '9.99', stock_total: 5, archived: true };
    const product = taken<Product>(await service.call('POST', '/api/admin/products', body, key), 201);
    expect(product).toMatchObject({ archived: true, available_stock: 5 });
    expect(await listedFrom(product.id)).toEqual([]);
    expectProblem(await requestHold(service, product.id), 'PRODUCT_NOT_ON_SALE');
    const onSale = await service.call('POST', '/api/admin/products', { ...body, archived: false }, key);
    expectProblem(onSale, 'IDEMPOTENCY_KEY_REUSED');
    taken(await changeProduct(product.id, { archived: false }), 200);
    expect((await requestHold(service, product.id)).status).toBe(201);
    expect(await createProduct(service, { archived: false })).toMatchObject({ archived: false });
    const answer = await service.call(
      'POST',
      '/api/admin/products',
      { ...body, archived: 'yes' },
      adminHeaders(service),
    );
    expectProblem(answer, 'VALIDATION_FAILED');
  });

  it('is watched no more: it would keep a product that sells out of the figures', async () => {
    const { id } = await createProduct(service);
    const isWatched = async (): Promise<boolean> =>
      (await scrape(service)).has('checkout_stock_units', { product: id, part: 'available' });
    await eventually(async () => expect(await isWatched()).toBe(true));
    taken(await changeProduct(id, { archived: true }), 200);
    await eventually(async () => expect(await isWatched()).toBe(false));
  });

  it('grants nothing to anyone, at any instance, once that was answered', async () => {
    const neighbour = await startService();
    const { id } = await createProduct(service, { stock_total: 1000 });
    const archived = changeProduct(id, { archived: true });
    let isAnswered = false;
    const buyers = [service, neighbour].map(async (to) => {
      const late: number[] = [];
      for (let n = 0; n < 50; n++) {
        const wasAnswered = isAnswered;
        const { status } = await requestHold(to, id);
        if (wasAnswered) late.push(status);
      }
      return late;
    });
    taken(await archived, 200);
    isAnswered = true;
    expect((await Promise.all(buyers)).flat().filter((status) => status !== 409)).toEqual([]);
    for (const to of [service, neighbour]) expectProblem(await requestHold(to, id), 'PRODUCT_NOT_ON_SALE');
    await expectStockIdentity(id);
  });
});
