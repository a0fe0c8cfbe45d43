import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Transactions } from '../../src/database/transactions.js';
import { CustomerLimits } from '../../src/holds/customer-limits.js';
import { SalesService } from '../../src/sales/sales.service.js';
import {
  customer,
  customersEnv,
  expectLimitReached,
  expectLimitsIdentity,
  type Headers,
} from '../support/customers.js';
import { query, withConnection } from '../support/database.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createProduct,
  createSale,
  expireHolds,
  type Hold,
  noticeOf,
  notify,
  type Order,
  requestHold,
  taken,
} from '../support/factories.js';
import { inParallel, RACE_ROUNDS, withStatus } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let fleet: [Service, Service];
let service: Service;

beforeAll(async () => {
  const env = customersEnv({ ROLES: 'api' });
  fleet = await Promise.all([startService(env), startService(env)]);
  [service] = fleet;
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Numbers of a sale and of its products. */
async function limitedSale(max_per_customer: number | null, sizes = 2, ofProduct: number | null = null) {
  const { id: sale } = await createSale(service, { max_per_customer });
  const products: number[] = [];
  while (products.length < sizes) {
    const wanted = { sale_id: sale, stock_total: 10_000, max_per_customer: ofProduct };
    products.push((await createProduct(service, wanted)).id);
  }
  return { sale, products: products as [number, number, ...number[]] };
}

const hold = (product: number, headers: Headers, quantity = 1, at = service): Promise<Answer> =>
  requestHold(at, product, quantity, headers);

async function holdOf(product: number, headers: Headers, quantity = 1): Promise<string> {
  return taken<Hold>(await hold(product, headers, quantity), 201).hold_id;
}

/** An order of the customer's that was cancelled. */
async function cancelledOrder(product: number, headers: Headers): Promise<Order> {
  const hold_id = await holdOf(product, headers);
  const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id }, headers), 201);
  expect((await service.call('DELETE', `/api/holds/${hold_id}`, undefined, headers)).status).toBe(204);
  return order;
}

const causeOf = (order: Order): Promise<{ cause: string }[]> =>
  query('SELECT cause FROM refunds WHERE order_id = ?', [order.order_id]);

const move = (product: number, sale_id: number | null, at = service): Promise<Answer> =>
  at.call('PATCH', `/api/admin/products/${product}`, { sale_id }, adminHeaders(at));

const change = (sale: number, change: object): Promise<Answer> =>
  service.call('PATCH', `/api/admin/sales/${sale}`, change, adminHeaders(service));

const sales = (): SalesService => service.app.get(SalesService, { strict: false });
const transactions = (): Transactions => service.app.get(Transactions, { strict: false });

describe('a limit over a sale', () => {
  it('counts what a customer has of all its products together, and refuses whole', async () => {
    const { products } = await limitedSale(3);
    const [one, other] = products;
    const buyer = await customer();
    const hold_id = await holdOf(one, buyer);
    const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id }, buyer), 201);
    await notify(service, noticeOf(order));
    await holdOf(other, buyer);
    expectLimitReached(await expectRefusal('CUSTOMER_LIMIT_REACHED', () => hold(other, buyer, 2)), 3, 1, 'sale');
    await holdOf(one, buyer);
    for (const product of products) expectLimitReached(await hold(product, buyer), 3, 0, 'sale');
    expect((await hold(other, await customer(), 3)).status).toBe(201);
    await expectLimitsIdentity(...products);
  });

  it('counts nothing of other sales, nor of products outside of any', async () => {
    const [first, second] = [await limitedSale(1), await limitedSale(1)];
    const [plain, buyer] = [(await createProduct(service)).id, await customer()];
    for (const product of [first.products[0], second.products[0], plain]) await holdOf(product, buyer);
    expectLimitReached(await hold(first.products[1], buyer), 1, 0, 'sale');
    expect((await hold(plain, buyer)).status).toBe(201);
  });

  it('holds beside the limit of the product, and the refusal says which it was', async () => {
    const { products } = await limitedSale(3, 2, 2);
    const [[one, other], buyer] = [products, await customer()];
    await holdOf(one, buyer, 2);
    expectLimitReached(await hold(one, buyer), 2, 0, 'product');
    expectLimitReached(await hold(other, buyer, 2), 3, 1, 'sale');
    expect((await hold(other, buyer)).status).toBe(201);
  });

  it('counts no more what has expired of any of its products, though nobody has released it', async () => {
    const { products } = await limitedSale(2, 3);
    const buyer = await customer();
    await expireHolds(await holdOf(products[0], buyer), await holdOf(products[1], buyer));
    await holdOf(products[2]!, buyer, 2);
    expectLimitReached(await hold(products[0], buyer), 2, 0, 'sale');
    await expectLimitsIdentity(...products);
  });

  it('refuses who has no name', async () => {
    const { products } = await limitedSale(2);
    await expectRefusal('BUYER_TOKEN_REQUIRED', () => hold(products[0], {}));
  });

  it('is a term of the sale, which comes, changes and goes; what was granted under another one stays', async () => {
    const { sale, products } = await limitedSale(null);
    const [[one, other], buyer] = [products, await customer()];
    await holdOf(one, buyer, 3);
    const limited = { terms: { max_per_customer: 2 }, terms_set: ['max_per_customer'] };
    expect((await change(sale, { max_per_customer: 2 })).body).toMatchObject(limited);
    expect((await service.call('GET', `/api/sales/${sale}`)).body).toMatchObject({ terms: { max_per_customer: 2 } });
    expectLimitReached(await hold(other, buyer), 2, 0, 'sale');
    await change(sale, { max_per_customer: 4 });
    await holdOf(other, buyer);
    expectLimitReached(await hold(other, buyer), 4, 0, 'sale');
    const unlimited = { terms: { max_per_customer: null }, terms_set: [] };
    expect((await change(sale, { max_per_customer: null })).body).toMatchObject(unlimited);
    await holdOf(other, buyer, 2);
    expect((await hold(other, {})).status).toBe(201);
    for (const wrong of [0, -1, 1.5, '2'])
      expectProblem(await change(sale, { max_per_customer: wrong }), 'VALIDATION_FAILED');
  });
});

