import { beforeAll, describe, expect, it } from '@jest/globals';
import { lockWaits, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectRefusal } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  type Hold,
  inSeconds,
  type Product,
  taken,
  unique,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** A product by the shop's own name of it, made or brought in line by one call. */
let service: Service;
let neighbour: Service;

beforeAll(async () => {
  [service, neighbour] = [await startService(), await startService()];
});

const BODY = { name: 'Poster', price: '12.00', stock_total: 100 };

function put(sku: string, body: object, headers: Record<string, string> = {}, to = service): Promise<Answer> {
  const path = `/api/admin/products/by-sku/${encodeURIComponent(sku)}`;
  return to.call('PUT', path, body, { ...adminHeaders(service), ...headers });
}

/** What the audit log has of a product, oldest first. */
async function actsOn(id: number): Promise<string[]> {
  const rows = await query<{ action: string }>(
    "SELECT action FROM audit_log WHERE target = 'product' AND target_id = ? ORDER BY id",
    [String(id)],
  );
  return rows.map(({ action }) => action);
}

describe('PUT /api/admin/products/by-sku/{sku}', () => {
  it('makes the product where there is none, and tells where it is', async () => {
    const sku = unique('sku');
    const answer = await put(sku, BODY);
    const product = taken<Product>(answer, 201);
    expect(product).toMatchObject({ ...BODY, sku, available_stock: 100, archived: false });
    expect(answer.headers.get('location')).toBe(`/api/products/${product.id}`);
    expect(answer.headers.get('etag')).toMatch(/^".+"$/);
    expect(await actsOn(product.id)).toEqual(['product.create']);
  });

  it('sent again changes nothing; sent otherwise it changes the product, and what is left out stays', async () => {
    const sku = unique('sku');
    const { id: sale_id } = await createSale(service);
    const { id } = taken<Product>(await put(sku, { ...BODY, sale_id, max_per_customer: 2 }), 201);
    expect(taken(await put(sku, { ...BODY, sku }), 200)).toMatchObject({ id, sale_id, max_per_customer: 2 });
    expect(await actsOn(id)).toEqual(['product.create']);
    const changed = taken<Product>(await put(sku, { ...BODY, price: '9.00', max_per_customer: null }), 200);
    expect(changed).toMatchObject({ id, price: '9.00', sale_id, max_per_customer: null });
    expect(await actsOn(id)).toEqual(['product.create', 'product.change']);
  });

  it('takes an archived product out of the archive only if it is asked to', async () => {
    const { id, sku } = await createProduct(service, { sku: unique('sku'), archived: true });
    expect(taken(await put(sku!, BODY), 200)).toMatchObject({ id, archived: true });
    expect(taken(await put(sku!, { ...BODY, archived: false }), 200)).toMatchObject({ id, archived: false });
  });

  it('takes each name that a SKU can be, and no other', async () => {
    for (const sku of ['a/b', '%25', '?#&', '..', `"${'~'.repeat(62)}"`, '/'.repeat(64)]) {
      const { id } = taken<Product>(await put(sku, BODY), 201);
      expect(taken(await put(sku, BODY), 200)).toMatchObject({ id, sku });
    }
    for (const sku of ['with blank', 'grün', 'x'.repeat(65)]) {
      await expectRefusal('VALIDATION_FAILED', () => put(sku, BODY));
    }
    const other = await expectRefusal('VALIDATION_FAILED', () => put(unique('sku'), { ...BODY, sku: 'another' }));
    expect(other.body.errors).toEqual([{ field: 'sku', message: 'must be the one of the path' }]);
  });

  it('refuses what the other calls refuse', async () => {
    const { id, sku } = await createProduct(service, { sku: unique('sku'), stock_total: 5 });
    await createHold(service, { product_id: id, quantity: 3 });
    expectProblem(await put(sku!, { ...BODY, stock_total: 2 }), 'STOCK_BELOW_COMMITTED');
    await expectRefusal('VALIDATION_FAILED', () => put(sku!, { price: '1.00' }));
    await expectRefusal('SALE_NOT_FOUND', () => put(unique('sku'), { ...BODY, sale_id: 999_999 }));
  });

  it('with If-Match changes the product that was read, and makes none', async () => {
    const sku = unique('sku');
    await expectRefusal('PRECONDITION_FAILED', () => put(sku, BODY, { 'if-match': '*' }));
    const etag = (await put(sku, BODY)).headers.get('etag')!;
    expect((await put(sku, { ...BODY, price: '9.00' }, { 'if-match': etag })).status).toBe(200);
    await expectRefusal('PRECONDITION_FAILED', () => put(sku, BODY, { 'if-match': etag }));
  });

  it('changes no product that has the SKU no more once it is locked', async () => {
    const [{ id, sku, price }, moved] = [await createProduct(service, { sku: unique('sku') }), unique('sku')];
    await withConnection(async (other) => {
      await other.query('START TRANSACTION');
      await other.query('UPDATE products SET sku = ? WHERE id = ?', [moved, id]);
      const putting = put(sku!, BODY);
      await eventually(async () => expect(await lockWaits()).toBeGreaterThan(0));
      await other.query('COMMIT');
      expect(taken<Product>(await putting, 201)).toMatchObject({ ...BODY, sku });
    });
    expect(await query('SELECT sku FROM products WHERE id = ?', [id])).toEqual([{ sku: moved }]);
    expect(taken(await service.call('GET', `/api/products/${id}`), 200)).toMatchObject({ price });
  });

  it('sent by many at once, through two instances, makes one', async () => {
    for (let round = 0; round < 10; round++) {
      const sku = unique('sku');
      const answers = await inParallel(8, (n) => put(sku, BODY, {}, n % 2 === 0 ? service : neighbour));
      expect(countByStatus(answers)).toEqual({ 200: 7, 201: 1 });
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    }
  });
});

