import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { query } from '../support/database.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createKey,
  createProduct,
  createSale,
  expireHolds,
  extend,
  hex,
  type Hold,
  inSeconds,
  keyHeaders,
  moveSale,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let neighbour: Service;
beforeAll(async () => {
  [service, neighbour] = await Promise.all([startService({ ROLES: 'api' }), startService({ ROLES: 'api' })]);
});

const DAY = 86_400;

function make(wanted: object, headers: Record<string, string> = adminHeaders(service), at = service): Promise<Answer> {
  return at.call('POST', '/api/admin/holds', { quantity: 1, expires_at: inSeconds(3 * DAY), ...wanted }, headers);
}

const entriesOf = (holdId: string) =>
  query<{ actor: string; action: string; fields_after: string; request_id: string | null }>(
    "SELECT actor, action, fields_after, request_id FROM audit_log WHERE target = 'hold' AND target_id = ?",
    [holdId],
  );

describe('a hold by an operator', () => {
  it('lasts as long as he says, is the customer’s, gets no more time, and becomes an order', async () => {
    const { id } = await createProduct(service, { stock_total: 100 });
    const expires_at = inSeconds(6 * DAY);
    const answer = await make({ product_id: id, quantity: 40, customer_id: 'c_42', expires_at });
    const made = taken<Hold>(answer, 201);
    expect(made).toMatchObject({ quantity: 40, expires_at, customer_id: 'c_42', extensions_left: 0, status: 'active' });
    expect(answer.headers.get('location')).toBe(`/api/holds/${made.hold_id}`);
    expect(await stockOf(id)).toMatchObject({ available: 60 });
    const key = keyHeaders(await createKey(service, ['sell']));
    const own = { ...key, 'on-behalf-of': 'c_42' };
    await expectRefusal('HOLD_NOT_FOUND', () => extend(neighbour, made.hold_id, { ...own, 'on-behalf-of': 'c_43' }));
    const refused = await expectRefusal('HOLD_NOT_EXTENDABLE', () => extend(neighbour, made.hold_id, own));
    expect(refused.body.reason).toBe('none_left');
    await expectRefusal('HOLD_NOT_FOUND', () => requestOrder(neighbour, made.hold_id));
    expect((await neighbour.call('POST', '/api/orders', { hold_id: made.hold_id }, own)).status).toBe(201);
    await expectStockIdentity(id);
  });

  it('without a customer is whoever’s that knows its id, and ends as every other', async () => {
    const { id } = await createProduct(service);
    const { hold_id } = taken<Hold>(await make({ product_id: id, quantity: 10 }), 201);
    expect((await neighbour.call('GET', `/api/holds/${hold_id}`)).body).toMatchObject({ status: 'active' });
    await expireHolds(hold_id);
    expect((await make({ product_id: id, quantity: 10 })).status).toBe(201);
  });

  it('is noted once, with who made it and against what', async () => {
    const { id } = await createProduct(service);
    const key = await createKey(service, ['orders']);
    const headers = { ...keyHeaders(key), 'x-request-id': unique('by-hand') };
    const wanted = { product_id: id, quantity: 3, customer_id: 'c_42', override: ['window', 'limit'] };
    const { hold_id, expires_at } = taken<Hold>(await make(wanted, headers), 201);
    const entries = await entriesOf(hold_id);
    expect(entries).toEqual([
      { actor: key.name, action: 'hold.create', request_id: headers['x-request-id'], fields_after: expect.anything() },
    ]);
    expect(JSON.parse(entries[0]!.fields_after)).toEqual({
      product_id: id,
      quantity: 3,
      customer_id: 'c_42',
      sale_id: null,
      expires_at,
      override: ['limit', 'window'],
    });
    const before = await query('SELECT COUNT(*) AS n FROM audit_log');
    expectProblem(await make({ product_id: id, quantity: 8 }), 'INSUFFICIENT_STOCK');
    expect(await query('SELECT COUNT(*) AS n FROM audit_log')).toEqual(before);
  });

  it.each([
    ['expires_at', { expires_at: inSeconds(-1) }],
    ['expires_at', { expires_at: inSeconds(7 * DAY + 3600) }],
    ['expires_at', { expires_at: '2027-02-30T12:00:00Z' }],
    ['expires_at', { expires_at: '2027-02-03T12:00:00' }],
    ['quantity', { quantity: 10_001 }],
    ['customer_id', { customer_id: 'Ann Smith' }],
    ['override.0', { override: ['archive'] }],
  ])('is refused by name where it is wrong: %s in %j', async (field, wrong) => {
    const { id } = await createProduct(service);
    const { body } = await expectRefusal('VALIDATION_FAILED', () => make({ product_id: id, ...wrong }));
    expect(body.errors).toContainEqual({ field, message: expect.any(String) });
  });

  it('is told of an end in a year that can not be kept that it is one', async () => {
    const { id } = await createProduct(service);
    const wanted = { product_id: id, expires_at: '9999-12-31T23:59:59-05:00' };
    const { body } = await expectRefusal('VALIDATION_FAILED', () => make(wanted));
    const message = 'must be within the years 0000 to 9999, in UTC';
    expect(body.errors).toEqual([{ field: 'expires_at', message }]);
  });

  it('may be of more units than a buyer’s', async () => {
    const { id } = await createProduct(service, { stock_total: 10_000 });
    expect((await make({ product_id: id, quantity: 10_000 })).status).toBe(201);
  });
});

