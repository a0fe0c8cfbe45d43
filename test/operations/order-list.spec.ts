import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  type Hold,
  noticeOf,
  notify,
  type Order,
  requestHold,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

const KEY = shopKey('HS256');

let service: Service;
let proxy: DatabaseProxy;
/** Its connections to the database can be watched, and cut. */
let watched: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  const env = new KeyFile([KEY]).env('optional', { ROLES: 'api' });
  [service, watched] = await Promise.all([
    startService(env),
    startService({ ROLES: 'api', ...proxy.env, DB_STATEMENT_TIMEOUT_MS: '5000' }),
  ]);
});

afterAll(async () => {
  await watched.stop();
  await proxy.goAway();
});

interface Page {
  items: { order_id: number; [field: string]: unknown }[];
  next_cursor: string | null;
}

const ask = (search: string, headers: Record<string, string> = {}): Promise<Answer> =>
  service.call('GET', `/api/admin/orders${search}`, undefined, { ...adminHeaders(service), ...headers });

const list = async (search: string): Promise<Page> => taken<Page>(await ask(search), 200);

const idsOf = async (search: string): Promise<number[]> => (await list(search)).items.map(({ order_id }) => order_id);

/** All pages, one after the other. */
async function allIdsOf(search: string): Promise<number[]> {
  const ids: number[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await list(`${search}${cursor && `&cursor=${cursor}`}`);
    ids.push(...page.items.map(({ order_id }) => order_id));
    cursor = page.next_cursor;
  }
  return ids;
}

async function orderFor(sub: string, fields: Record<string, unknown> = {}): Promise<Order> {
  const headers = bearer(await signedToken(KEY, { sub }));
  const { hold_id } = taken<Hold>(await requestHold(service, (await createProduct(service)).id, 1, headers), 201);
  return taken<Order>(await service.call('POST', '/api/orders', { hold_id, ...fields }, headers), 201);
}

describe('an order for operators', () => {
  it('is told with its hold, product, price, buyer and payment', async () => {
    const sku = unique('sku');
    const [name, sub] = [unique('product'), unique('c')];
    const { id: sale_id } = await createSale(service);
    const { id } = await createProduct(service, { name, sku, sale_id, price: '12.50' });
    const headers = bearer(await signedToken(KEY, { sub }));
    const { hold_id } = taken<Hold>(await requestHold(service, id, 2, headers), 201);
    const fields = { reference: 'A-1', metadata: { a: 'b' } };
    const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id, ...fields }, headers), 201);
    const notice = noticeOf(order, { amount: '25.00', currency: 'EUR' });
    taken(await notify(service, notice), 200);
    const told = {
      ...order,
      ...{ status: 'paid', cancel_reason: null, customer_id: sub, sale_id, product_name: name, quantity_sold: 2 },
      payment: {
        ...{ provider: 'generic', transaction_id: notice.transaction_id },
        ...{ amount: '25.00', currency: 'EUR', amount_refunded: '0.00' },
        ...{ disputed_at: null, dispute_status: null, dispute_reason: null },
      },
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    };
    expect((await list(`?hold_id=${hold_id}`)).items).toEqual([told]);
    expect(taken(await ask(`/${order.order_id}`), 200)).toEqual({
      ...told,
      events: [expect.objectContaining({ transaction_id: notice.transaction_id, outcome: 'applied' })],
      refunds: [],
    });
  });

  it('is told with what was owed back of it', async () => {
    const order = await createPaidOrder(service);
    const second = noticeOf(order);
    taken(await notify(service, second), 200);
    expect(taken(await ask(`/${order.order_id}`), 200)).toMatchObject({
      events: [{ outcome: 'applied' }, { transaction_id: second.transaction_id }],
      refunds: [{ cause: 'duplicate', transaction_id: second.transaction_id, amount: '99.99' }],
    });
  });

  it('has neither payment nor buyer where nobody is known', async () => {
    const { order_id, hold_id } = await createOrder(service);
    const told = (await list(`?hold_id=${hold_id.toUpperCase()}`)).items;
    expect(told).toMatchObject([{ order_id, payment: null, customer_id: null, quantity_sold: 0, sale_id: null }]);
  });
});

