import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RetentionService } from '../../src/operations/retention.service.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { countRows, execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createProduct,
  expireHolds,
  giveBack,
  noticeOf,
  notify,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let proxy: DatabaseProxy;
let service: Service;
let neighbour: Service;
/** Its connections to the database can be cut in the middle of a COMMIT. */
let fragile: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  [service, neighbour, fragile] = await Promise.all([
    startService({ ROLES: 'api' }),
    startService({ ROLES: 'api' }),
    startService({ ROLES: 'api', ...proxy.env }),
  ]);
});

afterAll(async () => {
  await fragile.stop();
  await proxy.goAway();
});

interface Creation {
  readonly path: string;
  readonly body: Record<string, unknown>;
  /** A body that asks for something else, and could have it. */
  readonly otherBody: Record<string, unknown>;
  readonly productId: number;
}

/** Each call that takes the header, with something that it can make. */
const CREATIONS: { name: string; prepare: () => Promise<Creation>; table: string }[] = [
  {
    name: 'POST /api/holds',
    table: 'holds',
    prepare: async () => {
      const { id } = await createProduct(service);
      const body = { product_id: id, quantity: 2 };
      return { path: '/api/holds', body, otherBody: { ...body, quantity: 1 }, productId: id };
    },
  },
  {
    name: 'POST /api/orders',
    table: 'orders',
    prepare: async () => {
      const [hold, other] = [await createHold(service), await createHold(service)];
      return {
        path: '/api/orders',
        body: { hold_id: hold.hold_id },
        otherBody: { hold_id: other.hold_id },
        productId: hold.product_id,
      };
    },
  },
];

function send({ path, body }: Pick<Creation, 'path' | 'body'>, key: string, at = service): Promise<Answer> {
  return at.call('POST', path, body, { 'idempotency-key': key });
}

async function storedKeys(key: string): Promise<number> {
  const rows = await query('SELECT 1 FROM idempotency_keys WHERE idempotency_key = ?', [key]);
  return rows.length;
}

