import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { HoldsService } from '../../src/holds/holds.service.js';
import {
  customer,
  customersEnv,
  expectLimitReached,
  expectLimitsIdentity,
  type Headers,
} from '../support/customers.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createProduct,
  expireHolds,
  hex,
  type Hold,
  noticeOf,
  notify,
  type Order,
  orderOf,
  refundsOf,
  requestHold,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { inParallel, RACE_ROUNDS, withStatus } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let fleet: [Service, Service];
let service: Service;
/** Lets its requests wait for as long as it takes. */
let patient: Service;

beforeAll(async () => {
  const env = customersEnv({ ROLES: 'api' });
  fleet = await Promise.all([startService(env), startService(env)]);
  patient = await startService({ ...env, GROUP_COMMIT_DEADLINE_MS: '60000' });
  [service] = fleet;
});

afterEach(() => {
  jest.restoreAllMocks();
});

const limited = async (max: number | null, stock_total = 100): Promise<number> =>
  (await createProduct(service, { stock_total, max_per_customer: max })).id;

const hold = (product_id: number, headers: Headers, quantity = 1, at = service): Promise<Answer> =>
  requestHold(at, product_id, quantity, headers);

const order = (holdId: string, headers: Headers): Promise<Answer> =>
  service.call('POST', '/api/orders', { hold_id: holdId }, headers);

const giveBack = (holdId: string, headers: Headers): Promise<Answer> =>
  service.call('DELETE', `/api/holds/${holdId}`, undefined, headers);

async function holdOf(product: number, headers: Headers, quantity = 1): Promise<string> {
  return taken<Hold>(await hold(product, headers, quantity), 201).hold_id;
}

async function orderFor(product: number, headers: Headers, quantity = 1): Promise<Order> {
  return taken<Order>(await order(await holdOf(product, headers, quantity), headers), 201);
}

describe('a limit for each customer', () => {
  it('counts what is held, ordered and bought together, and refuses whole', async () => {
    const [product, buyer] = [await limited(4), await customer()];
    await holdOf(product, buyer);
    await orderFor(product, buyer);
    expect((await notify(service, noticeOf(await orderFor(product, buyer)))).body).toMatchObject({
      order_status: 'paid',
    });
    const refused = await expectRefusal('CUSTOMER_LIMIT_REACHED', () => hold(product, buyer, 2));
    expectLimitReached(refused, 4, 1);
    await holdOf(product, buyer);
    expectLimitReached(await hold(product, buyer), 4, 0);
    expect((await hold(product, await customer(), 4)).status).toBe(201);
    await expectLimitsIdentity(product);
  });

  it('counts no more what is given back, cancelled or expired', async () => {
    const [product, buyer] = [await limited(2), await customer()];
    expect((await giveBack(await holdOf(product, buyer, 2), buyer)).status).toBe(204);
    expect((await giveBack((await orderFor(product, buyer, 2)).hold_id, buyer)).status).toBe(204);
    await expireHolds(await holdOf(product, buyer, 2));
    // Nobody has released it yet.
    expect(await stockOf(product)).toMatchObject({ stock_held: 2 });
    const failed = await orderFor(product, buyer, 2);
    await notify(service, noticeOf(failed, { status: 'failed' }));
    await holdOf(product, buyer, 2);
    expectLimitReached(await hold(product, buyer), 2, 0);
    await expectLimitsIdentity(product);
  });

  it('is of those who share a limit_key together, and of each by himself otherwise', async () => {
    const [product, limit_key] = [await limited(2), unique('household')];
    const [one, other] = [await customer({ limit_key }), await customer({ limit_key })];
    await holdOf(product, one);
    await holdOf(product, other);
    for (const headers of [one, other]) expectLimitReached(await hold(product, headers), 2, 0);
    // A name that differs in case is another one.
    expect((await hold(product, await customer({ limit_key: limit_key.toUpperCase() }))).status).toBe(201);
  });

  it('is of each product by itself', async () => {
    const [first, second, buyer] = [await limited(1), await limited(1), await customer()];
    for (const product of [first, second]) await holdOf(product, buyer);
    for (const product of [first, second]) expectLimitReached(await hold(product, buyer), 1, 0);
  });

  it('refuses who has no name, at its place among the questions', async () => {
    const product = await limited(2, 1);
    await expectRefusal('BUYER_TOKEN_REQUIRED', () => hold(product, {}));
    await expectRefusal('BUYER_TOKEN_REQUIRED', () => hold(product, adminHeaders(service)));
    // The limit is asked before the stock is, and after the archive.
    const buyer = await customer();
    expectProblem(await hold(product, buyer, 3), 'CUSTOMER_LIMIT_REACHED');
    expectProblem(await hold(product, buyer, 2), 'INSUFFICIENT_STOCK');
    await service.call('PATCH', `/api/admin/products/${product}`, { archived: true }, adminHeaders(service));
    expectProblem(await hold(product, buyer, 3), 'PRODUCT_NOT_ON_SALE');
    expectProblem(await hold(product, {}), 'PRODUCT_NOT_ON_SALE');
  });

  it('comes, changes and goes with the product; what was granted under another one stays', async () => {
    const [product, buyer] = [await limited(null), await customer()];
    const change = (max_per_customer: number | null): Promise<Answer> =>
      service.call('PATCH', `/api/admin/products/${product}`, { max_per_customer }, adminHeaders(service));
    const made = await holdOf(product, buyer, 3);
    expect((await change(2)).body).toMatchObject({ max_per_customer: 2 });
    expectLimitReached(await hold(product, buyer), 2, 0);
    expect((await order(made, buyer)).status).toBe(201);
    await change(4);
    await holdOf(product, buyer);
    expectLimitReached(await hold(product, buyer), 4, 0);
    expect((await change(null)).body).toMatchObject({ max_per_customer: null });
    await holdOf(product, buyer, 2);
    expect((await hold(product, {})).status).toBe(201);
    for (const wrong of [0, -1, 1.5, '2']) expectProblem(await change(wrong as number), 'VALIDATION_FAILED');
  });

  it('gives a repeated key what it made, and asks nothing', async () => {
    const [product, buyer] = [await limited(1), await customer()];
    const keyed = { ...buyer, 'idempotency-key': unique('key') };
    const made = taken<Hold>(await hold(product, keyed), 201);
    expect((await hold(product, keyed)).body).toMatchObject({ hold_id: made.hold_id });
    expectLimitReached(await hold(product, buyer), 1, 0);
  });

  it('lets go of a hold of which it does not know whose it is', async () => {
    const [product, buyer] = [await limited(null), await customer()];
    const held = await holdOf(product, buyer);
    // As an instance of the version before leaves it.
    await execute('DELETE FROM customer_holds WHERE hold_id = UNHEX(?)', [hex(held)]);
    expect((await giveBack(held, buyer)).status).toBe(204);
  });

  it('leaves no row of who has no name', async () => {
    const product = await limited(null);
    await hold(product, {});
    expect(await query('SELECT * FROM customer_holds WHERE product_id = ?', [product])).toEqual([]);
  });
});

