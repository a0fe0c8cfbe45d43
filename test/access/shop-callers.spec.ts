import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SCOPES } from '../../src/http/route-rules.js';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectRefusal } from '../support/expectations.js';
import {
  adminHeaders,
  type ApiKey,
  createKey,
  createProduct,
  hex,
  type Hold,
  inSeconds,
  keyHeaders,
  type Order,
  secretPart,
  taken,
  unique,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { inParallel } from '../support/races.js';
import { emptyRedis } from '../support/redis.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** The shop's server, which makes the buyers' calls for its customers. Each call is made of the neighbour of who made the hold. */

const SHOP = shopKey('HS256');
type Headers = Record<string, string>;

/** Looks at no buyer's token. */
let service: Service;
/** Asks for one. */
let strict: Service;
let productId: number;
let seller: ApiKey;

beforeAll(async () => {
  [service, strict] = await Promise.all([
    startService({ ROLES: 'api', TRUSTED_PROXIES: '127.0.0.1/32' }),
    startService(new KeyFile([SHOP]).env('required', { ROLES: 'api', TRUSTED_PROXIES: '127.0.0.1/32' })),
  ]);
  productId = (await createProduct(service, { stock_total: 10_000 })).id;
  seller = await createKey(service, ['sell']);
});

const forCustomer = (customer: string, key: Pick<ApiKey, 'key'> = seller): Headers => ({
  ...keyHeaders(key),
  'on-behalf-of': customer,
});

const hold = (headers: Headers, at = service): Promise<Answer> =>
  at.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, headers);

const holdOf = async (headers: Headers): Promise<string> => taken<Hold>(await hold(headers), 201).hold_id;

const CALLS: Readonly<Record<string, (id: string, headers: Headers, at: Service) => Promise<Answer>>> = {
  hold: (_id, headers, at) => hold(headers, at),
  read: (id, headers, at) => at.call('GET', `/api/holds/${id}`, undefined, headers),
  extend: (id, headers, at) => at.call('POST', `/api/holds/${id}/extend`, undefined, headers),
  order: (id, headers, at) => at.call('POST', '/api/orders', { hold_id: id }, headers),
  'give back': (id, headers, at) => at.call('DELETE', `/api/holds/${id}`, undefined, headers),
};
const EACH = Object.entries(CALLS);
/** Those that speak of a hold that is there. */
const ON_A_HOLD = EACH.filter(([name]) => name !== 'hold');

/** An address of its own for each: thirty wrong keys a minute are all that one may send. */
let addresses = 0;
const elsewhere = (): Headers => ({ 'x-forwarded-for': `203.0.113.${++addresses}` });