describe('a product that changes its sale', () => {
  it('leaves what was held of it in the sale under which it was held', async () => {
    const [first, second] = [await limitedSale(1), await limitedSale(1)];
    const [product, buyer] = [first.products[0], await customer()];
    await holdOf(product, buyer);
    taken(await move(product, second.sale), 200);
    expectLimitReached(await hold(first.products[1], buyer), 1, 0, 'sale');
    await holdOf(product, buyer);
    expectLimitReached(await hold(second.products[0], buyer), 1, 0, 'sale');
    taken(await move(product, null), 200);
    expect((await hold(product, buyer)).status).toBe(201);
    await expectLimitsIdentity(product);
  });

  it('is decided again by a batch that has the sale locked, and stops nobody else of the batch', async () => {
    const { products } = await limitedSale(1);
    const plain = (await createProduct(service)).id;
    const [buyer, other] = [await customer(), await customer()];
    const locking = jest.spyOn(sales(), 'lockLimitedOf');
    // As if it had come into the sale after the first statement of the batch.
    locking.mockImplementationOnce(async (tx) => (await tx.read('SELECT 1'), []));
    const answers = await Promise.all([hold(products[0], buyer), hold(plain, other)]);
    expect(countByStatus(answers)).toEqual({ 201: 2 });
    expectLimitReached(await hold(products[0], buyer), 1, 0, 'sale');
    expect(locking.mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  it('never lets a customer have more than the limit of a sale, wherever it is moved under load', async () => {
    const [first, second] = [await limitedSale(2), await limitedSale(2)];
    const products = [...first.products, ...second.products];
    const buyers = await Promise.all(Array.from({ length: 10 }, () => customer()));
    for (let round = 0; round < 5; round++) {
      const moves = inParallel(6, (n) => move(products[n % 4]!, n % 3 === 0 ? second.sale : first.sale, fleet[n % 2]));
      const pausing = actOnSale(service, first.sale, 'pause').then(() => actOnSale(service, first.sale, 'resume'));
      const answers = await inParallel(120, (n) => hold(products[n % 4]!, buyers[n % 10]!, 1, fleet[n % 2]));
      const changed = [...(await moves), await pausing];
      expect(Object.keys(countByStatus([...answers, ...changed])).filter((status) => status >= '500')).toEqual([]);
    }
    const most = await query<{ units: string }>(
      'SELECT SUM(units) AS units FROM customer_holds WHERE sale_id IN (?) GROUP BY sale_id, limit_key',
      [[first.sale, second.sale]],
    );
    expect(most.filter(({ units }) => Number(units) > 2)).toEqual([]);
    expect(most).not.toEqual([]);
    for (const product of products) await expectStockIdentity(product);
    await expectLimitsIdentity(...products);
  });

  it('keeps nobody waiting who locks the sale: the products are only read for it', async () => {
    const { sale, products } = await limitedSale(1);
    const [plain] = (await limitedSale(null)).products;
    await withConnection(async (holder) => {
      await holder.query('START TRANSACTION');
      await holder.query('SELECT id FROM products WHERE id IN (?) FOR UPDATE', [[...products, plain]]);
      expect(await transactions().once((tx) => sales().lockLimitedOf(tx, [...products, plain]))).toEqual([sale]);
      await holder.query('ROLLBACK');
    });
  });

  it('waits for nobody who has another sale locked, and has its sales locked ids ascending', async () => {
    const [low, high, other] = [await limitedSale(1), await limitedSale(1), await limitedSale(1)];
    const unlimited = await limitedSale(null);
    const [moved, stays] = low.products;
    taken(await move(moved, high.sale), 200);
    const wanted = [moved, stays, ...unlimited.products];
    const lock = 'SELECT id FROM sales WHERE id IN (?) FOR UPDATE';
    await withConnection(async (holder) => {
      await holder.query('START TRANSACTION');
      await holder.query(lock, [[other.sale, unlimited.sale]]);
      const locked = transactions().once((tx) => sales().lockLimitedOf(tx, wanted));
      expect(await locked).toEqual([low.sale, high.sale]);
      await holder.query(lock, [[low.sale]]);
      await transactions().once(async (tx) => {
        await expect(sales().lockLimitedOf(tx, wanted)).rejects.toThrow(/Lock wait timeout/);
        // Who has waited in vain keeps what he locked before.
        const [free] = await holder.query(`${lock} SKIP LOCKED`, [[high.sale]]);
        expect(free).toEqual([{ id: high.sale }]);
      });
    });
  });
});

describe('under 50 calls of one customer at once for twelve sizes, through two instances', () => {
  it(`grants exactly the limit over the sale, in each of ${RACE_ROUNDS} rounds`, async () => {
    const { products } = await limitedSale(3, 12);
    for (let round = 0; round < RACE_ROUNDS; round++) {
      const buyer = await customer();
      const answers = await inParallel(50, (n) => hold(products[n % 12]!, buyer, 1, fleet[n % 2]));
      expect({ round, ...countByStatus(answers) }).toEqual({ round, 201: 3, 409: 47 });
      for (const refused of withStatus(answers, 409)) expectLimitReached(refused, 3, 0, 'sale');
    }
    for (const product of products) await expectStockIdentity(product);
    await expectLimitsIdentity(...products);
  });
});

describe('a sale that is not locked', () => {
  it('would let a customer have the limit once at each instance', async () => {
    const { sale, products } = await limitedSale(1);
    const buyer = await customer();
    let counted = 0;
    let go!: () => void;
    const bothHaveCounted = new Promise<void>((resolve) => (go = resolve));
    for (const { app } of fleet) {
      const [limits, sales] = [app.get(CustomerLimits, { strict: false }), app.get(SalesService, { strict: false })];
      jest.spyOn(sales, 'lockLimitedOf').mockImplementation(async (tx) => (await tx.read('SELECT 1'), [sale]));
      const count = limits.count.bind(limits);
      jest.spyOn(limits, 'count').mockImplementation(async (tx, wants) => {
        const units = await count(tx, wants);
        if (++counted === 2) go();
        await bothHaveCounted;
        return units;
      });
    }
    const answers = await inParallel(2, (n) => hold(products[n]!, buyer, 1, fleet[n]));
    expect(countByStatus(answers)).toEqual({ 201: 2 });
  });
});

describe('money that comes late for an order under a limited sale', () => {
  it('pays while the limit allows it, and is owed back where the customer has something else by then', async () => {
    const { products } = await limitedSale(1);
    const [[one, other], buyer] = [products, await customer()];
    const [first, second] = [await cancelledOrder(one, buyer), await cancelledOrder(one, buyer)];
    expect((await notify(service, noticeOf(first))).body).toMatchObject({ order_status: 'paid' });
    expectLimitReached(await hold(other, buyer), 1, 0, 'sale');
    expect((await notify(service, noticeOf(second))).body).toMatchObject({ order_status: 'refund_due' });
    expect(await causeOf(second)).toEqual([{ cause: 'customer_limit' }]);
    await expectLimitsIdentity(...products);
  });

  it('counts in the sale under which it was held, wherever its product is by then, and pays past a pause', async () => {
    const [first, second] = [await limitedSale(1), await limitedSale(1)];
    const [product, buyer] = [first.products[0], await customer()];
    const [paid, owed] = [await cancelledOrder(product, buyer), await cancelledOrder(product, buyer)];
    taken(await move(product, second.sale), 200);
    taken(await actOnSale(service, first.sale, 'pause'), 200);
    await holdOf(second.products[0], buyer);
    expect((await notify(service, noticeOf(paid))).body).toMatchObject({ order_status: 'paid' });
    expect((await notify(service, noticeOf(owed))).body).toMatchObject({ order_status: 'refund_due' });
  });

  it('never takes a customer past the limit, whichever of several comes first, on two instances', async () => {
    const { products } = await limitedSale(2, 4);
    for (let round = 0; round < RACE_ROUNDS; round++) {
      const buyer = await customer();
      const late = [await cancelledOrder(products[0], buyer), await cancelledOrder(products[1], buyer)];
      const paying = late.map((made, n) => notify(fleet[n]!, noticeOf(made)));
      const wanting = [0, 1].map((n) => hold(products[n + 2]!, buyer, 1, fleet[n]));
      const [told, held] = await Promise.all([Promise.all(paying), Promise.all(wanting)]);
      expect(told.map(({ status }) => status)).toEqual([200, 200]);
      const paid = told.filter(({ body }) => body.order_status === 'paid').length;
      expect({ round, units: paid + withStatus(held, 201).length }).toEqual({ round, units: 2 });
    }
    await expectLimitsIdentity(...products);
  });
});
