import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeys } from '../../src/access/api-keys.js';
import { SCOPES } from '../../src/http/route-rules.js';
import { runCli } from '../support/cli.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, type ApiKey, createKey, keyHeaders, secretPart, taken } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let other: Service;
beforeAll(async () => {
  [service, other] = await Promise.all([startService(), startService()]);
});

const REFUNDS = '/api/admin/refunds';

const read = (key: string, from: Service = service): Promise<Answer> =>
  from.call('GET', REFUNDS, undefined, keyHeaders({ key }));

const make = (body: unknown, headers = adminHeaders(service)): Promise<Answer> =>
  service.call('POST', '/api/admin/keys', body, headers);

const revoke = (id: number, from: Service = service): Promise<Answer> =>
  from.call('DELETE', `/api/admin/keys/${id}`, undefined, adminHeaders(service));

async function listed(id: number): Promise<Record<string, unknown>> {
  const answer = await service.call(
    'GET',
    `/api/admin/keys?limit=1${id > 1 ? `&cursor=${id - 1}` : ''}`,
    undefined,
    adminHeaders(service),
  );
  return taken<{ items: Record<string, unknown>[] }>(answer, 200).items[0]!;
}

describe('an API key', () => {
  it('is shown once, and kept as the SHA-256 of its secret', async () => {
    const made = taken<ApiKey>(await make({ name: 'warehouse', scopes: ['products', 'read'] }), 201);
    expect(made).toMatchObject({
      name: 'warehouse',
      scopes: ['read', 'products'],
      last_used_at: null,
      revoked_at: null,
    });
    const [, id, secret] = /^fsk_(\d+)_([\w-]{43})$/.exec(made.key)!;
    expect(Number(id)).toBe(made.id);
    const { key: _key, ...rest } = made;
    expect(await listed(made.id)).toEqual(rest);
    const [row] = await query<Record<string, unknown>>('SELECT * FROM api_keys WHERE id = ?', [made.id]);
    expect(row!.secret_hash).toEqual(createHash('sha256').update(secret!).digest());
    const whole = await query('SELECT HEX(CONCAT_WS(0x20, name, scopes, secret_hash)) AS text FROM api_keys');
    expect(JSON.stringify(whole)).not.toContain(Buffer.from(secret!).toString('hex').toUpperCase());
  });

  it('counts in every instance from the moment at which its maker has it', async () => {
    for (let time = 0; time < 5; time++) {
      const { key } = await createKey(service);
      expect((await read(key, other)).status).toBe(200);
    }
  });

  it('ends here at once, and elsewhere within a second, when it is revoked', async () => {
    const { id, key } = await createKey(service);
    for (const from of [service, other]) expect((await read(key, from)).status).toBe(200);
    expect((await revoke(id)).status).toBe(204);
    expectProblem(await read(key), 'UNAUTHORIZED');
    await eventually(async () => expectProblem(await read(key, other), 'UNAUTHORIZED'));
    expect(await listed(id)).toMatchObject({ revoked_at: expect.stringMatching(/Z$/) });
    // Repeated, it stays as it was revoked.
    const first = await listed(id);
    expect((await revoke(id, other)).status).toBe(204);
    expect(await listed(id)).toEqual(first);
  });

  it('is looked up again by the first call after a second, and by none before', async () => {
    const { id, key } = await createKey(service);
    const keys = other.app.get(ApiKeys);
    const start = performance.now();
    expect(await keys.find(key)).toMatchObject({ keyId: id });
    await execute('UPDATE api_keys SET revoked_at = NOW(3) WHERE id = ?', [id]);
    await eventually(async () => expect(await keys.find(key)).toBeNull());
    // Believed for a second after the look, not less: that is what keeps calls from asking each time.
    expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
  });

  it.each([
    ['another secret', (key: string) => key.replace(/.{43}$/, 'A'.repeat(43))],
    ['another number', (key: string) => key.replace(/^fsk_\d+/, 'fsk_999999999')],
    ['a number that is none', (key: string) => key.replace(/^fsk_\d+/, 'fsk_0')],
    ['a number beyond all', (key: string) => key.replace(/^fsk_\d+/, 'fsk_99999999999999999999')],
    ['a part of it', (key: string) => key.slice(0, -1)],
    ['more than it', (key: string) => `${key}A`],
    ['a line after it', (key: string) => `${key} A`],
    ['its beginning', () => 'fsk_'],
    ['a very long one', (key: string) => key + 'A'.repeat(8000)],
    ['SQL', () => "fsk_1_' OR 1=1 --"],
  ])('with %s in its place is none', async (_what, wrong) => {
    const { key } = await createKey(service);
    // Of these the first is the right one, so that what is known of it is in memory.
    expect((await read(key)).status).toBe(200);
    expectProblem(await read(wrong(key)), 'UNAUTHORIZED');
  });

  it('gives to another key only what it has itself', async () => {
    const maker = keyHeaders(await createKey(service, ['keys', 'read']));
    const given = taken<ApiKey>(await make({ name: 'given', scopes: ['read', 'keys'] }, maker), 201);
    expect((await read(given.key)).status).toBe(200);
    for (const scope of SCOPES.filter((one) => one !== 'keys' && one !== 'read')) {
      const answer = await make({ name: 'more', scopes: ['read', scope] }, maker);
      expectProblem(answer, 'SCOPE_MISSING');
      expect(answer.body.scope).toBe(scope);
    }
  });

  it.each([
    ['no name', { scopes: ['read'] }],
    ['a name of blanks', { name: '  ', scopes: ['read'] }],
    ['a name with a line break', { name: 'a\nb', scopes: ['read'] }],
    ['a name that is too long', { name: 'a'.repeat(81), scopes: ['read'] }],
    ['no scope', { name: 'a', scopes: [] }],
    ['a scope twice', { name: 'a', scopes: ['read', 'read'] }],
    ['an unknown scope', { name: 'a', scopes: ['admin'] }],
    ['a scope that is no text', { name: 'a', scopes: [1] }],
    ['a text of scopes', { name: 'a', scopes: 'read' }],
    ['a key of its own choice', { name: 'a', scopes: ['read'], key: 'fsk_1_a' }],
  ])('is not made with %s', async (_what, body) => {
    expectProblem(await make(body), 'VALIDATION_FAILED');
  });

  it('is told as used to the minute, by the first of many calls through several instances', async () => {
    const { id, key } = await createKey(service);
    expect(await listed(id)).toMatchObject({ last_used_at: null });
    await Promise.all(Array.from({ length: 20 }, (_, n) => read(key, n % 2 === 0 ? service : other)));
    await eventually(async () => expect((await listed(id)).last_used_at).not.toBeNull());
    const first = (await listed(id)).last_used_at;
    for (const from of [service, other]) from.app.get(ApiKeys).forget(id);
    for (const from of [service, other]) await read(key, from);
    const later = await startService();
    expect((await read(key, later)).status).toBe(200);
    await later.stop();
    expect((await listed(id)).last_used_at).toBe(first);
    await execute('UPDATE api_keys SET last_used_at = last_used_at - INTERVAL 61 SECOND WHERE id = ?', [id]);
    const [{ was }] = (await query<{ was: string }>('SELECT last_used_at AS was FROM api_keys WHERE id = ?', [id])) as [
      { was: string },
    ];
    service.app.get(ApiKeys).forget(id);
    await read(key);
    await eventually(async () =>
      expect(await query('SELECT id FROM api_keys WHERE id = ? AND last_used_at > ?', [id, was])).toHaveLength(1),
    );
  });

  it('of somebody who does not know its secret is never told as used', async () => {
    const { id, key } = await createKey(service);
    expectProblem(await read(key.replace(/.{43}$/, 'A'.repeat(43))), 'UNAUTHORIZED');
    await service.app.get(ApiKeys).beforeApplicationShutdown();
    expect(await listed(id)).toMatchObject({ last_used_at: null });
  });

  it('is in no line of the log, be it right or wrong', async () => {
    const log = new LogCapture(service.config);
    const made = await createKey(service);
    const { key } = made;
    await read(key);
    await read(`${key}A`);
    await read(key.replace(/^fsk_\d+/, 'fsk_999999999'));
    await make({ name: key, scopes: ['no'] });
    expect(log.text).not.toContain(secretPart(made));
  });
});

