import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { PoolConnection } from 'mysql2/promise';
import { newUuid } from '../../src/database/sql.js';
import { Dispatching } from '../../src/deliveries/dispatching.js';
import { ErasureRepository } from '../../src/operations/customers/erasure.repository.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { shopKey, KeyFile, bearer, signedToken } from '../support/buyers.js';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { runCli } from '../support/cli.js';
import { expectLimitsIdentity } from '../support/customers.js';
import { execute, lockingReads, query, withConnection } from '../support/database.js';
import { type Event, eventsUntil, newestEvent, readEvents, untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createEndpoint,
  createKey,
  createProduct,
  expireHolds,
  hex,
  type Hold,
  inSeconds,
  keyHeaders,
  noticeOf,
  notify,
  type Order,
  requestHold,
  taken,
  unique,
} from '../support/factories.js';
import { type ApiDocument, schemaChecker, webhookSchema } from '../support/openapi.js';
import { Receiver } from '../support/receiver.js';
import { type Answer, type Service, startService } from '../support/service.js';

const KEY = shopKey('HS256');

let service: Service;
let neighbour: Service;
let env: Record<string, string>;

beforeAll(async () => {
  env = { ...new KeyFile([KEY]).env('optional', {}) };
  [service, neighbour] = await Promise.all([startService(env), startService({ ...env, ROLES: 'api' })]);
});

afterEach(() => void jest.restoreAllMocks());
afterAll(() => killChildren());

const headersOf = async (customer: string, claims: Record<string, unknown> = {}) =>
  bearer(await signedToken(KEY, { sub: customer, ...claims }));

/** Visible ASCII that JSON, SQL and URLs each write in another way. */
const awkward = (): string => `c/"\\'%${unique('x')}`;

function erase(customer: string, at: Pick<Service, 'call'> = service): Promise<Answer> {
  return at.call('DELETE', `/api/admin/customers/${encodeURIComponent(customer)}`, undefined, adminHeaders(service));
}

/** Every row of the database in which the text stands, as it is or as JSON has it. */
async function rowsWith(text: string): Promise<string[]> {
  const tables = await query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
  );
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await query<Record<string, unknown>>(`SELECT * FROM \`${name}\``);
      const told = rows.map((row) =>
        Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString() : String(value))),
      );
      const forms = [text, JSON.stringify(text).slice(1, -1)];
      return told
        .filter((values) => values.some((value) => forms.some((form) => value.includes(form))))
        .map((values) => `${name}: ${values.join(' | ')}`);
    }),
  );
  return found.flat();
}

async function namesOf(holdIds: readonly string[]): Promise<Set<string>> {
  const rows = await query<{ customer_id: string }>(
    'SELECT h.customer_id FROM holds h WHERE h.id IN (?) UNION SELECT c.customer_id FROM customer_holds c WHERE c.hold_id IN (?)',
    [holdIds.map(binary), holdIds.map(binary)],
  );
  return new Set(rows.map(({ customer_id }) => customer_id));
}

const binary = (id: string): Buffer => Buffer.from(hex(id), 'hex');

/** Released holds of a customer, which he had before: as many rows as it takes, past the service. */
async function addOldHolds(productId: number, customer: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newUuid).sort();
  const rows = ids.map((id) => [binary(id), productId, 1, '2026-01-01 00:00:00.000', 0, 1, customer]);
  await execute('INSERT INTO holds (id, product_id, qty, expires_at, used, released, customer_id) VALUES ?', [rows]);
  const counted = ids.map((id) => [binary(id), customer, customer, productId, 0]);
  await execute('INSERT INTO customer_holds (hold_id, customer_id, limit_key, product_id, units) VALUES ?', [counted]);
  return ids;
}

async function order(customer: string, holdId: string): Promise<Order> {
  return taken<Order>(await service.call('POST', '/api/orders', { hold_id: holdId }, await headersOf(customer)), 201);
}