describe('under 50 calls of one customer at once, through two instances', () => {
  it(`grants exactly the limit, in each of ${RACE_ROUNDS} rounds`, async () => {
    const product = await limited(3, 100_000);
    for (let round = 0; round < RACE_ROUNDS; round++) {
      const buyer = await customer();
      const answers = await inParallel(50, (n) => hold(product, buyer, 1, fleet[n % 2]));
      expect({ round, ...countByStatus(answers) }).toEqual({ round, 201: 3, 409: 47 });
      for (const refused of withStatus(answers, 409)) expectLimitReached(refused, 3, 0);
    }
    await expectStockIdentity(product);
    await expectLimitsIdentity(product);
  });

  it('grants exactly the limit again when all that the customer had has just expired', async () => {
    const product = await limited(3, 100_000);
    const buyer = await customer();
    for (let round = 0; round < RACE_ROUNDS; round++) {
      const answers = await inParallel(50, (n) => hold(product, buyer, 1, fleet[n % 2]));
      expect({ round, ...countByStatus(answers) }).toEqual({ round, 201: 3, 409: 47 });
      await expireHolds(...withStatus(answers, 201).map(({ body }) => String(body.hold_id)));
    }
    await expectStockIdentity(product);
    await expectLimitsIdentity(product);
  });
});

/**
 * An order is being made of a hold while the hold expires: its transaction has the hold's lock, has seen that the hold is
 * active, and is kept there by the test. Meanwhile the customer wants what the limit would leave if the hold were over.
 *
 * @returns the units that the customer has in the end; null where the machine was too slow for the order.
 */
async function raceAnOrderPastItsHold(whenDecided: () => void): Promise<number | null> {
  const [product, buyer] = [await limited(1), await customer()];
  const holdId = await holdOf(product, buyer);
  const holds = patient.app.get(HoldsService, { strict: false });
  const lockHolds = holds.lockHolds.bind(holds);
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const locking = jest.spyOn(holds, 'lockHolds').mockImplementationOnce(async (tx, ids) => {
    const rows = await lockHolds(tx, ids);
    await gate;
    return rows;
  });
  await execute('UPDATE holds SET expires_at = NOW(3) + INTERVAL 1 SECOND WHERE id = UNHEX(?)', [hex(holdId)]);
  const ordering = patient.call('POST', '/api/orders', { hold_id: holdId }, buyer);
  await eventually(() => expect(locking).toHaveBeenCalled());
  await eventually(async () => expect(await isOver(holdId)).toBe(true));
  const wanting = hold(product, buyer);
  await eventually(whenDecided);
  open();
  const answers = await Promise.all([ordering, wanting]);
  locking.mockRestore();
  await expectStockIdentity(product);
  if (answers[0].status !== 201) return null;
  return answers.filter(({ status }) => status === 201).length;
}

async function isOver(holdId: string): Promise<boolean> {
  const [row] = await query<{ is_over: number }>(
    'SELECT expires_at <= NOW(3) AS is_over FROM holds WHERE id = UNHEX(?)',
    [hex(holdId)],
  );
  return row!.is_over === 1;
}

