import { beforeAll, describe, expect, it } from '@jest/globals';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { query } from '../support/database.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import { createProduct, hex, type Hold, noticeOf, notify, type Order, taken, unique } from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

const KEY = shopKey('HS256');
type Headers = Record<string, string>;

let service: Service;
let neighbour: Service;
let productId: number;
let owner: Headers;
let other: Headers;

beforeAll(async () => {
  const env = new KeyFile([KEY]).env('optional', { ROLES: 'api' });
  [service, neighbour] = await Promise.all([startService(env), startService(env)]);
  productId = (await createProduct(service, { stock_total: 1000 })).id;
  owner = bearer(await signedToken(KEY, { sub: 'c_42', limit_key: 'household-7' }));
  other = bearer(await signedToken(KEY, { sub: 'C_42', limit_key: 'household-7' }));
});

async function holdOf(headers: Headers = {}): Promise<string> {
  const answer = await service.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, headers);
  return taken<Hold>(answer, 201).hold_id;
}

const read = (id: string, headers: Headers = {}): Promise<Answer> =>
  neighbour.call('GET', `/api/holds/${id}`, undefined, headers);
const giveBack = (id: string, headers: Headers = {}): Promise<Answer> =>
  neighbour.call('DELETE', `/api/holds/${id}`, undefined, headers);
const order = (id: string, headers: Headers = {}): Promise<Answer> =>
  neighbour.call('POST', '/api/orders', { hold_id: id }, headers);

const ACTS = [
  ['read', read, 200],
  ['ordered', order, 201],
  ['given back', giveBack, 204],
] as const;

describe('a hold that was made with a token', () => {
  it.each(ACTS)('is %s by its buyer only; to all others there is none', async (_what, act, done) => {
    const id = await holdOf(owner);
    // The same household, a name that differs in case, and nobody in particular.
    for (const headers of [other, {}]) await expectRefusal('HOLD_NOT_FOUND', () => act(id, headers));
    expect((await act(id, owner)).status).toBe(done);
  });

  it('stays its buyer’s once it is an order', async () => {
    const id = await holdOf(owner);
    taken(await order(id, owner), 201);
    for (const [, act] of ACTS)
      for (const headers of [other, {}]) expectProblem(await act(id, headers), 'HOLD_NOT_FOUND');
    expect((await read(id, owner)).body).toMatchObject({ status: 'used', order: { status: 'pending_payment' } });
    expect((await giveBack(id, owner)).status).toBe(204);
  });

  it('is the buyer’s under a new token, too', async () => {
    const id = await holdOf(owner);
    expect((await read(id, bearer(await signedToken(KEY, { sub: 'c_42', groups: ['members'] })))).status).toBe(200);
  });

  it('is decided for each request of a batch: the buyer’s goes through beside those of strangers', async () => {
    const id = await holdOf(owner);
    const orders = await inParallel(30, (n) => order(id, n === 17 ? owner : other));
    expect(countByStatus(orders)).toEqual({ 201: 1, 404: 29 });
    const backs = await inParallel(30, (n) => giveBack(id, n === 17 ? owner : other));
    expect(countByStatus(backs)).toEqual({ 204: 1, 404: 29 });
    await expectStockIdentity(productId);
  });

  it('is paid whoever pays: the provider knows no buyers', async () => {
    const made = taken<Order>(await order(await holdOf(owner), owner), 201);
    expect((await notify(service, noticeOf(made))).body).toMatchObject({ order_status: 'paid' });
  });

  it('names its buyer in no answer', async () => {
    const id = await holdOf(owner);
    for (const answer of [await read(id, owner), await order(id, owner)]) {
      expect(answer.text).not.toMatch(/c_42|household/);
    }
  });
});

describe('an anonymous hold', () => {
  it.each(ACTS)('is %s by whoever knows its id, whatever token comes with it', async (_what, act, done) => {
    for (const headers of [{}, owner]) expect((await act(await holdOf(), headers)).status).toBe(done);
  });
});

describe('an Idempotency-Key', () => {
  const holdWith = (key: string, headers: Headers = {}, quantity = 1, at = service): Promise<Answer> =>
    at.call('POST', '/api/holds', { product_id: productId, quantity }, { ...headers, 'idempotency-key': key });

  it('is a key of its own for each buyer, and for nobody in particular', async () => {
    const key = unique('key');
    const ids = [];
    for (const headers of [owner, other, {}]) ids.push(taken<Hold>(await holdWith(key, headers), 201).hold_id);
    expect(new Set(ids).size).toBe(3);
    for (const [n, headers] of [owner, other, {}].entries()) {
      expect((await holdWith(key, headers, 1, neighbour)).body.hold_id).toBe(ids[n]);
      expectProblem(await holdWith(key, headers, 2, neighbour), 'IDEMPOTENCY_KEY_REUSED');
    }
  });

  it('gets its order for its buyer again', async () => {
    const id = await holdOf(owner);
    const headers = { ...owner, 'idempotency-key': unique('key') };
    const made = taken<Order>(await order(id, headers), 201);
    expect((await order(id, headers)).body).toEqual(made);
    expectProblem(await order(id, { ...headers, ...other }), 'HOLD_NOT_FOUND');
  });

  it('has one effect, however often a buyer sends it at once', async () => {
    const key = unique('key');
    const answers = await inParallel(40, (n) => holdWith(key, owner, 1, n % 2 === 0 ? service : neighbour));
    expect(countByStatus(answers)).toEqual({ 201: 40 });
    expect(new Set(answers.map(({ body }) => body.hold_id)).size).toBe(1);
  });

  it('stands in the table as it always did where it has no buyer, and says nothing of one that it has', async () => {
    const [plain, owned] = [unique('key'), unique('key')];
    const id = taken<Hold>(await holdWith(plain), 201).hold_id;
    taken(await holdWith(owned, owner), 201);
    const keyed = { 'idempotency-key': plain };
    taken(await order(id, keyed), 201);
    const kept = await query<{ scope: string; content: string }>(
      'SELECT scope, content FROM idempotency_keys WHERE idempotency_key = ? ORDER BY scope',
      [plain],
    );
    expect(kept).toEqual([
      { scope: 'holds', content: `${productId}:1` },
      { scope: 'orders', content: id },
    ]);
    const all = JSON.stringify(await query('SELECT idempotency_key, content FROM idempotency_keys'));
    expect(all).not.toContain(owned);
    expect(all).not.toContain('c_42');
  });
});

describe('the buyer of a hold', () => {
  it('stands on its row, exactly as the shop calls him', async () => {
    const [owned, plain] = [await holdOf(owner), await holdOf()];
    const buyerOf = (id: string) => query('SELECT customer_id FROM holds WHERE id = UNHEX(?)', [hex(id)]);
    expect(await buyerOf(owned)).toEqual([{ customer_id: 'c_42' }]);
    expect(await buyerOf(plain)).toEqual([{ customer_id: null }]);
  });
});