/** What the shop's server orders, which writes the customer's name wherever it may write anything. */
async function orderByShop(customer: string, hold_id: string): Promise<Order> {
  const headers = { ...keyHeaders(await createKey(service, ['sell'])), 'on-behalf-of': customer };
  const metadata = { cart: '7', customer_id: customer, buyer: customer };
  const adjustments = [{ ...SHIPPING, label: customer }, SHIPPING];
  const body = { hold_id, reference: customer.slice(0, 64), metadata, adjustments };
  return taken<Order>(await service.call('POST', '/api/orders', body, headers), 201);
}

const SHIPPING = { kind: 'shipping', label: 'Parcel', amount: '4.90' };

/** A customer of whom all kinds of rows tell, and none of whose holds or orders goes on. */
async function wellKnown(customer: string, household: string): Promise<{ productId: number; paid: Order }> {
  const { id: productId } = await createProduct(service, { stock_total: 50, max_per_customer: 3 });
  const headers = await headersOf(customer, { limit_key: household });
  const held = async (quantity = 1) => taken<Hold>(await requestHold(service, productId, quantity, headers), 201);
  const paid = await orderByShop(customer, (await held(2)).hold_id);
  taken(await notify(service, noticeOf(paid)), 200);
  const givenBack = await order(customer, (await held()).hold_id);
  taken(await service.call('DELETE', `/api/holds/${givenBack.hold_id}`, undefined, headers), 204);
  const byHand = {
    product_id: productId,
    quantity: 1,
    customer_id: customer,
    expires_at: inSeconds(600),
    override: ['limit'],
  };
  const { hold_id } = taken<Hold>(await service.call('POST', '/api/admin/holds', byHand, adminHeaders(service)), 201);
  await expireHolds(hold_id);
  await untilEventsHaveNumbers();
  return { productId, paid };
}

