import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  type Hold,
  inSeconds,
  moveSale,
  noticeOf,
  notify,
  type Order,
  type Product,
  requestHold,
  requestOrder,
  type Sale,
  taken,
  unique,
  UNKNOWN_ID,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let neighbour: Service;

beforeAll(async () => {
  [service, neighbour] = await Promise.all([startService(), startService()]);
});

const admin = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> =>
  service.call(method, `/api/admin/${path}`, body, { ...adminHeaders(service), ...headers });

const changeSale = (id: number, change: object, headers = {}) => admin('PATCH', `sales/${id}`, change, headers);
const changeProduct = (id: number, change: object) => admin('PATCH', `products/${id}`, change);

async function readSale(id: number, from = service): Promise<Sale> {
  return taken<Sale>(await from.call('GET', `/api/sales/${id}`), 200);
}

/** What a grant looks at, as the product's row has it. */
async function termsOf(productId: number) {
  const [row] = await query<Record<string, unknown>>(
    'SELECT sale_id, on_sale_from, on_sale_until, is_paused, stock_version FROM products WHERE id = ?',
    [productId],
  );
  return row!;
}

const asRow = (iso: string) => iso.slice(0, 23).replace('T', ' ');

describe('POST /api/admin/sales', () => {
  it('makes a sale that is open at once and has no products', async () => {
    const name = unique('sale');
    const answer = await admin('POST', 'sales', { name });
    expect(answer.status).toBe(201);
    const { id, starts_at, server_time } = answer.body as unknown as Sale;
    expect(answer.body).toEqual({
      id,
      name,
      state: 'open',
      starts_at,
      ends_at: null,
      ended_at: null,
      paused_at: null,
      server_time,
      terms: {
        hold_seconds: 120,
        payment_seconds: 900,
        hold_extensions: 1,
        processing_seconds: 0,
        max_per_customer: null,
        early: [],
        show_stock: 'exact',
      },
      terms_set: [],
      products: [],
    });
    expect(starts_at).toBe(server_time);
    expect(answer.headers.get('location')).toBe(`/api/sales/${id}`);
  });

  it('keeps its window in UTC', async () => {
    const starts_at = inSeconds(3600);
    const ends = inSeconds(7200);
    const local = `${new Date(Date.parse(ends) + 2 * 3_600_000).toISOString().slice(0, 23)}+02:00`;
    const sale = await createSale(service, { starts_at, ends_at: local });
    expect(sale).toMatchObject({ state: 'scheduled', starts_at, ends_at: ends });
  });

  it.each([
    ['naive', { starts_at: '2026-11-27T12:00:00' }, 'starts_at'],
    ['of a day alone', { ends_at: '2026-11-27' }, 'ends_at'],
    ['a number', { starts_at: 1_795_780_800 }, 'starts_at'],
    ['finer than a millisecond', { starts_at: '2026-11-27T12:00:00.123456Z' }, 'starts_at'],
    ['null where it can not be', { starts_at: null }, 'starts_at'],
    ['past', { starts_at: '2020-01-01T00:00:00Z' }, 'starts_at'],
    ['reversed', { starts_at: inSeconds(7200), ends_at: inSeconds(3600) }, 'ends_at'],
    ['too far away', { starts_at: inSeconds(367 * 86_400) }, 'starts_at'],
  ])('refuses a time that is %s, and says which', async (_what, times, field) => {
    const answer = await expectRefusal('VALIDATION_FAILED', () => admin('POST', 'sales', { name: 'x', ...times }));
    expect(answer.body.errors).toEqual([{ field, message: expect.stringMatching(/\w/) }]);
    expect(answer.body.detail).toMatch(new RegExp(`${field} (must|is)`));
  });

  it('shows who sends a naive time how to write one', async () => {
    const { body } = await admin('POST', 'sales', { name: 'x', starts_at: '2026-11-27T12:00:00' });
    expect(body.detail).toContain('2026-11-27T12:00:00.000Z');
  });

  it('makes one sale, however often and wherever a call with a key arrives', async () => {
    const body = { name: unique('sale'), starts_at: inSeconds(3600) };
    const headers = { ...adminHeaders(service), 'idempotency-key': unique('key') };
    const answers = await Promise.all(
      [service, neighbour, service, neighbour].map((to) => to.call('POST', '/api/admin/sales', body, headers)),
    );
    const ids = answers.map((answer) => taken<Sale>(answer, 201).id);
    expect(new Set(ids).size).toBe(1);
    expect(await query('SELECT id FROM sales WHERE name = ?', [body.name])).toHaveLength(1);
  });
});