describe('against the rules of the sale', () => {
  it('goes the window, by its word; the archive by none', async () => {
    const sale = await createSale(service, { starts_at: inSeconds(600) });
    const { id } = await createProduct(service, { sale_id: sale.id });
    const override = ['window'];
    await expectRefusal('SALE_NOT_STARTED', () => make({ product_id: id, override: ['limit', 'admission'] }));
    expect((await make({ product_id: id, override })).body).toMatchObject({ sale_id: sale.id });
    await moveSale(sale.id, { startsIn: -60 });
    await actOnSale(service, sale.id, 'pause');
    await expectRefusal('SALE_PAUSED', () => make({ product_id: id }));
    expect((await make({ product_id: id, override })).status).toBe(201);
    await actOnSale(service, sale.id, 'end');
    await expectRefusal('SALE_ENDED', () => make({ product_id: id }));
    expect((await make({ product_id: id, override })).status).toBe(201);
    await service.call('PATCH', `/api/admin/products/${id}`, { archived: true }, adminHeaders(service));
    await expectRefusal('PRODUCT_NOT_ON_SALE', () => make({ product_id: id, override: ['window', 'limit'] }));
  });

  it('goes the limit, in which it counts nevertheless', async () => {
    const { id } = await createProduct(service, { max_per_customer: 2 });
    const seller = keyHeaders(await createKey(service, ['sell']));
    const buy = (): Promise<Answer> =>
      neighbour.call('POST', '/api/holds', { product_id: id, quantity: 1 }, { ...seller, 'on-behalf-of': 'c_42' });
    const wanted = { product_id: id, customer_id: 'c_42' };
    expect((await make({ ...wanted, quantity: 1 })).status).toBe(201);
    await expectRefusal('CUSTOMER_LIMIT_REACHED', () => make({ ...wanted, quantity: 2 }));
    expect((await buy()).status).toBe(201);
    expect((await make({ ...wanted, quantity: 3, override: ['limit'] })).status).toBe(201);
    await expectRefusal('CUSTOMER_LIMIT_REACHED', buy);
    const { body } = await expectRefusal('VALIDATION_FAILED', () => make({ product_id: id }));
    expect(body.errors).toEqual([{ field: 'customer_id', message: expect.stringContaining('limit') }]);
    expect((await make({ product_id: id, override: ['limit'] })).status).toBe(201);
  });

  it('never goes the stock: beside buyers, over two instances, exactly that is held', async () => {
    const { id } = await createProduct(service, { stock_total: 30 });
    const answers = await inParallel(80, (n) =>
      n % 2 === 0
        ? make(
            { product_id: id, override: ['window', 'limit'] },
            adminHeaders(service),
            n % 4 === 0 ? service : neighbour,
          )
        : neighbour.call('POST', '/api/holds', { product_id: id, quantity: 1 }),
    );
    expect(countByStatus(answers)).toEqual({ 201: 30, 409: 50 });
    await expectStockIdentity(id);
  });
});

describe('repeated with its key', () => {
  it('is one hold, for all operators together, and nobody’s but theirs', async () => {
    const { id } = await createProduct(service);
    const key = { 'idempotency-key': unique('key') };
    const wanted = { product_id: id, customer_id: 'c_42', expires_at: inSeconds(DAY) };
    const other = { ...keyHeaders(await createKey(service, ['orders'])), ...key };
    const made = taken<Hold>(await make(wanted, { ...adminHeaders(service), ...key }), 201);
    for (const at of [service, neighbour]) expect((await make(wanted, other, at)).body).toEqual(made);
    expectProblem(await make({ ...wanted, quantity: 2 }, other), 'IDEMPOTENCY_KEY_REUSED');
    const buyers = await neighbour.call('POST', '/api/holds', { product_id: id, quantity: 1 }, key);
    expect(taken<Hold>(buyers, 201).hold_id).not.toBe(made.hold_id);
    expect(await entriesOf(made.hold_id)).toHaveLength(1);
  });

  it('is the hold that was made, also once that has ended', async () => {
    const { id } = await createProduct(service);
    const headers = { ...adminHeaders(service), 'idempotency-key': unique('key') };
    const wanted = { product_id: id, expires_at: inSeconds(600) };
    const { hold_id } = taken<Hold>(await make(wanted, headers), 201);
    await expireHolds(hold_id);
    const clock = jest.spyOn(service.app.get(HoldsRepository, { strict: false }), 'readClock');
    clock.mockResolvedValue(inSeconds(601).replace('T', ' ').replace('Z', ''));
    const again = await make(wanted, headers);
    const [other, withoutKey] = [await make({ ...wanted, quantity: 2 }, headers), await make(wanted)];
    clock.mockRestore();
    expect(taken(again, 201)).toMatchObject({ hold_id, status: 'active' });
    expectProblem(other, 'IDEMPOTENCY_KEY_REUSED');
    expectProblem(withoutKey, 'VALIDATION_FAILED');
  });

  it.each(['reply', 'commit'] as const)('is one hold and one note also when a COMMIT loses its %s', async (loses) => {
    const proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    const cut = await startService({ ...proxy.env, ROLES: 'api' });
    const { id } = await createProduct(service);
    proxy.cutNextCommits(loses);
    const { hold_id } = taken<Hold>(await make({ product_id: id, quantity: 2 }, adminHeaders(cut), cut), 201);
    expect(proxy.cuts).toBe(1);
    expect(await entriesOf(hold_id)).toHaveLength(1);
    expect(await stockOf(id)).toMatchObject({ stock_held: 2 });
    const [row] = await query('SELECT extensions FROM holds WHERE id = UNHEX(?)', [hex(hold_id)]);
    expect(row).toEqual({ extensions: 255 });
    await cut.stop();
    await proxy.goAway();
  });
});