describe.each(EACH)('the call to %s', (name, call) => {
  it.each([
    ['is wrong', ({ key }: ApiKey) => key.replace(/.{43}$/, 'A'.repeat(43))],
    ['is unknown', ({ key }: ApiKey) => key.replace(/^fsk_\d+/, 'fsk_999999999')],
    ['is malformed', () => 'fsk_'],
  ])('refuses a key that %s, whether buyers’ tokens count or not', async (_what, change) => {
    const id = await holdOf({});
    for (const at of [service, strict]) {
      for (const scheme of ['Bearer', 'bearer']) {
        const headers = { authorization: `${scheme} ${change(seller)}`, 'on-behalf-of': 'c_42', ...elsewhere() };
        const refused = await expectRefusal('UNAUTHORIZED', () => call(id, headers, at));
        expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    }
  });

  it('refuses a key that has other scopes only', async () => {
    const id = await holdOf({});
    const open: Partial<Record<string, string[]>> = { read: ['read', 'orders'], order: ['orders'] };
    const others = SCOPES.filter((scope) => scope !== 'sell' && !open[name]?.includes(scope));
    const headers = keyHeaders(await createKey(service, others));
    for (const at of [service, strict]) {
      const refused = await expectRefusal('SCOPE_MISSING', () => call(id, headers, at));
      expect(refused.body.scope).toBe('sell');
    }
  });

  it('refuses a malformed customer, and no customer with a limit key', async () => {
    const id = await holdOf({});
    const bad = [
      forCustomer('Ann Smith'),
      forCustomer(''),
      { ...keyHeaders(seller), 'buyer-limit-key': 'household-7' },
    ];
    for (const headers of bad) {
      const { body } = await expectRefusal('VALIDATION_FAILED', () => call(id, headers, strict));
      expect(body.errors).toEqual([{ field: 'on-behalf-of', message: expect.any(String) }]);
    }
  });

  it.each([
    ['a key with `sell`', () => forCustomer('c_42')],
    ['the admin token', () => ({ ...adminHeaders(service), 'on-behalf-of': 'c_42' })],
  ])('is made for a customer by who has %s', async (_who, headers) => {
    const id = await holdOf(forCustomer('c_42'));
    for (const scheme of ['Bearer', 'BEARER']) {
      const all: Headers = headers();
      const each = { ...all, authorization: all.authorization!.replace('Bearer', scheme) };
      expect((await call(id, each, strict)).status).toBeLessThan(300);
      if (name === 'order' || name === 'extend') break;
    }
  });
});

describe.each(ON_A_HOLD)('to %s a hold that was made for a customer', (_name, call) => {
  it('is up to that customer only, by token or key; to all others there is none', async () => {
    const id = await holdOf(forCustomer('c_42'));
    const plain = { ...elsewhere(), 'on-behalf-of': 'c_42' };
    const strangers = [
      [forCustomer('C_42'), service],
      [forCustomer('c_43'), strict],
      [keyHeaders(seller), strict],
      [{}, service],
      // Headers of whoever has no key are not believed.
      [plain, service],
      [{ ...plain, authorization: 'Bearer c_42' }, service],
      [{ ...plain, ...bearer(await signedToken(SHOP, { sub: 'c_43' })) }, strict],
    ] as const;
    for (const [headers, at] of strangers) await expectRefusal('HOLD_NOT_FOUND', () => call(id, headers, at));
    const own = { ...bearer(await signedToken(SHOP, { sub: 'c_42' })), 'on-behalf-of': 'c_43' };
    expect((await call(id, own, strict)).status).toBeLessThan(300);
  });
});

describe.each(ON_A_HOLD)('to %s a hold that a key made for nobody', (_name, call) => {
  it('is up to whoever knows its id', async () => {
    for (const headers of [keyHeaders(seller), forCustomer('c_43'), {}]) {
      const id = taken<Hold>(await hold(keyHeaders(seller), strict), 201).hold_id;
      expect((await call(id, headers, service)).status).toBeLessThan(300);
    }
  });
});

describe('a hold that was made for a customer', () => {
  it('has him on its row, and in no answer to a buyer or a shop', async () => {
    const made = await hold({ ...forCustomer('c_42'), 'buyer-limit-key': 'household-7', 'buyer-groups': 'members' });
    const id = taken<Hold>(made, 201).hold_id;
    expect(await query('SELECT customer_id FROM holds WHERE id = UNHEX(?)', [hex(id)])).toEqual([
      { customer_id: 'c_42' },
    ]);
    const seen = await CALLS.read!(id, forCustomer('c_42'), strict);
    for (const { text } of [made, seen]) expect(text).not.toMatch(/c_42|customer|household|members/);
  });

  it('is nobody’s where the headers came without a key', async () => {
    const id = await holdOf({ 'on-behalf-of': 'c_42', authorization: 'Bearer c_42' });
    expect(await query('SELECT customer_id FROM holds WHERE id = UNHEX(?)', [hex(id)])).toEqual([
      { customer_id: null },
    ]);
  });
});

describe('an operator', () => {
  it.each(['read', 'orders'])('with the scope `%s` reads any hold, and whose it is', async (scope) => {
    const reader = keyHeaders(await createKey(service, [scope]));
    for (const [made, owner] of [
      [forCustomer('c_42'), 'c_42'],
      [{}, null],
    ] as const) {
      const id = await holdOf(made);
      for (const headers of [reader, adminHeaders(service)]) {
        const { status, body } = await CALLS.read!(id, headers, strict);
        expect([status, body.customer_id]).toEqual([200, owner]);
      }
    }
  });

  it('is told by HEAD what he is told by GET', async () => {
    const reader = keyHeaders(await createKey(service, ['read']));
    const id = await holdOf(forCustomer('c_42'));
    for (const headers of [reader, adminHeaders(service), forCustomer('c_42'), forCustomer('c_43')]) {
      const { status } = await CALLS.read!(id, headers, strict);
      expect((await fetch(`${strict.url}/api/holds/${id}`, { method: 'HEAD', headers })).status).toBe(status);
    }
  });

  it('who acts for a customer sees what the customer sees', async () => {
    const all = await createKey(service, SCOPES);
    const id = await holdOf(forCustomer('c_42'));
    await expectRefusal('HOLD_NOT_FOUND', () => CALLS.read!(id, forCustomer('c_43', all), strict));
    const { status, body } = await CALLS.read!(id, forCustomer('c_42', all), strict);
    expect([status, 'customer_id' in body]).toEqual([200, false]);
    const reader = await createKey(service, ['read']);
    await expectRefusal('SCOPE_MISSING', () => CALLS.read!(id, forCustomer('c_42', reader), strict));
  });
});

describe('an Idempotency-Key', () => {
  const holdWith = (key: string, headers: Headers, at = service): Promise<Answer> =>
    hold({ ...headers, 'idempotency-key': key }, at);

  it('is the customer’s, whoever calls for him, the shop’s without one, and nobody’s', async () => {
    const key = unique('key');
    const second = await createKey(service, ['sell']);
    const token = bearer(await signedToken(SHOP, { sub: 'c_42', limit_key: 'household-7' }));
    const alike = [
      [forCustomer('c_42'), forCustomer('c_42', second), token, { ...adminHeaders(service), 'on-behalf-of': 'c_42' }],
      [forCustomer('c_43')],
      [keyHeaders(seller), keyHeaders(second), adminHeaders(service)],
      [{}],
    ];
    const ids = new Set<unknown>();
    for (const callers of alike) {
      const [first, ...others] = callers;
      const { hold_id } = taken<Hold>(await holdWith(key, first!), 201);
      ids.add(hold_id);
      for (const caller of others) expect((await holdWith(key, caller, strict)).body.hold_id).toBe(hold_id);
    }
    expect(ids.size).toBe(alike.length);
  });

  it('has one effect, however often two instances get it at once by key and by token', async () => {
    const key = unique('key');
    const token = bearer(await signedToken(SHOP, { sub: 'c_44' }));
    const answers = await inParallel(40, (n) =>
      n % 2 === 0 ? holdWith(key, forCustomer('c_44')) : holdWith(key, token, strict),
    );
    expect(countByStatus(answers)).toEqual({ 201: 40 });
    expect(new Set(answers.map(({ body }) => body.hold_id)).size).toBe(1);
  });

  it('of an operator who orders is none of the shop’s', async () => {
    const id = await holdOf(forCustomer('c_42'));
    const key = { 'idempotency-key': unique('key') };
    const operator = await createKey(service, ['orders']);
    taken<Order>(await CALLS.order!(id, { ...keyHeaders(operator), ...key }, service), 201);
    await expectRefusal('HOLD_NOT_FOUND', () => CALLS.order!(id, { ...keyHeaders(seller), ...key }, service));
    taken<Order>(await CALLS.order!(id, { ...keyHeaders(operator), ...key }, service), 201);
  });

  it('gets the order of a customer’s hold again', async () => {
    const id = await holdOf(forCustomer('c_42'));
    const headers = { ...forCustomer('c_42'), 'idempotency-key': unique('key') };
    const made = taken<Order>(await CALLS.order!(id, headers, service), 201);
    expect((await CALLS.order!(id, headers, strict)).body).toEqual(made);
  });
});

describe('a key with `sell`', () => {
  it('ends here at once and elsewhere within a second, when it is revoked', async () => {
    const key = await createKey(service, ['sell']);
    for (const at of [service, strict]) expect((await hold(forCustomer('c_42', key), at)).status).toBe(201);
    await service.call('DELETE', `/api/admin/keys/${key.id}`, undefined, adminHeaders(service));
    expectProblem(await hold({ ...forCustomer('c_42', key), ...elsewhere() }), 'UNAUTHORIZED');
    const from = elsewhere();
    await eventually(async () =>
      expectProblem(await hold({ ...forCustomer('c_42', key), ...from }, strict), 'UNAUTHORIZED'),
    );
  });

  it('sells where buyers need a token, also to nobody in particular', async () => {
    for (const headers of [keyHeaders(seller), forCustomer('c_42'), adminHeaders(service)])
      expect((await hold(headers, strict)).status).toBe(201);
    expectProblem(await hold({ 'on-behalf-of': 'c_42' }, strict), 'BUYER_TOKEN_REQUIRED');
  });

  it('is looked at before the body, and leaves nothing of itself or the customer in the log', async () => {
    const log = new LogCapture(service.config);
    const bad = (headers: Headers): Promise<Answer> => service.call('POST', '/api/holds', '{"product_id": ', headers);
    expectProblem(await bad({ authorization: `${keyHeaders(seller).authorization}A`, ...elsewhere() }), 'UNAUTHORIZED');
    expectProblem(await bad(forCustomer('c 42')), 'VALIDATION_FAILED');
    await bad({ ...forCustomer('c_42'), 'buyer-limit-key': 'household-7' });
    await hold(forCustomer('c_42'));
    expect(log.text).not.toContain(secretPart(seller));
    expect(log.text).not.toMatch(/c[_ ]42|household/);
  });
});

describe('a product with a limit', () => {
  const holdOfLimited = async (): Promise<(headers: Headers, at?: Service) => Promise<Answer>> => {
    const { id } = await createProduct(service, { stock_total: 1000, max_per_customer: 3 });
    return (headers, at = service) => at.call('POST', '/api/holds', { product_id: id, quantity: 1 }, headers);
  };

  it('is sold where no token counts, too: by a key, to a customer', async () => {
    const ask = await holdOfLimited();
    for (const nobody of [{}, bearer('c_42'), keyHeaders(seller), { 'on-behalf-of': 'c_42' }])
      expectProblem(await ask(nobody), 'BUYER_TOKEN_REQUIRED');
    expect((await ask(forCustomer('c_42'))).status).toBe(201);
  });

  it('gives a customer exactly that, by key and by token at once, over two instances', async () => {
    const ask = await holdOfLimited();
    const token = bearer(await signedToken(SHOP, { sub: 'c_42', limit_key: 'household-7' }));
    const key = { ...forCustomer('c_43'), 'buyer-limit-key': 'household-7' };
    const answers = await inParallel(50, (n) => (n % 2 === 0 ? ask(token, strict) : ask(key)));
    expect(countByStatus(answers)).toEqual({ 201: 3, 409: 47 });
  });
});

describe('the reference of an order', () => {
  it('is the shop’s where a key sent it', async () => {
    for (const [headers, by] of [
      [forCustomer('c_42'), 'shop'],
      [keyHeaders(seller), 'shop'],
      [{}, 'buyer'],
    ] as const) {
      const hold_id = await holdOf(headers);
      const made = await strict.call('POST', '/api/orders', { hold_id, reference: 'R-1' }, headers);
      expect(made.body).toMatchObject({ reference: 'R-1', reference_by: by });
    }
  });
});

describe('the limit of a key', () => {
  // All instances count together, and to them the tests are one client.
  beforeEach(emptyRedis);

  it('is its own, over all its customers: its address is not counted, nor is it by its address', async () => {
    const limits = { RATE_LIMIT_PER_MINUTE: '2', KEY_RATE_LIMIT_PER_MINUTE: '5' };
    const limited = await startService({ ...limits, ROLES: 'api' });
    const [first, second] = [await createKey(service, ['sell']), await createKey(service, ['sell'])];
    const answers = await inParallel(9, (n) => hold(forCustomer(`c_${n}`, first), limited));
    expect(countByStatus(answers)).toEqual({ 201: 5, 429: 4 });
    const told = answers.find(({ status }) => status === 429)!;
    expectProblem(told, 'RATE_LIMITED');
    expect([told.headers.get('ratelimit-limit'), Number(told.headers.get('retry-after')) <= 60]).toEqual(['5', true]);
    expect((await hold(keyHeaders(second), limited)).status).toBe(201);
    expect((await hold(adminHeaders(service), limited)).status).toBe(201);
    expect(countByStatus(await inParallel(4, () => hold({}, limited)))).toEqual({ 201: 2, 429: 2 });
    expect((await hold(keyHeaders(second), limited)).headers.get('ratelimit-remaining')).toBe('3');
    await limited.stop();
  });

  it.each([
    [{ RATE_LIMIT_PER_MINUTE: '2', KEY_RATE_LIMIT_PER_MINUTE: '0' }, { 201: 4 }, { 201: 2, 429: 2 }],
    [{ RATE_LIMIT_PER_MINUTE: '0', KEY_RATE_LIMIT_PER_MINUTE: '2' }, { 201: 2, 429: 2 }, { 201: 4 }],
  ])('can be off alone, as that of addresses can: %j', async (limits, ofKey, ofAddress) => {
    const limited = await startService({ ...limits, ROLES: 'api' });
    const key = await createKey(service, ['sell']);
    expect(countByStatus(await inParallel(4, () => hold(keyHeaders(key), limited)))).toEqual(ofKey);
    expect(countByStatus(await inParallel(4, () => hold({}, limited)))).toEqual(ofAddress);
    await limited.stop();
  });
});

describe('wrong keys', () => {
  it('are counted, and their address is told to wait, which keeps no right one out', async () => {
    const from = elsewhere();
    const wrong = { authorization: `Bearer fsk_1_${'A'.repeat(43)}`, ...from };
    const count = async (): Promise<number> =>
      (await scrape(strict)).value('checkout_admin_refusals_total', { surface: 'buyers', reason: 'key' });
    const before = await count();
    expect(countByStatus(await inParallel(40, () => hold(wrong, strict)))).toEqual({ 401: 30, 429: 10 });
    expect((await count()) - before).toBe(40);
    expect((await hold({ ...forCustomer('c_42'), ...from }, strict)).status).toBe(201);
  });
});

describe('whoever sends no Authorization', () => {
  it('costs no look at a key; who sends one costs one a second', async () => {
    const proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    const watched = await startService({ ...proxy.env, ROLES: 'api' });
    const looks = (): number => proxy.queries.filter((sql) => sql.includes('FROM api_keys')).length;
    const id = taken<Hold>(await hold({ 'on-behalf-of': 'c_42' }, watched), 201).hold_id;
    for (const [, call] of ON_A_HOLD) await call(id, { authorization: 'Bearer c_42' }, watched);
    expect(looks()).toBe(0);
    await inParallel(20, () => hold(forCustomer('c_42'), watched));
    expect(looks()).toBe(1);
    await proxy.goAway();
    // Nobody can say whose it is, nor that it is nobody's.
    const { key } = await createKey(service, ['sell']);
    expectProblem(await hold(forCustomer('c_42', { key }), watched), 'UNAVAILABLE');
    await proxy.comeBack();
    await watched.stop();
    await proxy.goAway();
  });
});

describe('a token of a buyer', () => {
  it('is a token still, and the admin token no buyer’s', async () => {
    const expired = bearer(await signedToken(SHOP, { exp: Math.floor(Date.parse(inSeconds(-40)) / 1000) }));
    expectProblem(await hold(expired, strict), 'BUYER_TOKEN_INVALID');
    expect((await hold(bearer(await signedToken(SHOP)), strict)).status).toBe(201);
  });
});