describe('PATCH /api/admin/sales/{id}', () => {
  it('changes what is named, on the rows of its products, too', async () => {
    const sale = await createSale(service, { starts_at: inSeconds(3600) });
    const products = [1, 2, 3].map(() => createProduct(service, { sale_id: sale.id }));
    const ids = (await Promise.all(products)).map(({ id }) => id);
    const change = { name: unique('renamed'), starts_at: inSeconds(1800), ends_at: inSeconds(5400) };
    const changed = taken<Sale>(await changeSale(sale.id, change), 200);
    expect(changed).toMatchObject({ ...change, state: 'scheduled' });
    expect(changed.products.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids.sort((a, b) => a - b));
    for (const id of ids) {
      expect(await termsOf(id)).toMatchObject({
        sale_id: sale.id,
        on_sale_from: asRow(change.starts_at),
        on_sale_until: asRow(change.ends_at),
        is_paused: 0,
      });
    }
  });

  it('lets of two operators who read the same sale only the first change it, whatever buyers did', async () => {
    const { id } = await createSale(service);
    const product = await createProduct(service, { sale_id: id });
    const etag = (await admin('GET', `sales/${id}`)).headers.get('etag')!;
    await createHold(service, { product_id: product.id });
    const answers = await Promise.all(
      [inSeconds(3600), inSeconds(7200)].map((ends_at) => changeSale(id, { ends_at }, { 'if-match': etag })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    expectProblem(
      answers.find(({ status }) => status === 412)!,
      'PRECONDITION_FAILED',
    );
    expect((await changeSale(id, { ends_at: null }, { 'if-match': '*' })).status).toBe(200);
  });

  it('changes the name alone once the sale has ended, by its time or by its operator', async () => {
    const [byTime, byHand] = [await createSale(service), await createSale(service)];
    await moveSale(byTime.id, { startsIn: -20, endsIn: -10 });
    taken(await actOnSale(service, byHand.id, 'end'), 200);
    for (const { id } of [byTime, byHand]) {
      expectProblem(await changeSale(id, { ends_at: inSeconds(3600) }), 'SALE_ENDED');
      const name = unique('renamed');
      expect(taken(await changeSale(id, { name }), 200)).toMatchObject({ name, state: 'ended' });
    }
  });

  it('moves no start that has passed', async () => {
    const { id } = await createSale(service, { starts_at: inSeconds(3600) });
    await moveSale(id, { startsIn: 0 });
    await expectRefusal('SALE_STARTED', () => changeSale(id, { starts_at: inSeconds(3600) }));
  });
});

describe('pause, resume and end', () => {
  it('stand on the rows of all products of the sale once they are answered, and on no others', async () => {
    const { id } = await createSale(service, { ends_at: inSeconds(3600) });
    const [mine, other] = [await createProduct(service, { sale_id: id }), await createProduct(service)];
    const before = await termsOf(other.id);
    const paused = taken<Sale>(await actOnSale(neighbour, id, 'pause'), 200);
    expect(paused).toMatchObject({ state: 'paused', paused_at: paused.server_time });
    expect(await termsOf(mine.id)).toMatchObject({ is_paused: 1 });
    expect(taken(await actOnSale(service, id, 'resume'), 200)).toMatchObject({ state: 'open', paused_at: null });
    expect(await termsOf(mine.id)).toMatchObject({ is_paused: 0 });
    const ended = taken<Sale>(await actOnSale(service, id, 'end'), 200);
    expect(ended).toMatchObject({ state: 'ended', ended_at: ended.server_time });
    expect(ended.ends_at).not.toBe(ended.ended_at);
    expect(await termsOf(mine.id)).toMatchObject({ on_sale_until: asRow(ended.ended_at!) });
    expect(await termsOf(other.id)).toEqual(before);
  });

  it.each(['pause', 'resume', 'end'] as const)('%s, repeated, changes nothing and answers 200', async (action) => {
    const { id } = await createSale(service);
    const product = await createProduct(service, { sale_id: id });
    const first = taken<Sale>(await actOnSale(service, id, action), 200);
    const terms = await termsOf(product.id);
    const again = taken<Sale>(await actOnSale(neighbour, id, action), 200);
    expect({ ...again, server_time: '' }).toEqual({ ...first, server_time: '' });
    expect(await termsOf(product.id)).toEqual(terms);
  });

  it('pause does not move the end: after it nothing can be resumed', async () => {
    const { id } = await createSale(service, { ends_at: inSeconds(3600) });
    taken(await actOnSale(service, id, 'pause'), 200);
    await moveSale(id, { startsIn: -20, endsIn: -10 });
    expectProblem(await actOnSale(service, id, 'resume'), 'SALE_ENDED');
    expect(taken(await actOnSale(service, id, 'pause'), 200)).toMatchObject({ state: 'ended' });
  });

  it('end is final', async () => {
    const { id } = await createSale(service);
    taken(await actOnSale(service, id, 'end'), 200);
    for (const action of ['pause', 'resume'] as const)
      expectProblem(await actOnSale(service, id, action), 'SALE_ENDED');
    expect(await readSale(id)).toMatchObject({ state: 'ended' });
  });
});

describe('the sale of a product', () => {
  it('is named when it is made and changed at any time, with the terms that belong to it', async () => {
    const [one, other] = [await createSale(service), await createSale(service, { starts_at: inSeconds(3600) })];
    const product = await createProduct(service, { sale_id: one.id });
    expect(product.sale_id).toBe(one.id);
    expect(taken(await changeProduct(product.id, { sale_id: other.id }), 200)).toMatchObject({ sale_id: other.id });
    expect(await termsOf(product.id)).toMatchObject({ sale_id: other.id, on_sale_from: asRow(other.starts_at) });
    expect((await readSale(one.id)).products).toEqual([]);
    expect((await readSale(other.id)).products.map(({ id }) => id)).toEqual([product.id]);
    expect(taken(await changeProduct(product.id, { sale_id: null }), 200)).toMatchObject({ sale_id: null });
    expect(await termsOf(product.id)).toMatchObject({ sale_id: null, on_sale_from: null, on_sale_until: null });
  });

  it('must be there', async () => {
    const { id } = await createProduct(service);
    await expectRefusal('SALE_NOT_FOUND', () => changeProduct(id, { sale_id: UNKNOWN_ID, name: 'not taken' }));
    const body = { name: unique('product'), price: '1.00', stock_total: 1, sale_id: UNKNOWN_ID };
    await expectRefusal('SALE_NOT_FOUND', () => admin('POST', 'products', body));
  });

  it('says the same on both rows, however moves, pauses and ends meet at two instances', async () => {
    const sales = await Promise.all([createSale(service), createSale(service), createSale(service)]);
    const products = await Promise.all([1, 2, 3, 4].map(() => createProduct(service, { sale_id: sales[0].id })));
    const at = (n: number) => (n % 2 === 0 ? service : neighbour);
    const move = (n: number) =>
      at(n).call(
        'PATCH',
        `/api/admin/products/${products[n % 4]!.id}`,
        { sale_id: n % 7 === 6 ? null : sales[n % 3]!.id },
        adminHeaders(service),
      );
    const act = (n: number) => actOnSale(at(n), sales[n % 2]!.id, n % 4 < 2 ? 'pause' : 'resume');
    for (let round = 0; round < 6; round++) {
      const answers = await inParallel(16, (n) => (n % 2 === 0 ? move(8 * round + n / 2) : act(n >> 1)));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
    taken(await actOnSale(service, sales[2].id, 'end'), 200);
    const rows = await query<{ drift: number }>(
      `SELECT COUNT(*) AS drift FROM products p LEFT JOIN sales s ON s.id = p.sale_id
       WHERE NOT (p.on_sale_from <=> s.starts_at AND p.on_sale_until <=> COALESCE(s.ended_at, s.ends_at)
         AND p.is_paused = (s.paused_at IS NOT NULL)) AND p.id IN (?)`,
      [products.map(({ id }) => id)],
    );
    expect(rows[0]!.drift).toBe(0);
  });
});

describe('what was promised before', () => {
  it('goes on in a pause and after the end: holds become orders, and a repeated request gets its hold', async () => {
    const { id } = await createSale(service);
    const product = await createProduct(service, { sale_id: id });
    const key = { 'idempotency-key': unique('key') };
    const hold = () => service.call('POST', '/api/holds', { product_id: product.id, quantity: 1 }, key);
    const first = taken<Hold>(await hold(), 201);
    const other = await createHold(service, { product_id: product.id });
    taken(await actOnSale(service, id, 'pause'), 200);
    expectProblem(await requestHold(service, product.id), 'SALE_PAUSED');
    expect(taken(await hold(), 201)).toEqual(first);
    const order = taken<Order>(await requestOrder(service, first.hold_id), 201);
    taken(await actOnSale(service, id, 'end'), 200);
    expectProblem(await requestHold(service, product.id), 'SALE_ENDED');
    expect(taken(await notify(service, noticeOf(order)), 200)).toMatchObject({ order_status: 'paid' });
    taken(await requestOrder(service, other.hold_id), 201);
    await expectStockIdentity(product.id);
  });

  it('ends with the sale: a product that leaves it is sold again', async () => {
    const { id } = await createSale(service, { starts_at: inSeconds(3600) });
    const product = await createProduct(service, { sale_id: id });
    const refused = await requestHold(service, product.id);
    expectProblem(refused, 'SALE_NOT_STARTED');
    // Of the database's clock it knows between what instants it stands: on a busy machine they are seconds apart.
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3600 + 60);
    taken(await changeProduct(product.id, { archived: true }), 200);
    expectProblem(await requestHold(service, product.id), 'PRODUCT_NOT_ON_SALE');
    taken(await changeProduct(product.id, { archived: false, sale_id: null }), 200);
    taken(await requestHold(service, product.id), 201);
  });
});

describe('what the public reads of a sale', () => {
  it('is its window, its state and its products with what is left, by the clock that decides', async () => {
    const sale = await createSale(service, { starts_at: inSeconds(3600), ends_at: inSeconds(7200) });
    const product = await createProduct(service, { sale_id: sale.id, stock_total: 7, sku: unique('sku') });
    const archived = await createProduct(service, { sale_id: sale.id });
    taken(await changeProduct(archived.id, { archived: true }), 200);
    const answer = await service.call('GET', `/api/sales/${sale.id}`);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=1');
    const { server_time, ...read } = answer.body as unknown as Sale;
    const { server_time: _, terms_set: __, ...made } = sale as Sale & { terms_set: string[] };
    // True before the start, too: it tells of stock and not of permission.
    expect(read).toEqual({ ...made, state: 'scheduled', products: [{ ...product, available_stock: 7 }] });
    expect(server_time >= sale.server_time).toBe(true);
  });

  it('has a tag that the clock alone does not change, and a hold does', async () => {
    const { id } = await createSale(service);
    const product = await createProduct(service, { sale_id: id });
    const path = `/api/sales/${id}`;
    const first = await service.call('GET', path);
    const known = { 'if-none-match': first.headers.get('etag')! };
    await eventually(async () => {
      const { server_time } = taken<Sale>(await service.call('GET', path), 200);
      expect(server_time > (first.body as unknown as Sale).server_time).toBe(true);
    });
    expect((await service.call('GET', path, undefined, known)).status).toBe(304);
    await createHold(service, { product_id: product.id });
    const changed = await service.call('GET', path, undefined, known);
    expect(taken<Sale>(changed, 200).products).toMatchObject([{ available_stock: 9 }]);
  });

  it('says paused at once at the instance that paused it, and soon at every other', async () => {
    const { id } = await createSale(service);
    expect(await readSale(id, neighbour)).toMatchObject({ state: 'open' });
    expect(await readSale(id)).toMatchObject({ state: 'open' });
    taken(await actOnSale(service, id, 'pause'), 200);
    expect(await readSale(id)).toMatchObject({ state: 'paused' });
    await eventually(async () => expect(await readSale(id, neighbour)).toMatchObject({ state: 'paused' }));
  });

  it('opens by itself', async () => {
    const { id } = await createSale(service, { starts_at: inSeconds(3600) });
    expect(await readSale(id)).toMatchObject({ state: 'scheduled' });
    await moveSale(id, { startsIn: 1 });
    await eventually(async () => {
      const { state, server_time, starts_at } = await readSale(id);
      // Read before it was moved, it is scheduled for another time; the state and the clock always say the same.
      expect(state === 'open').toBe(server_time >= starts_at);
      expect(state).toBe('open');
    });
  });

  it('is read once for all who ask at the same time', async () => {
    const { id } = await createSale(service);
    const answers = await Promise.all(Array.from({ length: 50 }, () => readSale(id)));
    expect(new Set(answers.map(({ starts_at }) => starts_at)).size).toBe(1);
    expectProblem(await service.call('GET', `/api/sales/${UNKNOWN_ID}`), 'SALE_NOT_FOUND');
  });
});

describe('the lists of sales', () => {
  const listed = async (path: string): Promise<number[]> => {
    const { items } = taken<{ items: Sale[] }>(await service.call('GET', path, undefined, adminHeaders(service)), 200);
    return items.map(({ id }) => id);
  };

  it('have all sales for operators, and for the public those that have not ended over a day ago', async () => {
    const before = await createSale(service);
    const [byTime, byHand, lately, open] = await Promise.all([1, 2, 3, 4].map(() => createSale(service)));
    const all = [byTime!, byHand!, lately!, open!].map(({ id }) => id).sort((a, b) => a - b);
    await moveSale(byTime!.id, { startsIn: -200_000, endsIn: -86_500 });
    await execute('UPDATE sales SET ended_at = NOW(3) - INTERVAL 86500 SECOND WHERE id = ?', [byHand!.id]);
    await moveSale(lately!.id, { startsIn: -200_000, endsIn: -86_000 });
    expect(await listed(`/api/admin/sales?cursor=${before.id}`)).toEqual(all);
    const current = [lately!.id, open!.id].sort((a, b) => a - b);
    expect(await listed(`/api/sales?cursor=${before.id}`)).toEqual(current);
  });

  it('come in pages, each sale with its own products', async () => {
    const sales: Sale[] = [];
    for (let n = 0; n < 3; n++) sales.push(await createSale(service));
    const products: Product[] = [];
    for (const { id } of sales) products.push(await createProduct(service, { sale_id: id }));
    const page = taken<{ items: Sale[]; next_cursor: string }>(
      await service.call('GET', `/api/sales?limit=2&cursor=${sales[0]!.id - 1}`),
      200,
    );
    expect(page.items.map((sale) => sale.products)).toEqual([[products[0]], [products[1]]]);
    expect(page.next_cursor).toBe(String(sales[1]!.id));
  });
});