describe('orders are found', () => {
  it('by each of their marks, exactly, and by several together', async () => {
    const [sub, reference] = [unique('C'), unique('Ref')];
    const { id: sale } = await createSale(service);
    const { id: product_id } = await createProduct(service, { sale_id: sale });
    const [mine, other] = [await orderFor(sub, { reference }), await orderFor(sub, { reference: `${reference} ` })];
    const [inSale, paid] = [await createOrder(service, { product_id }), await createOrder(service)];
    const notice = noticeOf(paid);
    taken(await notify(service, notice), 200);
    const FOUND: Readonly<Record<string, number[]>> = {
      [`customer_id=${sub}`]: [mine.order_id, other.order_id],
      [`customer_id=${sub.toLowerCase()}`]: [],
      [`reference=${reference}`]: [mine.order_id],
      [`reference=${reference.toLowerCase()}`]: [],
      [`reference=${reference}%20`]: [other.order_id],
      [`product_id=${product_id}`]: [inSale.order_id],
      [`sale_id=${sale}`]: [inSale.order_id],
      [`transaction_id=${notice.transaction_id}`]: [paid.order_id],
      [`transaction_id=${notice.transaction_id.toUpperCase()}`]: [],
      [`hold_id=${inSale.hold_id}`]: [inSale.order_id],
      [`hold_id=${UNKNOWN_HOLD_ID}`]: [],
      [`payment_reference=${paid.payment_reference}`]: [paid.order_id],
      [`payment_reference=${paid.order_id}-aaaaaaaaaaaaaaaa`]: [],
      [`customer_id=${sub}&reference=${reference}`]: [mine.order_id],
      [`customer_id=${sub}&product_id=${product_id}`]: [],
      [`product_id=${product_id}&sale_id=${sale}&status=pending_payment`]: [inSale.order_id],
      [`product_id=${product_id}&status=paid`]: [],
      [`transaction_id=${notice.transaction_id}&status=paid`]: [paid.order_id],
      [`transaction_id=${notice.transaction_id}&payment_reference=${mine.payment_reference}`]: [],
    };
    for (const [search, ids] of Object.entries(FOUND)) {
      expect({ search, ids: await idsOf(`?${search}`) }).toEqual({ search, ids });
    }
  });

  it('by the payment that is owed back, too', async () => {
    const order = await createPaidOrder(service);
    const second = noticeOf(order);
    taken(await notify(service, second), 200);
    expect(await idsOf(`?transaction_id=${second.transaction_id}`)).toEqual([order.order_id]);
  });

  it('by their state, and in either order', async () => {
    const cancelled = await createOrder(service);
    await giveBack(service, cancelled.hold_id);
    const ids = await allIdsOf('?status=cancelled&limit=100');
    expect(ids).toContain(cancelled.order_id);
    expect(await allIdsOf('?status=cancelled&limit=3&order=desc')).toEqual([...ids].reverse());
    const statuses = (await list('?status=cancelled&limit=100')).items.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['cancelled']));
  });

  it.each([
    'status=lost',
    'product_id=x',
    'product_id=0',
    'sale_id=-1',
    'customer_id=a%20b',
    `customer_id=${'c'.repeat(129)}`,
    'reference=',
    `reference=${'r'.repeat(65)}`,
    'reference=a%0Ab',
    'transaction_id=%C3%A4',
    'hold_id=7',
    'payment_reference=7',
    'disputed=false',
    'payment_reference=1-AAAAAAAAAAAAAAAA',
    'order_id=7',
    'status=paid&status=cancelled',
  ])('not by ?%s, which is refused', async (search) => {
    expectProblem(await ask(`?${search}`), 'VALIDATION_FAILED');
  });

  it('has no order of a number that none has', async () => {
    expectProblem(await ask('/999999999'), 'ORDER_NOT_FOUND');
  });
});