describe.each(CREATIONS)('$name with an Idempotency-Key', ({ prepare, table }) => {
  const countMade = async (): Promise<number> => (await countRows())[table]!;

  it('gives the same request the same answer, and makes nothing twice', async () => {
    const [creation, key] = [await prepare(), unique('key')];
    const first = await send(creation, key);
    expect(first.status).toBe(201);
    const made = await countMade();
    for (const at of [service, neighbour, fragile]) {
      const again = await send(creation, key, at);
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await countMade()).toBe(made);
    expect(await storedKeys(key)).toBe(1);
    await expectStockIdentity(creation.productId);
  });

  it.each([
    ['in one instance', 1],
    ['in two instances', 2],
  ])('makes one of 50 at once %s, and gives 50 equal answers', async (_, instances) => {
    const [creation, key, made] = [await prepare(), unique('key'), await countMade()];
    const answers = await inParallel(50, (n) => send(creation, key, n % instances === 0 ? service : neighbour));
    expect(countByStatus(answers)).toEqual({ 201: 50 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await countMade()).toBe(made + 1);
    expect(await storedKeys(key)).toBe(1);
    await expectStockIdentity(creation.productId);
  });

  it('gives the first answer also after a restart', async () => {
    const [creation, key] = [await prepare(), unique('key')];
    const before = await startService({ ROLES: 'api' });
    const first = taken(await send(creation, key, before), 201);
    await before.stop();
    const after = await startService({ ROLES: 'api' });
    expect(taken(await send(creation, key, after), 201)).toEqual(first);
    await after.stop();
  });

  it('gives the first answer to a client whose connection broke before it came', async () => {
    const [creation, key, made] = [await prepare(), unique('key'), await countMade()];
    await sendAndHangUp(creation, key);
    await eventually(async () => expect(await storedKeys(key)).toBe(1));
    taken(await send(creation, key), 201);
    expect(await countMade()).toBe(made + 1);
    await expectStockIdentity(creation.productId);
  });

  it.each(['reply', 'commit'] as const)('makes one when the %s of COMMIT is lost', async (loses) => {
    const [creation, key, made] = [await prepare(), unique('key'), await countMade()];
    proxy.cutNextCommits(loses, 1);
    const first = taken(await send(creation, key, fragile), 201);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(taken(await send(creation, key, fragile), 201)).toEqual(first);
    expect(await countMade()).toBe(made + 1);
    expect(await storedKeys(key)).toBe(1);
    await expectStockIdentity(creation.productId);
  });

  it('refuses the key for another request, and makes nothing', async () => {
    const [creation, key] = [await prepare(), unique('key')];
    taken(await send(creation, key), 201);
    const rows = await countRows();
    const other = { path: creation.path, body: creation.otherBody };
    for (const at of [service, neighbour]) expectProblem(await send(other, key, at), 'IDEMPOTENCY_KEY_REUSED');
    expect(await countRows()).toEqual(rows);
    taken(await send(other, unique('key')), 201);
    await expectStockIdentity(creation.productId);
  });

  it('lets one of two requests have a key that both come with at once', async () => {
    for (const at of [service, neighbour]) {
      const [creation, key] = [await prepare(), unique('key')];
      const answers = await Promise.all([
        send(creation, key),
        send({ path: creation.path, body: creation.otherBody }, key, at),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
      expect(await storedKeys(key)).toBe(1);
      await expectStockIdentity(creation.productId);
    }
  });

  it.each([
    ['of 256 characters', 'x'.repeat(256)],
    ['with a blank', 'two words'],
    ['with a letter that is not ASCII', 'schlüssel'],
    ['that is empty', ''],
  ])('refuses a key %s', async (_, key) => {
    const creation = await prepare();
    const rows = await countRows();
    expectProblem(await send(creation, key), 'VALIDATION_FAILED');
    expect(await countRows()).toEqual(rows);
  });

  it('refuses a key that others may come upon too, and says from which length on it is taken', async () => {
    const creation = await prepare();
    const rows = await countRows();
    const [short, long] = [unique('').slice(1, 16), unique('').slice(1, 17)];
    const answer = await send(creation, short);
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.detail).toMatch(/idempotency-key must be 16 to 255 visible ASCII characters/);
    expect(await countRows()).toEqual(rows);
    taken(await send(creation, long), 201);
  });

  it('takes a key of 255 characters, and tells keys apart that differ only in case', async () => {
    const base = unique('key').padEnd(255, 'x');
    const [one, other] = [await prepare(), await prepare()];
    const first = taken<object>(await send(one, base), 201);
    expect(taken(await send(other, base.toUpperCase()), 201)).not.toEqual(first);
    expect(taken(await send(one, base), 201)).toEqual(first);
  });

  it('keeps no key without one', async () => {
    const { idempotency_keys: before } = await countRows();
    const { path, body } = await prepare();
    taken(await service.call('POST', path, body), 201);
    expect((await countRows()).idempotency_keys).toBe(before);
  });

  it('keeps a key for a day, and then no longer', async () => {
    const [creation, fresh, old] = [await prepare(), unique('key'), unique('key')];
    taken(await send(creation, fresh), 201);
    taken(await send({ path: creation.path, body: creation.otherBody }, old), 201);
    const age = 'UPDATE idempotency_keys SET created_at = NOW(3) - INTERVAL ? MINUTE WHERE idempotency_key = ?';
    await execute(age, [23 * 60, fresh]);
    await execute(age, [24 * 60 + 1, old]);
    expect(await service.app.get(RetentionService).purge()).toMatchObject({ keys: 1 });
    expect([await storedKeys(fresh), await storedKeys(old)]).toEqual([1, 0]);
  });
});

/** Sends the request and closes the connection before the answer can come. */
function sendAndHangUp({ path, body }: Creation, key: string): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
    });
    request.on('error', () => undefined);
    request.end(JSON.stringify(body), () => setImmediate(() => resolve(void request.destroy())));
  });
}

