import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  type Product,
  stockOf,
  taken,
  unique,
  UNKNOWN_ID,
} from '../support/factories.js';
import { query } from '../support/database.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

interface Page {
  items: Product[];
  next_cursor: string | null;
}

async function getPage(search = ''): Promise<Page> {
  return taken<Page>(await service.call('GET', `/api/products${search}`), 200);
}

async function getProduct(id: number): Promise<Product> {
  return taken<Product>(await service.call('GET', `/api/products/${id}`), 200);
}

function changeProduct(id: number, change: object, headers = adminHeaders(service)) {
  return service.call('PATCH', `/api/admin/products/${id}`, change, headers);
}

describe('GET /api/products/{id}', () => {
  it('tells name, price, total and what is available', async () => {
    const { id, name } = await createProduct(service, { price: '59.50', stock_total: 7 });
    const answer = await service.call('GET', `/api/products/${id}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id,
      name,
      price: '59.50',
      currency: 'EUR',
      sku: null,
      sale_id: null,
      stock_total: 7,
      available_stock: 7,
      max_per_customer: null,
      archived: false,
    });
  });

  it('counts neither held nor sold units as available', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(service, { product_id: id, quantity: 2 });
    await createPaidOrder(service, { product_id: id, quantity: 3 });
    expect(await getProduct(id)).toMatchObject({ stock_total: 10, available_stock: 5 });
    await expectStockIdentity(id);
  });

  it('answers PRODUCT_NOT_FOUND for a product that is not on sale', async () => {
    expectProblem(await service.call('GET', `/api/products/${UNKNOWN_ID}`), 'PRODUCT_NOT_FOUND');
  });

  it.each(['0', '-1', '1.5', 'abc', '01', '1e3', '%31%20', '99999999999999999999', '1;DROP'])(
    'refuses "%s", which is no product id',
    async (id) => {
      expectProblem(await service.call('GET', `/api/products/${id}`), 'VALIDATION_FAILED');
    },
  );
});

describe('GET /api/products', () => {
  it('lists every product once, in the order of their ids, over as many pages as it takes', async () => {
    const made = [];
    for (let n = 0; n < 5; n++) made.push(await createProduct(service));
    const listed: Product[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page = await getPage(`?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(2);
      listed.push(...page.items);
      cursor = page.next_cursor;
    }
    const ids = listed.map((product) => product.id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(listed).toEqual(expect.arrayContaining(made));
    const [{ count }] = (await query<{ count: number }>('SELECT COUNT(*) AS count FROM products')) as [
      { count: number },
    ];
    expect(listed).toHaveLength(count);
  });

  it('has no cursor on the last page, nor behind it', async () => {
    const { id } = await createProduct(service);
    expect(await getPage(`?cursor=${id - 1}`)).toMatchObject({ items: [{ id }], next_cursor: null });
    expect(await getPage(`?cursor=${id}`)).toEqual({ items: [], next_cursor: null });
  });

  it.each(['limit=0', 'limit=101', 'limit=-1', 'limit=two', 'limit=', 'cursor=0', 'cursor=x', 'cursor=-5', 'page=2'])(
    'refuses ?%s',
    async (search) => {
      expectProblem(await service.call('GET', `/api/products?${search}`), 'VALIDATION_FAILED');
    },
  );
});

describe('POST /api/admin/products', () => {
  it('puts a product on sale with all of its units available', async () => {
    const name = unique('Sneaker');
    const body = { name, price: '99.9', stock_total: 100 };
    const answer = await service.call('POST', '/api/admin/products', body, adminHeaders(service));
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(Number),
      name,
      price: '99.90',
      currency: 'EUR',
      sku: null,
      sale_id: null,
      stock_total: 100,
      available_stock: 100,
      max_per_customer: null,
      archived: false,
    });
    expect(await getProduct(answer.body.id as number)).toEqual(answer.body);
  });

  it('keeps names as they are written, in any script', async () => {
    const name = `"Röck' ☂ 靴; DROP TABLE products; -- ${unique('')}`;
    const { id } = await createProduct(service, { name });
    expect((await getProduct(id)).name).toBe(name);
  });

  it('takes prices of currencies whose units are small, and their orders', async () => {
    const { id } = await createProduct(service, { price: '99999999999.99', stock_total: 10 });
    const order = await createOrder(service, { product_id: id, quantity: 10 });
    expect(order.amount).toBe('999999999999.90');
    expect(await getProduct(id)).toMatchObject({ price: '99999999999.99' });
  });

  it('has room for them in every column of money', async () => {
    const columns = await query<{ name: string; type: string }>(
      `SELECT CONCAT(table_name, '.', column_name) AS name, column_type AS type FROM information_schema.columns
       WHERE table_schema = DATABASE() AND data_type = 'decimal' ORDER BY name`,
    );
    expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['orders.amount', 'products.price']));
    expect(columns.filter(({ type }) => type !== 'decimal(15,3)')).toEqual([]);
  });

  it('refuses a price of which some allowed quantity costs more than an order can say', async () => {
    const body = { name: unique('gold'), price: '100000000000.00', stock_total: 1 };
    const answer = await service.call('POST', '/api/admin/products', body, adminHeaders(service));
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([{ field: 'price', message: expect.stringMatching(/too high/) }]);
  });
});