describe('calls that were not let in', () => {
  it('are counted by their reason, and wrong keys are limited as wrong tokens are', async () => {
    const strict = await startService({ TRUSTED_PROXIES: '127.0.0.1/32' });
    const { key } = await createKey(service, ['sell']);
    const from = (address: string, bearer?: string): Promise<Answer> =>
      strict.call('GET', REFUNDS, undefined, {
        'x-forwarded-for': address,
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      });
    await from('203.0.113.1');
    await from('203.0.113.1', 'wrong');
    await from('203.0.113.1', 'fsk_1_wrong');
    await from('203.0.113.1', key);
    const figures = await scrape(strict);
    const count = (reason: string): number =>
      figures.value('checkout_admin_refusals_total', { surface: 'api', reason });
    expect({ token: count('token'), key: count('key'), scope: count('scope') }).toEqual({ token: 2, key: 1, scope: 1 });
    for (let time = 0; time < 40; time++) await from('203.0.113.2', `fsk_${time + 1}_${'A'.repeat(43)}`);
    expectProblem(await from('203.0.113.2', 'fsk_1_wrong'), 'RATE_LIMITED');
    // Who has a key is let in whatever others do from there.
    expect((await from('203.0.113.2', (await createKey(service)).key)).status).toBe(200);
    await strict.stop();
  });
});