describe('a hold that is asked for again', () => {
  it('is told as it was made, whatever became of it', async () => {
    const { id } = await createProduct(service);
    const creation = { path: '/api/holds', body: { product_id: id, quantity: 1 } };
    const keys = [unique('used'), unique('given-back'), unique('expired')];
    const holds = [];
    for (const key of keys) holds.push(taken<{ hold_id: string }>(await send(creation, key), 201));
    taken(await requestOrder(service, holds[0]!.hold_id), 201);
    await giveBack(service, holds[1]!.hold_id);
    await expireHolds(holds[2]!.hold_id);
    const again = [];
    for (const key of keys) again.push(taken<Record<string, unknown>>(await send(creation, key), 201));
    expect(again.slice(0, 2)).toEqual(holds.slice(0, 2));
    expect(again[2]).toMatchObject({ hold_id: holds[2]!.hold_id, status: 'active' });
    await expectStockIdentity(id);
  });

  it('may be written with the other name of the quantity', async () => {
    const { id } = await createProduct(service);
    const key = unique('key');
    const first = await send({ path: '/api/holds', body: { product_id: id, quantity: 2 } }, key);
    const again = await send({ path: '/api/holds', body: { qty: 2, product_id: id } }, key);
    expect(again.text).toBe(first.text);
  });

  it('is decided anew when it was refused: only what was made is remembered', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const other = await createHold(service, { product_id: id });
    const [creation, key] = [{ path: '/api/holds', body: { product_id: id, quantity: 1 } }, unique('key')];
    const answers = await inParallel(5, () => send(creation, key));
    for (const answer of answers) expectProblem(answer, 'INSUFFICIENT_STOCK');
    expect(await storedKeys(key)).toBe(0);
    await giveBack(service, other.hold_id);
    taken(await send(creation, key), 201);
    await expectStockIdentity(id);
  });

  it('shares its transaction with others: keyed and keyless requests are granted exactly what there is', async () => {
    const { id } = await createProduct(service, { stock_total: 30 });
    const creation = { path: '/api/holds', body: { product_id: id, quantity: 1 } };
    const keys = Array.from({ length: 20 }, () => unique('key'));
    const answers = await inParallel(60, (n) =>
      n % 3 === 0 ? service.call('POST', creation.path, creation.body) : send(creation, keys[n % 20]!),
    );
    const holds = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.hold_id));
    expect(holds.size).toBe(30);
    expect(await stockOf(id)).toMatchObject({ stock_held: 30, available: 0 });
    await expectStockIdentity(id);
  });
});

describe('an order that is asked for again', () => {
  it('is told as it was made, also when it is paid by now', async () => {
    const hold = await createHold(service);
    const [creation, key] = [{ path: '/api/orders', body: { hold_id: hold.hold_id } }, unique('key')];
    const order = taken<{ order_id: number; status: string }>(await send(creation, key), 201);
    await notify(service, noticeOf(order));
    expect(taken(await send(creation, key), 201)).toEqual(order);
    expectProblem(await send(creation, unique('key')), 'HOLD_ALREADY_USED');
    expectProblem(await requestOrder(service, hold.hold_id), 'HOLD_ALREADY_USED');
  });

  it('does not keep a key that came second, nor use a hold for a key that is spent', async () => {
    const [hold, other] = [await createHold(service), await createHold(service)];
    const [first, second] = [unique('key'), unique('key')];
    const creation = { path: '/api/orders', body: { hold_id: hold.hold_id } };
    taken(await send(creation, first), 201);
    expectProblem(await send(creation, second), 'HOLD_ALREADY_USED');
    expect(await storedKeys(second)).toBe(0);
    expectProblem(
      await send({ path: '/api/orders', body: { hold_id: other.hold_id } }, first),
      'IDEMPOTENCY_KEY_REUSED',
    );
    taken(await requestOrder(service, other.hold_id), 201);
  });

  it('may have the key of a hold: they are two calls', async () => {
    const { id } = await createProduct(service);
    const key = unique('key');
    const hold = taken<{ hold_id: string }>(
      await send({ path: '/api/holds', body: { product_id: id, quantity: 1 } }, key),
      201,
    );
    taken(await send({ path: '/api/orders', body: { hold_id: hold.hold_id } }, key), 201);
    expect(await storedKeys(key)).toBe(2);
  });

  it('may have the key of a hold that is asked for at the same moment', async () => {
    const { product_id, hold_id } = await createHold(service);
    const key = unique('key');
    const [hold, order] = await Promise.all([
      send({ path: '/api/holds', body: { product_id, quantity: 1 } }, key),
      send({ path: '/api/orders', body: { hold_id } }, key),
    ]);
    expect([taken(hold, 201), taken(order, 201)]).toMatchObject([{ product_id, quantity: 1 }, { hold_id }]);
    expect(await storedKeys(key)).toBe(2);
  });
});