describe('PATCH /api/admin/products/{id}', () => {
  it('changes what is named and nothing else', async () => {
    const product = await createProduct(service, { price: '10.00', stock_total: 5 });
    const answer = await changeProduct(product.id, { price: '12.5' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ...product, price: '12.50' });
    expect(await getProduct(product.id)).toEqual({ ...product, price: '12.50' });
  });

  it('makes added units available at once, and takes away only free ones', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(service, { product_id: id, quantity: 4 });
    await createPaidOrder(service, { product_id: id, quantity: 1 });
    expect(taken(await changeProduct(id, { stock_total: 20 }), 200)).toMatchObject({ available_stock: 15 });
    expect(taken(await changeProduct(id, { stock_total: 5 }), 200)).toMatchObject({ available_stock: 0 });
    expect(await getProduct(id)).toMatchObject({ stock_total: 5, available_stock: 0 });
    await expectStockIdentity(id);
  });

  it('answers STOCK_BELOW_COMMITTED to a total under what is held and sold, and changes nothing', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(service, { product_id: id, quantity: 4 });
    const answer = await changeProduct(id, { stock_total: 3, name: 'not taken' });
    expectProblem(answer, 'STOCK_BELOW_COMMITTED');
    expect(answer.body).toMatchObject({ committed: 4 });
    expect(await stockOf(id)).toMatchObject({ stock_total: 10, stock_held: 4 });
    expect((await getProduct(id)).name).not.toBe('not taken');
  });

  it('answers PRODUCT_NOT_FOUND for a product that is not on sale', async () => {
    expectProblem(await changeProduct(UNKNOWN_ID, { name: 'x' }), 'PRODUCT_NOT_FOUND');
  });

  it('loses no change when many come at the same time', async () => {
    const { id } = await createProduct(service, { stock_total: 100, price: '1.00' });
    const changes = [{ name: unique('renamed') }, { price: '2.00' }, { stock_total: 50 }];
    const answers = await Promise.all(changes.map((change) => changeProduct(id, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [name, price, total] = changes;
    expect(await getProduct(id)).toMatchObject({ ...name, ...price, ...total });
  });
});

describe('a SKU', () => {
  const bySku = (sku: string) => getPage(`?sku=${encodeURIComponent(sku)}`);

  it('names one product, exactly, and is found by it', async () => {
    const sku = unique('Shoe/42+');
    const product = await createProduct(service, { sku });
    expect(product.sku).toBe(sku);
    expect(await bySku(sku)).toEqual({ items: [product], next_cursor: null });
    for (const other of [sku.toLowerCase(), sku.slice(1), unique('none')])
      expect(await bySku(other)).toEqual({ items: [], next_cursor: null });
    taken(await changeProduct(product.id, { archived: true }), 200);
    expect((await bySku(sku)).items).toEqual([]);
  });

  it('belongs to one product: another one is told whose it is, and nothing is written', async () => {
    const sku = unique('shoe');
    const { id } = await createProduct(service, { sku });
    const other = await createProduct(service, { sku: sku.toUpperCase() });
    const body = { name: unique('product'), price: '1.00', stock_total: 1, sku };
    const refused = await expectRefusal('SKU_TAKEN', () =>
      service.call('POST', '/api/admin/products', body, adminHeaders(service)),
    );
    expect(refused.body.product_id).toBe(id);
    const changed = await expectRefusal('SKU_TAKEN', () => changeProduct(other.id, { sku, name: 'not taken' }));
    expect(changed.body.product_id).toBe(id);
    taken(await changeProduct(id, { sku }), 200);
    taken(await changeProduct(id, { sku: null }), 200);
    expect(taken(await changeProduct(other.id, { sku }), 200)).toMatchObject({ sku });
  });

  it('goes to one of many who want it at the same moment, at two instances', async () => {
    const neighbour = await startService();
    const sku = unique('shoe');
    const answers = await Promise.all(
      [service, neighbour, service, neighbour, service, neighbour].map((to) =>
        to.call(
          'POST',
          '/api/admin/products',
          { name: unique('product'), price: '1.00', stock_total: 1, sku },
          adminHeaders(to),
        ),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    for (const refused of answers.filter(({ status }) => status === 409)) expectProblem(refused, 'SKU_TAKEN');
  });

  it.each(['', 'x'.repeat(65), 'two words', 'schuh-größe', 7])('is not %p', async (sku) => {
    const body = { name: unique('product'), price: '1.00', stock_total: 1, sku };
    const answer = await service.call('POST', '/api/admin/products', body, adminHeaders(service));
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field: 'sku' }]);
    if (typeof sku === 'string')
      expectProblem(await service.call('GET', `/api/products?sku=${encodeURIComponent(sku)}`), 'VALIDATION_FAILED');
  });
});