describe('the file of all orders', () => {
  const csv = (search: string, accept = 'text/csv'): Promise<Answer> => ask(search, { accept });

  it('has a line for each item, below the names of the columns, in the order that was asked for', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const orders = [];
    for (let count = 0; count < 3; count++) orders.push(await createOrder(service, { product_id: id, quantity: 2 }));
    const answer = await csv(`?product_id=${id}&order=desc`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="orders.csv"');
    expect(answer.headers.get('vary')).toContain('accept');
    const [head, ...lines] = answer.text
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    expect(head!.slice(0, 3)).toEqual(['order_id', 'payment_reference', 'created_at']);
    const cells = lines.map((line) => Object.fromEntries(head!.map((name, index) => [name, line[index]])));
    expect(cells.map(({ order_id }) => Number(order_id))).toEqual(orders.map(({ order_id }) => order_id).reverse());
    for (const line of cells) {
      expect(line).toMatchObject({
        ...{ status: 'pending_payment', amount: '20.00', currency: 'EUR', quantity_sold: '0' },
        ...{ item_product_id: String(id), item_quantity: '2', item_unit_price: '10.00', item_amount: '20.00' },
        ...{ provider: '', transaction_id: '', reference: '', metadata: '' },
      });
    }
  });

  it('defuses texts that a spreadsheet would run, quotes what needs it, and leaves figures as they are', async () => {
    const texts = ['=1+1', '+49', '-5.00', '@SUM(A1)', 'a,b', 'say "hi"', "'quoted", 'plain'];
    const { id } = await createProduct(service, { name: '\t=cmd', stock_total: 20 });
    for (const reference of texts) {
      const { hold_id } = await createHold(service, { product_id: id });
      taken(await service.call('POST', '/api/orders', { hold_id, reference }), 201);
    }
    const { text } = await csv(`?product_id=${id}`);
    const cells = ["'=1+1", "'+49", "'-5.00", "'@SUM(A1)", '"a,b"', '"say ""hi"""', "'quoted", 'plain'];
    const lines = text.trimEnd().split('\r\n').slice(1);
    expect(lines.map((line, index) => line.includes(`,${cells[index]},`))).toEqual(texts.map(() => true));
    for (const line of lines) expect(line).toMatch(/,'\t=cmd,,99[.]99,,,$/);
    expect(lines.every((line) => line.includes(',99.99,EUR,'))).toBe(true);
  });

  it('is given only to who names it before JSON', async () => {
    const { hold_id } = await createOrder(service);
    const search = `?hold_id=${hold_id}`;
    const isCsv = async (accept: string) => (await csv(search, accept)).headers.get('content-type')!.includes('csv');
    for (const accept of ['text/csv', 'TEXT/CSV; charset=utf-8', 'text/csv, */*', 'application/json;q=0.5, text/csv']) {
      expect({ accept, isCsv: await isCsv(accept) }).toEqual({ accept, isCsv: true });
    }
    for (const accept of [
      '*/*',
      'text/*',
      'application/json',
      'text/csv;q=0, */*',
      'text/csv;q=0.5, application/json',
    ]) {
      expect({ accept, isCsv: await isCsv(accept) }).toEqual({ accept, isCsv: false });
    }
  });

  it('has no pages, and is refused as any list is', async () => {
    for (const search of ['?limit=5', '?cursor=5', '?status=lost', '?from=yesterday']) {
      expectProblem(await csv(search), 'VALIDATION_FAILED');
    }
    expectProblem(await service.call('GET', '/api/admin/orders', undefined, { accept: 'text/csv' }), 'UNAUTHORIZED');
  });

  it('is a head alone where there is no order', async () => {
    const { text } = await csv(`?hold_id=${UNKNOWN_HOLD_ID}`);
    expect(text.split('\r\n')).toHaveLength(2);
  });
});

describe('a file that is larger than any buffer', () => {
  const COUNT = 20_000;
  /** Of the file's statements: each reads some hundred orders. */
  const pagesRead = (): number =>
    proxy.queries.filter((text) => text.includes(') wanted') && !text.includes('w.id IN (1)')).length;

  beforeAll(async () => {
    const { id } = await createProduct(service, { stock_total: COUNT });
    const { hold_id } = await createHold(service, { product_id: id });
    await execute(
      `INSERT INTO holds (id, product_id, qty, expires_at, used, released)
       WITH RECURSIVE thousand (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM thousand WHERE n < 1000)
       SELECT UNHEX(LPAD(HEX(a.n + 1000 * b.n), 32, '0')), ?, 1, NOW(3), 1, 1
       FROM thousand a JOIN thousand b ON b.n <= ${COUNT / 1000}`,
      [id],
    );
    await execute(
      `INSERT INTO orders (hold_id, status, amount, payment_due_at, metadata)
       SELECT id, 'cancelled', '1.00', NOW(3), CONCAT('{"text":"', REPEAT('x', 1000), '"}')
       FROM holds WHERE product_id = ? AND used = 1`,
      [id],
    );
    await giveBack(service, hold_id);
  }, 180_000);

  async function open(): Promise<IncomingMessage> {
    proxy.queries = [];
    const headers = { ...adminHeaders(watched), accept: 'text/csv' };
    const request = httpGet(`${watched.url}/api/admin/orders?status=cancelled`, { headers, agent: false });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return answer;
  }

  /** How many parts were read once no more are, for a client that takes nothing: none came while others were answered. */
  async function readForNobody(answer: IncomingMessage): Promise<number> {
    answer.pause();
    return eventually(async () => {
      const before = pagesRead();
      for (let count = 0; count < 20; count++)
        await watched.call('GET', '/api/admin/orders/1', undefined, adminHeaders(watched));
      expect([before > 0, pagesRead()]).toEqual([true, before]);
      return before;
    });
  }

  it('is read only as fast as its client takes it, and is whole in the end', async () => {
    const answer = await open();
    const parts = await readForNobody(answer);
    expect(parts).toBeLessThan(COUNT / 500 / 2);
    let lines = 0;
    for await (const bytes of answer) lines += (bytes as Buffer).toString('latin1').split('\r\n').length - 1;
    expect(lines).toBeGreaterThanOrEqual(COUNT + 1);
    expect(answer.complete).toBe(true);
    expect(pagesRead()).toBeGreaterThanOrEqual(COUNT / 500);
  }, 180_000);

  it('never ends like a whole one when the database fails in its midst: the connection breaks', async () => {
    const answer = await open();
    await readForNobody(answer);
    await proxy.goAway();
    const drained = (async () => {
      for await (const bytes of answer) void bytes;
    })();
    await expect(drained).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(answer.complete).toBe(false);
    await proxy.comeBack();
    const count = await query<{ count: number }>("SELECT COUNT(*) AS count FROM orders WHERE status = 'cancelled'");
    expect(Number(count[0]!.count)).toBeGreaterThanOrEqual(COUNT);
  }, 180_000);

  it('leaves no statement running for a client that is gone', async () => {
    const answer = await open();
    await readForNobody(answer);
    const before = pagesRead();
    answer.destroy();
    await eventually(async () => {
      const health = await watched.call('GET', '/health/ready');
      expect(health.status).toBe(200);
    });
    expect(pagesRead()).toBeLessThanOrEqual(before + 2);
  }, 180_000);
});

describe('a product of which few orders are among many of others', () => {
  it('is found page by page, though no index leads to them', async () => {
    const { id } = await createProduct(service);
    const order = await createOrder(service, { product_id: id });
    expect(await allIdsOf(`?product_id=${id}`)).toEqual([order.order_id]);
    const first = await list(`?product_id=${id}&limit=1`);
    expect(first.items.map(({ order_id }) => order_id)).toEqual([order.order_id]);
    expect(await allIdsOf(`?product_id=${id}&order=desc`)).toEqual([order.order_id]);
  });
});