/** Rounds in which the order was quick enough. */
async function unitsInRounds(rounds: number, spy: { readonly mock: { readonly calls: unknown[] } }): Promise<number[]> {
  const units: number[] = [];
  for (let tries = 0; units.length < rounds && tries < 5 * rounds; tries++) {
    const before = spy.mock.calls.length;
    const had = await raceAnOrderPastItsHold(() => expect(spy.mock.calls.length).toBeGreaterThan(before));
    if (had !== null) units.push(had);
  }
  return units;
}

describe('an order that is being made of a hold in its last millisecond', () => {
  const holdsOf = (at: Service): HoldsRepository => at.app.get(HoldsRepository, { strict: false });

  it('counts in the limit, however long it takes', async () => {
    const spy = jest.spyOn(holdsOf(service), 'lockIfExpired');
    expect(await unitsInRounds(5, spy)).toEqual([1, 1, 1, 1, 1]);
  });

  it('would let the customer have one more than the limit, were its expired hold left out without its lock', async () => {
    const spy = jest
      .spyOn(holdsOf(service), 'lockIfExpired')
      .mockImplementation((_tx, ids) => Promise.resolve([...ids]));
    expect(await unitsInRounds(1, spy)).toEqual([2]);
  });
});

describe('money that comes late', () => {
  /** An order of the customer's that was cancelled. */
  async function cancelledOrder(product: number, buyer: Headers): Promise<Order> {
    const made = await orderFor(product, buyer);
    expect((await giveBack(made.hold_id, buyer)).status).toBe(204);
    return made;
  }

  const causeOf = (orderId: number): Promise<{ cause: string }[]> =>
    query('SELECT cause FROM refunds WHERE order_id = ?', [orderId]);

  it('pays its order while the limit allows it, and counts', async () => {
    const [product, buyer] = [await limited(1), await customer()];
    const late = await cancelledOrder(product, buyer);
    expect((await notify(service, noticeOf(late))).body).toMatchObject({ order_status: 'paid' });
    expectLimitReached(await hold(product, buyer), 1, 0);
    await expectLimitsIdentity(product);
  });

  it('is owed back where the customer has something else by then, for that reason', async () => {
    const [product, buyer] = [await limited(1), await customer()];
    const late = await cancelledOrder(product, buyer);
    await holdOf(product, buyer);
    const told = await notify(service, noticeOf(late));
    expect(told.body).toMatchObject({ result: 'applied', order_status: 'refund_due' });
    expect(await refundsOf(late.order_id)).toMatchObject([{ status: 'due', amount: '99.990' }]);
    expect(await causeOf(late.order_id)).toEqual([{ cause: 'customer_limit' }]);
    expect(await stockOf(product)).toMatchObject({ stock_sold: 0, stock_held: 1 });
    await expectLimitsIdentity(product);
  });

  it('pays where what the customer has is a hold that has expired', async () => {
    const [product, buyer] = [await limited(1), await customer()];
    const late = await cancelledOrder(product, buyer);
    await expireHolds(await holdOf(product, buyer));
    expect((await notify(service, noticeOf(late))).body).toMatchObject({ order_status: 'paid' });
    expectLimitReached(await hold(product, buyer), 1, 0);
  });

  it('asks nothing of who has no name, nor where there is no limit', async () => {
    const [product, buyer] = [await limited(null), await customer()];
    const [named, plain] = [await cancelledOrder(product, buyer), await cancelledOrder(product, {})];
    await service.call('PATCH', `/api/admin/products/${product}`, { max_per_customer: 1 }, adminHeaders(service));
    for (const late of [named, plain]) {
      expect((await notify(service, noticeOf(late))).body).toMatchObject({ order_status: 'paid' });
    }
    await expectLimitsIdentity(product);
  });

  it('never takes a customer past the limit, whichever of several comes first, on two instances', async () => {
    const product = await limited(2, 100_000);
    for (let round = 0; round < RACE_ROUNDS; round++) {
      const buyer = await customer();
      const late = [await cancelledOrder(product, buyer), await cancelledOrder(product, buyer)];
      const paying = late.map((made, n) => notify(fleet[n]!, noticeOf(made)));
      const wanting = [0, 1].map((n) => hold(product, buyer, 1, fleet[n]));
      const [told, held] = await Promise.all([Promise.all(paying), Promise.all(wanting)]);
      expect(told.map(({ status }) => status)).toEqual([200, 200]);
      const paid = told.filter(({ body }) => body.order_status === 'paid').length;
      expect({ round, units: paid + withStatus(held, 201).length }).toEqual({ round, units: 2 });
      for (const made of late) {
        const [row] = await orderOf(made.hold_id);
        expect(await causeOf(made.order_id)).toEqual(row!.status === 'paid' ? [] : [{ cause: 'customer_limit' }]);
      }
    }
    await expectStockIdentity(product);
    await expectLimitsIdentity(product);
  });
});