describe('what readers may keep', () => {
  const read = (path: string, known?: string) =>
    service.call('GET', path, undefined, known === undefined ? {} : { 'if-none-match': known });

  it.each(['product', 'list'])('a %s is read again only when it has changed', async (what) => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const path = what === 'product' ? `/api/products/${id}` : `/api/products?cursor=${id - 1}`;
    const first = await read(path);
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('public, max-age=1');
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const again = await read(path, etag);
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    expect(again.headers.get('cache-control')).toBe('public, max-age=1');
    const hold = await createHold(service, { product_id: id });
    const changed = await read(path, etag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    await giveBack(service, hold.hold_id);
    expect((await read(path, etag)).status).toBe(304);
  });

  it('is no refusal, and no hold', async () => {
    const { hold_id } = await createHold(service);
    for (const path of [`/api/products/${UNKNOWN_ID}`, `/api/holds/${hold_id}`]) {
      const { headers } = await read(path);
      expect([headers.get('cache-control'), headers.get('etag')]).toEqual(['no-store', null]);
    }
  });
});

describe('admin calls', () => {
  const FORGERIES: [string, Record<string, string>][] = [
    ['no token', {}],
    ['another token', { authorization: 'Bearer another' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic the-admin-token-of-the-tests-is-long' }],
    ['the token with more after it', { authorization: 'Bearer the-admin-token-of-the-tests-is-long!' }],
  ];

  it.each(FORGERIES)('answer UNAUTHORIZED to %s, and change nothing', async (_, headers) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const name = unique('forged');
    const body = { name, price: '1.00', stock_total: 1 };
    expectProblem(await service.call('POST', '/api/admin/products', body, headers), 'UNAUTHORIZED');
    expectProblem(await changeProduct(id, { stock_total: 99 }, headers), 'UNAUTHORIZED');
    expect(await query('SELECT id FROM products WHERE name = ?', [name])).toEqual([]);
    expect(await stockOf(id)).toMatchObject({ stock_total: 10 });
  });

  it('answer UNAUTHORIZED before they say anything of the body', async () => {
    expectProblem(await service.call('POST', '/api/admin/products', { nonsense: true }, {}), 'UNAUTHORIZED');
    expectProblem(await changeProduct(1, { stock_total: -1 }, {}), 'UNAUTHORIZED');
  });

  it('answer UNAUTHORIZED to everybody where no token is set', async () => {
    const closed = await startService({ ADMIN_TOKEN: '' });
    const body = { name: 'x', price: '1.00', stock_total: 1 };
    for (const authorization of ['Bearer ', 'Bearer undefined', 'Bearer null']) {
      expectProblem(await closed.call('POST', '/api/admin/products', body, { authorization }), 'UNAUTHORIZED');
    }
  });
});