describe('while the database is away', () => {
  let proxy: DatabaseProxy;
  let cutOff: Service;
  beforeAll(async () => {
    proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    cutOff = await startService(proxy.env);
  });
  afterAll(async () => {
    await cutOff.stop();
    await proxy.goAway();
  });

  it('a key is no wrong key: 503, and who sends none is told so without the database', async () => {
    const { key } = await createKey(service);
    await proxy.goAway();
    proxy.queries = [];
    expectProblem(await read(key, cutOff), 'UNAVAILABLE');
    expectProblem(await read(`fsk_1_${'A'.repeat(43)}`, cutOff), 'UNAVAILABLE');
    for (const headers of [{}, { authorization: 'Bearer wrong' }, keyHeaders({ key: 'fsk_malformed' })])
      expectProblem(await cutOff.call('GET', REFUNDS, undefined, headers), 'UNAUTHORIZED');
    await proxy.comeBack();
    await eventually(async () => expect((await read(key, cutOff)).status).toBe(200));
  });

  it('nobody is asked for a key where none was sent', async () => {
    expect((await read((await createKey(service)).key, cutOff)).status).toBe(200);
    expect(proxy.queries.some((sql) => sql.includes('api_keys'))).toBe(true);
    proxy.queries = [];
    await cutOff.call('GET', REFUNDS, undefined, adminHeaders(cutOff));
    await cutOff.call('GET', REFUNDS, undefined, { authorization: 'Bearer wrong' });
    await cutOff.call('GET', '/api/products', undefined, {});
    expect(proxy.queries.filter((sql) => sql.includes('api_keys'))).toEqual([]);
  });
});

describe('the commands', () => {
  it('make a key that opens what it may, list it, and revoke it', async () => {
    const made = await runCli(['keys:create', '--name', 'from the shell', '--scopes', 'read,products']);
    expect(made.code).toBe(0);
    const [key, id] = /^fsk_(\d+)_[\w-]{43}$/m.exec(made.output)!;
    expect((await read(key)).status).toBe(200);
    const list = await runCli(['keys:list']);
    expect(list.output).toMatch(new RegExp(`^${id} +from the shell .* read,products$`, 'm'));
    expect(list.output).not.toContain(key);
    expect(await runCli(['keys:revoke', id!])).toMatchObject({
      code: 0,
      output: expect.stringContaining('is revoked'),
    });
    await eventually(async () => expectProblem(await read(key), 'UNAUTHORIZED'));
  });

  it.each([
    [['keys:create', '--name', ' ', '--scopes', 'read'], /name must be a text/],
    [['keys:create', '--name', 'a', '--scopes', 'read,all'], /scopes must be one of/],
    [['keys:revoke', '999999999'], /There is no API key 999999999/],
  ])('say what is wrong: %j', async (args, what) => {
    const { code, output } = await runCli(args);
    expect(code).toBe(1);
    expect(output).toMatch(what);
  });
});