describe('a customer who is forgotten', () => {
  it('is named nowhere in the database any more, and figures stay', async () => {
    const customer = awkward();
    const household = unique('household');
    const after = await newestEvent(service);
    const { productId, paid } = await wellKnown(customer, household);
    await execute(
      `INSERT INTO webhook_deliveries (endpoint_id, sequence, hold_id, status, attempts, answer) VALUES (7, 1, ?, 'delivered', 1, ?)`,
      [binary(paid.hold_id), JSON.stringify({ customer_id: customer })],
    );
    expect((await rowsWith(customer)).map((row) => row.split(':')[0])).toEqual(
      expect.arrayContaining(['holds', 'customer_holds', 'orders', 'events', 'audit_log', 'webhook_deliveries']),
    );
    const before = await readEvents(service, `?after=${after}`);

    expect(await erase(customer)).toMatchObject({ status: 204, text: '' });
    expect(await rowsWith(customer)).toEqual([]);
    expect(await rowsWith(household)).toEqual([]);

    const [name] = await namesOf([paid.hold_id]);
    expect(name).toMatch(/^erased_[0-9a-f-]{36}$/);
    const events = await eventsUntil(service, after, (found) => found.some(({ type }) => type === 'customer.erased'));
    expect(events.at(-1)).toMatchObject({ type: 'customer.erased', version: null, data: { customer_id: name } });
    const document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
    expect(schemaChecker(document)(webhookSchema(document, 'customer.erased'), events.at(-1))).toEqual([]);
    const [first] = before.items;
    expect(events[0]).toEqual({
      ...first,
      data: {
        ...first!.data,
        customer_id: name,
        reference: events[0]!.data.reference,
        metadata: { cart: '7', customer_id: name, buyer: name },
        adjustments: [{ ...SHIPPING, label: name }, SHIPPING],
      },
    });
    expect(events.slice(0, -1).map(withoutName)).toEqual(before.items.map(withoutName));

    const audited = await query<{ target_id: string }>(
      "SELECT target_id FROM audit_log WHERE action = 'customer.erase'",
    );
    expect(audited.filter(({ target_id }) => target_id === name)).toHaveLength(1);
    await expectStockIdentity(productId);
    await expectLimitsIdentity(productId);
    const found = await service.call('GET', `/api/admin/orders?customer_id=${name}`, undefined, adminHeaders(service));
    expect(found.body.items).toMatchObject([
      { order_id: paid.order_id, quantity: 2, customer_id: name },
      { status: 'cancelled' },
    ]);
  });

  it('is a stranger afterwards: what he had counts in no limit of his, and is not his', async () => {
    const customer = unique('c');
    const { productId, paid } = await wellKnown(customer, customer);
    const headers = await headersOf(customer);
    expectProblem(await requestHold(service, productId, 2, headers), 'CUSTOMER_LIMIT_REACHED');
    taken(await erase(customer), 204);
    expectProblem(await service.call('GET', `/api/holds/${paid.hold_id}`, undefined, headers), 'HOLD_NOT_FOUND');
    taken(await requestHold(service, productId, 3, headers), 201);
    expectProblem(await requestHold(service, productId, 1, headers), 'CUSTOMER_LIMIT_REACHED');
    await expectLimitsIdentity(productId);
  });

  it('is forgotten as what limits of others count by, and they keep what they have', async () => {
    const [head, member] = [unique('head'), unique('member')];
    const { id } = await createProduct(service, { max_per_customer: 2 });
    const headers = await headersOf(member, { limit_key: head });
    const { hold_id } = taken<Hold>(await requestHold(service, id, 2, headers), 201);
    taken(await erase(head), 204);
    expect(await rowsWith(head)).toEqual([]);
    expect(await namesOf([hold_id])).toEqual(new Set([member]));
    taken(await service.call('POST', '/api/orders', { hold_id }, headers), 201);
    await expectLimitsIdentity(id);
  });

  it('gets money that comes late for what he ordered, within the limit', async () => {
    const customer = unique('c');
    const { id } = await createProduct(service, { max_per_customer: 2 });
    const held = async () => taken<Hold>(await requestHold(service, id, 2, await headersOf(customer)), 201).hold_id;
    const late = await order(customer, await held());
    taken(await service.call('DELETE', `/api/holds/${late.hold_id}`, undefined, await headersOf(customer)), 204);
    const bought = await order(customer, await held());
    taken(await notify(service, noticeOf(bought)), 200);
    taken(await erase(customer), 204);
    expect(taken(await notify(service, noticeOf(late)), 200)).toMatchObject({ order_status: 'refund_due' });
    await expectStockIdentity(id);
  });

  it('is named by no event that was just getting its number', async () => {
    const customer = unique('c');
    const { paid } = await wellKnown(customer, customer);
    await withConnection(async (connection) => {
      // What the sequencer does, which has read the name before it is replaced.
      await connection.query('START TRANSACTION');
      await connection.query('SELECT last FROM event_sequence WHERE id = 1 FOR UPDATE');
      const answer = erase(customer);
      await eventually(async () => expect(await lockingReads()).not.toEqual([]));
      const data = JSON.stringify({ order_id: paid.order_id, customer_id: customer });
      await connection.query(
        `INSERT INTO events (sequence, type, version, hold_id, data) SELECT last + 1, 'order.paid', 9, ?, ? FROM event_sequence`,
        [binary(paid.hold_id), data],
      );
      await connection.query('UPDATE event_sequence SET last = last + 1');
      await connection.query('COMMIT');
      taken(await answer, 204);
    });
    expect(await rowsWith(customer)).toEqual([]);
  });

  it.each([
    ['what operators noted of his holds', {}],
    ['events', { RETENTION_EVENTS_DAYS: '400' }],
  ])('is not named by %s either, which are kept for longer than holds', async (_what, retention) => {
    const customer = awkward();
    const { productId } = await wellKnown(customer, customer);
    const ofProduct = 'hold_id IN (SELECT id FROM holds WHERE product_id = ?)';
    const age = 'payment_due_at = NOW(3) - INTERVAL 100 DAY, due_at = payment_due_at';
    await execute(`UPDATE orders SET ${age} WHERE status = 'cancelled' AND ${ofProduct}`, [productId]);
    await execute(`UPDATE events SET created_at = NOW(3) - INTERVAL 100 DAY WHERE ${ofProduct}`, [productId]);
    await execute(
      'UPDATE holds SET expires_at = NOW(3) - INTERVAL 100 DAY, released = 1 WHERE used = 0 AND product_id = ?',
      [productId],
    );
    const tidy = await startService({ ...env, ROLES: 'api', ...retention });
    await tidy.app.get(RetentionService).purge();
    await tidy.stop();
    const after = await newestEvent(service);
    taken(await erase(customer), 204);
    expect(await rowsWith(customer)).toEqual([]);
    const erased = await eventsUntil(service, after, (found) => found.some(({ type }) => type === 'customer.erased'));
    expect(erased).toMatchObject([{ type: 'customer.erased' }]);
  });

  it('is named by no answer of an endpoint that was just being told of him', async () => {
    const [customer, other] = [awkward(), unique('c')];
    const receiver = await Receiver.start();
    const endpoint = await createEndpoint(service, receiver.url);
    receiver.behave = ({ text }, response) => void erase(customer).then(() => response.end(text));
    const { productId } = await wellKnown(customer, customer);
    const hold = taken<Hold>(await requestHold(service, productId, 1, await headersOf(other)), 201);
    await order(other, hold.hold_id);
    await untilEventsHaveNumbers();
    await service.app.get(Dispatching).dispatch(endpoint.id);
    await receiver.stop();
    expect(receiver.received.map(({ body }) => body.data.customer_id)).toEqual(
      expect.arrayContaining([customer, other]),
    );
    expect(await rowsWith(customer)).toEqual([]);
    expect((await rowsWith(other)).map((row) => row.split(':')[0])).toContain('webhook_deliveries');
  });

  it('may be one of whose holds only what operators noted is left', async () => {
    const customer = unique('c');
    const { productId } = await wellKnown(customer, customer);
    await execute('DELETE FROM orders WHERE hold_id IN (SELECT id FROM holds WHERE product_id = ?)', [productId]);
    await execute('DELETE FROM holds WHERE product_id = ?', [productId]);
    await execute('DELETE FROM events');
    expect((await rowsWith(customer)).map((row) => row.split(':')[0])).toEqual(['audit_log']);
    const told = "SELECT target_id AS id FROM audit_log WHERE action = 'customer.erase'";
    const before = await query(told);
    const answers = await Promise.all([service, neighbour].map((at) => erase(customer, at)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(await rowsWith(customer)).toEqual([]);
    expect(await query(told)).toHaveLength(before.length + 1);
  });

  it('may be one whom nobody knows: then nothing is noted', async () => {
    await untilEventsHaveNumbers();
    const after = await newestEvent(service);
    const [noted] = await query<{ count: number }>('SELECT COUNT(*) AS count FROM audit_log');
    taken(await erase('x'.repeat(128)), 204);
    expect(await query('SELECT COUNT(*) AS count FROM audit_log')).toEqual([noted]);
    expect(await newestEvent(service)).toBe(after);
  });

  it('is forgotten from the command line, too', async () => {
    const customer = unique('c');
    await wellKnown(customer, customer);
    expect(await runCli(['customers:erase', customer])).toMatchObject({
      code: 0,
      output: expect.stringContaining('Nothing names'),
    });
    expect(await rowsWith(customer)).toEqual([]);
  });
});

/** An event but for what names a customer. */
function withoutName({ data, ...event }: Event): unknown {
  const { customer_id: _name, metadata: _metadata, reference: _reference, adjustments: _adjustments, ...rest } = data;
  return { ...event, data: rest };
}

describe('a customer is not forgotten', () => {
  it('while he holds something, or an order of his is not paid', async () => {
    const customer = unique('c');
    const { id } = await createProduct(service);
    const headers = await headersOf(customer);
    const { hold_id } = taken<Hold>(await requestHold(service, id, 1, headers), 201);
    expectProblem(await erase(customer), 'CUSTOMER_IS_ACTIVE');
    await order(customer, hold_id);
    expectProblem(await erase(customer), 'CUSTOMER_IS_ACTIVE');
    expect(await namesOf([hold_id])).toEqual(new Set([customer]));
    taken(await service.call('DELETE', `/api/holds/${hold_id}`, undefined, headers), 204);
    taken(await erase(customer), 204);
    expect(await rowsWith(customer)).toEqual([]);
  });

  it('by keys without the scope, nor by a name that none can have', async () => {
    const [right, wrong] = [await createKey(service, ['customers']), await createKey(service, ['orders', 'read'])];
    const path = `/api/admin/customers/${unique('c')}`;
    expect((await service.call('DELETE', path, undefined, keyHeaders(right))).status).toBe(204);
    expectProblem(await service.call('DELETE', path, undefined, keyHeaders(wrong)), 'SCOPE_MISSING');
    for (const name of ['Ann%20Smith', '%C3%BC', 'x'.repeat(129)])
      expectProblem(await erase(decodeURIComponent(name)), 'VALIDATION_FAILED');
  });
});

describe('an erasure that waits for a hold', () => {
  /** Runs `work` on a connection that has the hold locked, once so many erasures wait for it. */
  async function whileLocked(
    holdId: string,
    erasures: () => Promise<Answer>[],
    work: (connection: PoolConnection) => Promise<unknown>,
  ): Promise<Answer[]> {
    return withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM holds WHERE id = ? FOR UPDATE', [binary(holdId)]);
      const waiting = erasures();
      await eventually(async () => expect(await lockingReads()).toHaveLength(waiting.length));
      await work(connection);
      await connection.query('COMMIT');
      return Promise.all(waiting);
    });
  }

  it('finds the order that was made of it meanwhile', async () => {
    const customer = unique('c');
    const { id } = await createProduct(service);
    const { hold_id } = taken<Hold>(await requestHold(service, id, 1, await headersOf(customer)), 201);
    // As if the hold had been made a moment later.
    jest.spyOn(service.app.get(ErasureRepository, { strict: false }), 'isActive').mockResolvedValueOnce(false);
    const [answer] = await whileLocked(
      hold_id,
      () => [erase(customer)],
      async (connection) => {
        await connection.query(
          `INSERT INTO orders (hold_id, status, amount, payment_due_at, due_at, version, quantity_sold)
         VALUES (?, 'pending_payment', 1, NOW(3) + INTERVAL 1 HOUR, NOW(3) + INTERVAL 1 HOUR, 1, 0)`,
          [binary(hold_id)],
        );
        await connection.query('UPDATE holds SET used = 1 WHERE id = ?', [binary(hold_id)]);
      },
    );
    expectProblem(answer!, 'CUSTOMER_IS_ACTIVE');
    expect(await namesOf([hold_id])).toEqual(new Set([customer]));
  });

  it('tells of nothing when another one was quicker', async () => {
    const customer = unique('c');
    const [hold_id] = await addOldHolds((await createProduct(service)).id, customer, 1);
    const told = "SELECT COUNT(*) AS count FROM audit_log WHERE action = 'customer.erase'";
    const [before] = await query<{ count: number }>(told);
    const answers = await whileLocked(
      hold_id!,
      () => [service, neighbour].map((at) => erase(customer, at)),
      () => Promise.resolve(),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(await query(told)).toEqual([{ count: before!.count + 1 }]);
  });
});

describe('a customer of 1,200 holds', () => {
  const COUNT = 1200;

  async function withOldHolds(): Promise<{ customer: string; productId: number; ids: string[] }> {
    const customer = unique('c');
    const { id: productId } = await createProduct(service);
    return { customer, productId, ids: await addOldHolds(productId, customer, COUNT) };
  }

  /** Runs `work` while the erasure waits in its second step, for a row that the test has locked. */
  async function inTheMidst(
    { customer, ids }: { customer: string; ids: string[] },
    at: Pick<Service, 'call'>,
    work: () => Promise<void>,
  ): Promise<Answer | null> {
    return withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM holds WHERE id = ? FOR UPDATE', [binary(ids.at(700)!)]);
      const answer = erase(customer, at).catch(() => null);
      await eventually(async () => {
        const [left] = await query<{ count: number }>(
          'SELECT COUNT(*) AS count FROM customer_holds WHERE customer_id = ?',
          [customer],
        );
        expect(left).toEqual({ count: COUNT - 500 });
        expect(await lockingReads()).not.toEqual([]);
      });
      await work();
      await connection.query('COMMIT');
      return answer;
    });
  }

  it('is forgotten by two instances at once under one name, and told of once', async () => {
    const { customer, ids } = await withOldHolds();
    const answers = await Promise.all([service, neighbour, service, neighbour].map((at) => erase(customer, at)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    const names = await namesOf(ids);
    expect(names.size).toBe(1);
    expect(await rowsWith(customer)).toEqual([]);
    const [name] = names;
    const [{ count }] = (await query<{ count: number }>('SELECT COUNT(*) AS count FROM audit_log WHERE target_id = ?', [
      name,
    ])) as [{ count: number }];
    expect(Number(count)).toBe(1);
  });

  it('is forgotten to the end when the instance that does it is killed in the midst and another is asked', async () => {
    const old = await withOldHolds();
    const child: ChildService = await startChild({ ...env, ROLES: 'api' });
    const atChild = {
      call: (method: string, path: string, _body: unknown, headers = {}) =>
        fetch(`${child.url}${path}`, { method, headers }).then(() => null as never),
    };
    await inTheMidst(old, atChild, async () => {
      child.kill('SIGKILL');
      await child.exited;
    });
    expect((await namesOf(old.ids)).size).toBe(2);
    taken(await erase(old.customer), 204);
    // The key that remembers the new name until then goes with the last step.
    expect(await query("SELECT idempotency_key FROM idempotency_keys WHERE scope = 'customers'")).toEqual([]);
    const names = await namesOf(old.ids);
    expect([...names]).toEqual([expect.stringMatching(/^erased_/)]);
    expect(await rowsWith(old.customer)).toEqual([]);
  });

  it('is not begun to be forgotten while he holds something, or an order of his is not paid', async () => {
    const { customer, productId, ids } = await withOldHolds();
    const { hold_id } = taken<Hold>(await requestHold(service, productId, 1, await headersOf(customer)), 201);
    expectProblem(await erase(customer), 'CUSTOMER_IS_ACTIVE');
    await order(customer, hold_id);
    expectProblem(await erase(customer), 'CUSTOMER_IS_ACTIVE');
    expect(await namesOf([...ids, hold_id])).toEqual(new Set([customer]));
  });

  it.each(['a hold', 'an order'])(
    'is not forgotten with %s of in between, and is once that has ended',
    async (what) => {
      const old = await withOldHolds();
      const headers = await headersOf(old.customer);
      let holdId = '';
      const answer = await inTheMidst(old, service, async () => {
        ({ hold_id: holdId } = taken<Hold>(await requestHold(service, old.productId, 1, headers), 201));
        if (what === 'an order') await order(old.customer, holdId);
      });
      expectProblem(answer!, 'CUSTOMER_IS_ACTIVE');
      expect(await namesOf([holdId])).toEqual(new Set([old.customer]));
      taken(await service.call('DELETE', `/api/holds/${holdId}`, undefined, headers), 204);
      taken(await erase(old.customer), 204);
      expect((await namesOf([...old.ids, holdId])).size).toBe(1);
      expect(await rowsWith(old.customer)).toEqual([]);
      await expectStockIdentity(old.productId);
    },
  );
});