describe('GET /api/admin/products/by-sku/{sku}', () => {
  const get = (sku: string) =>
    service.call('GET', `/api/admin/products/by-sku/${sku}`, undefined, adminHeaders(service));

  it('finds the product that has it, archived or not, with the tag by which a change is guarded', async () => {
    for (const archived of [true, false]) {
      const { id, sku } = await createProduct(service, { sku: unique('sku'), archived });
      const answer = await get(sku!);
      expect(taken(answer, 200)).toMatchObject({ id, archived });
      expect(taken(await put(sku!, BODY, { 'if-match': answer.headers.get('etag')! }), 200)).toMatchObject({ id });
    }
  });

  it('takes no number for it', async () => {
    const { id } = await createProduct(service);
    await expectRefusal('PRODUCT_NOT_FOUND', () => get(String(id)));
  });
});

describe('a hold by the SKU of its product', () => {
  const hold = (body: object, headers: Record<string, string> = {}, to = service): Promise<Answer> =>
    to.call('POST', '/api/holds', { quantity: 1, ...body }, headers);
  const byHand = (body: object): Promise<Answer> =>
    service.call(
      'POST',
      '/api/admin/holds',
      { quantity: 1, expires_at: inSeconds(60), ...body },
      adminHeaders(service),
    );
  const createWithSku = async () => {
    const sku = unique('sku');
    return { ...(await createProduct(service, { sku })), sku };
  };

  it('is one by its number, and its key is of the product, however that is named', async () => {
    const { id, sku } = await createWithSku();
    const headers = { 'idempotency-key': unique('key-of-16') };
    const made = taken<Hold>(await hold({ sku }, headers), 201);
    expect(made).toMatchObject({ product_id: id, sku });
    for (const names of [{ sku }, { product_id: id }, { product_id: id, sku }])
      expect(taken(await hold(names, headers, neighbour), 201)).toEqual(made);
    expect(taken(await byHand({ sku }), 201)).toMatchObject({ product_id: id, sku });
  });

  it('is refused by name where no product has it, where it is that of another one, and where nothing is named', async () => {
    const [one, other] = [await createWithSku(), await createWithSku()];
    for (const send of [hold, byHand]) {
      await expectRefusal('PRODUCT_NOT_FOUND', () => send({ sku: unique('nobody') }));
      const { body } = await expectRefusal('VALIDATION_FAILED', () => send({ product_id: one.id, sku: other.sku }));
      expect(body.errors).toEqual([{ field: 'sku', message: `is not that of product ${one.id}` }]);
      const nothing = await expectRefusal('VALIDATION_FAILED', () => send({}));
      expect(nothing.body.errors).toEqual([{ field: 'product_id', message: 'is required' }]);
    }
  });

  it('is of the product that has it by then, whoever had it when it was looked up', async () => {
    const [before, after] = [await createWithSku(), await createWithSku()];
    const { sku } = before;
    expect(taken(await hold({ sku }), 201)).toMatchObject({ product_id: before.id });
    for (const [{ id }, to] of [
      [before, null],
      [after, sku],
    ] as const) {
      taken(await neighbour.call('PATCH', `/api/admin/products/${id}`, { sku: to }, adminHeaders(service)), 200);
    }
    expect(taken(await hold({ sku }), 201)).toMatchObject({ product_id: after.id, sku });
    expect(taken(await hold({ product_id: after.id, sku }), 201)).toMatchObject({ product_id: after.id });
    expect(taken(await byHand({ sku }), 201)).toMatchObject({ product_id: after.id });
  });

  it('is found by it among the orders', async () => {
    const { sku } = await createWithSku();
    const { hold_id } = taken<Hold>(await hold({ sku }), 201);
    taken(await service.call('POST', '/api/orders', { hold_id }), 201);
    const find = (query: string, accept = 'application/json') =>
      service.call('GET', `/api/admin/orders?${query}`, undefined, { ...adminHeaders(service), accept });
    expect(taken(await find(`sku=${sku}`), 200)).toMatchObject({ items: [{ hold_id }], next_cursor: null });
    expectProblem(await find(`sku=${unique('nobody')}`, 'text/csv'), 'PRODUCT_NOT_FOUND');
  });
});
