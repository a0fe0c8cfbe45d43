import { beforeAll, describe, expect, it } from '@jest/globals';
import { OperatorSessions } from '../../src/access/operator-sessions.js';
import { ApiKeys } from '../../src/access/api-keys.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import { adminHeaders, createKey, keyHeaders, taken, unique } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** Two instances, one of them behind a proxy that it trusts. */
let service: Service;
let other: Service;
beforeAll(async () => {
  [service, other] = await Promise.all([
    startService({ CORS_ORIGINS: 'https://shop.example' }),
    startService({ TRUSTED_PROXIES: '127.0.0.1/32' }),
  ]);
});

const SESSION = '/api/admin/session';
const REFUNDS = '/api/admin/refunds';

/** What the browser sends with a call of the console's script. */
const OF_PAGE = { 'console-request': '1', 'sec-fetch-site': 'same-origin' };

const signIn = (headers: Record<string, string>, from = service): Promise<Answer> =>
  from.call('POST', SESSION, undefined, { ...OF_PAGE, ...headers });

/** `name=value` of the cookie of a sign-in, as the browser sends it back. */
async function cookieOf(headers = adminHeaders(service), from = service): Promise<string> {
  return taken201(await signIn(headers, from)).split(';')[0]!;
}

function taken201(answer: Answer): string {
  taken(answer, 201);
  return answer.headers.get('set-cookie')!;
}

const read = (cookie: string, headers: Record<string, string> = OF_PAGE, from = service): Promise<Answer> =>
  from.call('GET', REFUNDS, undefined, { cookie, ...headers });

const change = (cookie: string, headers: Record<string, string> = OF_PAGE): Promise<Answer> =>
  service.call('POST', '/api/admin/sales', { name: unique('sale') }, { cookie, ...headers });

describe('signing in', () => {
  it('gives a cookie that no script reads and no other site sends, for operators’ calls alone, for twelve hours', async () => {
    const answer = await signIn(keyHeaders(await createKey(service)));
    expect(taken201(answer)).toMatch(
      /^console_session=\d+_[\w-]{43}; Path=\/api\/admin; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    const lasts = new Date(String(answer.body.expires_at)).getTime() - Date.now();
    expect(Math.round(lasts / 3_600_000)).toBe(12);
    expect(answer.text).not.toMatch(/[\w-]{43}/);
  });

  it.each([
    ['the page came by https, whoever ended it', () => service, { origin: 'https://console.example' }],
    ['a trusted proxy says that it was https', () => other, { 'x-forwarded-proto': 'https' }],
  ])('makes it a secure one where %s', async (_where, from, headers) => {
    expect(taken201(await signIn({ ...adminHeaders(service), ...headers }, from()))).toMatch(/; Secure$/);
  });

  it('says who is signed in, with which scopes', async () => {
    const key = await createKey(service, ['read', 'sales']);
    const cookie = await cookieOf(keyHeaders(key));
    const me = await service.call('GET', SESSION, undefined, { cookie, ...OF_PAGE });
    expect(taken(me, 200)).toEqual({
      key_id: key.id,
      name: key.name,
      scopes: ['read', 'sales'],
      environment: 'test',
      expires_at: expect.stringMatching(/Z$/),
    });
    const root = await service.call('GET', SESSION, undefined, { cookie: await cookieOf(), ...OF_PAGE });
    expect(taken(root, 200)).toMatchObject({ key_id: null, name: 'root' });
    const bearer = await service.call('GET', SESSION, undefined, keyHeaders(key));
    expect(taken(bearer, 200)).toMatchObject({ name: key.name, expires_at: null });
  });

  it('with a wrong key is refused, and limited by address; who has a right one is let in', async () => {
    const guess = (n: number) =>
      signIn({ authorization: `Bearer guess-${n}`, 'x-forwarded-for': '203.0.113.9' }, other);
    const guesses = await Promise.all(Array.from({ length: 40 }, (_, n) => guess(n)));
    expect(countByStatus(guesses)).toEqual({ 401: 30, 429: 10 });
    for (const { headers } of guesses) expect(headers.get('set-cookie')).toBeNull();
    await cookieOf({ ...adminHeaders(service), 'x-forwarded-for': '203.0.113.9' }, other);
  });

  it('needs a key: no session begins another one, which would never end', async () => {
    expectProblem(await signIn({ cookie: await cookieOf() }), 'UNAUTHORIZED');
  });

  it('is asked for by the console alone: another site can sign nobody in as somebody else', async () => {
    const foreign: Record<string, string>[] = [{}, { ...OF_PAGE, 'sec-fetch-site': 'cross-site' }];
    for (const headers of foreign) {
      const answer = await service.call('POST', SESSION, undefined, { ...adminHeaders(service), ...headers });
      expectProblem(answer, 'CROSS_SITE_REQUEST');
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });

  it('is in the audit log, and so is signing out', async () => {
    const key = await createKey(service);
    const cookie = await cookieOf(keyHeaders(key));
    taken(await service.call('DELETE', SESSION, undefined, { cookie, ...OF_PAGE }), 204);
    const rows = await query<{ action: string; actor: string }>(
      'SELECT action, actor FROM audit_log WHERE key_id = ? ORDER BY id',
      [key.id],
    );
    expect(rows).toEqual(['session.begin', 'session.end'].map((action) => ({ action, actor: key.name })));
  });
});

describe('a session', () => {
  it('opens what its key opens, and nothing else; what it changes is told of its key', async () => {
    const key = await createKey(service, ['sales']);
    const cookie = await cookieOf(keyHeaders(key));
    taken(await change(cookie), 201);
    expectProblem(await read(cookie), 'SCOPE_MISSING');
    const [row] = await query<{ actor: string }>(
      "SELECT actor FROM audit_log WHERE key_id = ? AND action = 'sale.create'",
      [key.id],
    );
    expect(row).toEqual({ actor: key.name });
  });

  it('counts in every instance, and after a restart', async () => {
    const cookie = await cookieOf();
    const later = await startService();
    for (const from of [service, other, later]) expect((await read(cookie, OF_PAGE, from)).status).toBe(200);
    await later.stop();
  });

  it('ends with its key: here at once, elsewhere within a second', async () => {
    const key = await createKey(service);
    const cookie = await cookieOf(keyHeaders(key));
    for (const from of [service, other]) expect((await read(cookie, OF_PAGE, from)).status).toBe(200);
    taken(await service.call('DELETE', `/api/admin/keys/${key.id}`, undefined, adminHeaders(service)), 204);
    expectProblem(await read(cookie), 'UNAUTHORIZED');
    await eventually(async () => expectProblem(await read(cookie, OF_PAGE, other), 'UNAUTHORIZED'));
  });

  it('of the admin token ends where that is another one, or none', async () => {
    const cookie = await cookieOf();
    for (const ADMIN_TOKEN of ['another-token-of-32-characters-0123456789', '']) {
      const changed = await startService({ ADMIN_TOKEN, APP_ENV: 'test' });
      expectProblem(await read(cookie, OF_PAGE, changed), 'UNAUTHORIZED');
      await changed.stop();
    }
  });

  it('ends with signing out, also for who has a copy of the cookie: here at once, elsewhere within a second', async () => {
    const [cookie, another] = [await cookieOf(), await cookieOf()];
    for (const from of [service, other]) expect((await read(cookie, OF_PAGE, from)).status).toBe(200);
    const answer = await service.call('DELETE', SESSION, undefined, { cookie, ...OF_PAGE });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/^console_session=; Path=\/api\/admin; Max-Age=0;/);
    expectProblem(await read(cookie), 'UNAUTHORIZED');
    await eventually(async () => expectProblem(await read(cookie, OF_PAGE, other), 'UNAUTHORIZED'));
    expect((await read(another)).status).toBe(200);
  });

  it('ends at its time, and is deleted by the upkeep', async () => {
    const cookie = await cookieOf();
    const id = Number(/=(\d+)_/.exec(cookie)![1]);
    expect((await read(cookie)).status).toBe(200);
    await execute('UPDATE operator_sessions SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [id]);
    await eventually(async () => expectProblem(await read(cookie), 'UNAUTHORIZED'));
    await service.app.get(RetentionService).purge();
    expect(await query('SELECT id FROM operator_sessions WHERE id = ?', [id])).toEqual([]);
    expect((await read(await cookieOf())).status).toBe(200);
  });

  it('is kept as a digest alone, and stands in no line of the log', async () => {
    const fresh = await startService();
    const log = new LogCapture(fresh.config);
    const cookie = await cookieOf(adminHeaders(fresh), fresh);
    for (const sent of [cookie, `${cookie}x`]) await read(sent, OF_PAGE, fresh);
    await read(cookie, { 'sec-fetch-site': 'cross-site' }, fresh);
    await fresh.stop();
    const secret = /_([\w-]{43})$/.exec(cookie)![1]!;
    const rows = await query('SELECT HEX(secret_hash) AS text FROM operator_sessions');
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex').toUpperCase());
    expect(log.text).toContain('A call for operators came without a valid key');
    for (const text of [secret, String(service.config.adminToken)]) expect(log.text).not.toContain(text);
  });

  it('notes the use of its key, and a bearer beside it decides alone', async () => {
    const key = await createKey(service);
    const cookie = await cookieOf(keyHeaders(key));
    await eventually(async () => {
      const [row] = await query<{ used: unknown }>('SELECT last_used_at AS used FROM api_keys WHERE id = ?', [key.id]);
      expect(row!.used).not.toBeNull();
    });
    expectProblem(await read(cookie, { ...OF_PAGE, authorization: 'Bearer wrong' }), 'UNAUTHORIZED');
    expect((await read('console_session=1_wrong', { ...adminHeaders(service) })).status).toBe(200);
  });

  it.each([
    ['another secret', (cookie: string) => cookie.replace(/.{43}$/, 'A'.repeat(43))],
    ['another number', (cookie: string) => cookie.replace(/=\d+/, '=999999999')],
    ['a part of it', (cookie: string) => cookie.slice(0, -1)],
    ['more than it', (cookie: string) => `${cookie}A`],
    ['another name', (cookie: string) => cookie.replace('console', 'xconsole')],
    [
      'it and another of its name, as a neighbouring host can set one',
      (cookie: string) => `console_session=1_x; ${cookie}`,
    ],
    ['it before another of its name', (cookie: string) => `${cookie}; console_session=1_x`],
    ['SQL', () => "console_session=1_' OR 1=1 --"],
  ])('with %s in its place is none', async (_what, wrong) => {
    const cookie = await cookieOf();
    expect((await read(`theme=dark; ${cookie}; lang=de`)).status).toBe(200);
    expectProblem(await read(wrong(cookie)), 'UNAUTHORIZED');
  });

  it('is looked up once a second, however many calls it makes', async () => {
    const cookie = await cookieOf();
    const sessions = other.app.get(OperatorSessions);
    const token = cookie.split('=')[1]!;
    const looks = await Promise.all(Array.from({ length: 20 }, () => sessions.find(token)));
    expect(new Set(looks.map((look) => look?.session)).size).toBe(1);
    expect(await other.app.get(ApiKeys).findSignedIn(999_999_999)).toBeNull();
  });
});

describe('what another site has the operator’s browser send with the cookie', () => {
  const header = { 'console-request': '1' };
  const named = { ...header, host: 'console.example' };

  it.each<[string, () => Record<string, string>]>([
    ['no header of the console, as a form', () => ({ 'sec-fetch-site': 'same-origin', origin: service.url })],
    ['another site', () => ({ ...header, 'sec-fetch-site': 'cross-site' })],
    ['a neighbouring host', () => ({ ...header, 'sec-fetch-site': 'same-site' })],
    ['an address that was typed', () => ({ ...header, 'sec-fetch-site': 'none' })],
    ['another origin, of an old browser', () => ({ ...header, origin: 'https://evil.example' })],
    ['another port', () => ({ ...header, origin: 'http://127.0.0.1:1' })],
    ['a name that begins with ours', () => ({ ...named, origin: 'https://console.example.evil.example' })],
    ['no origin', () => header],
    ['an origin that is hidden', () => ({ ...header, origin: 'null' })],
    ['another site that says our origin', () => ({ ...header, 'sec-fetch-site': 'cross-site', origin: service.url })],
  ])('changes nothing by %s', async (_what, headers) => {
    const cookie = await cookieOf();
    const before = await query('SELECT COUNT(*) AS sales FROM sales');
    expectProblem(await change(cookie, headers()), 'CROSS_SITE_REQUEST');
    expectProblem(await service.call('DELETE', SESSION, undefined, { cookie, ...headers() }), 'CROSS_SITE_REQUEST');
    expect(await query('SELECT COUNT(*) AS sales FROM sales')).toEqual(before);
    expect((await read(cookie)).status).toBe(200);
  });

  it('is told from the console, whose browser says that it is the same origin, or what its origin is', async () => {
    const cookie = await cookieOf();
    taken(await change(cookie, { ...header, 'sec-fetch-site': 'same-origin' }), 201);
    taken(await change(cookie, { ...header, origin: service.url }), 201);
    taken(await change(cookie, { ...named, origin: 'https://console.example' }), 201);
  });

  it('reads nothing from another site; a link that was typed or kept does', async () => {
    const cookie = await cookieOf();
    for (const site of ['cross-site', 'same-site'])
      expectProblem(await read(cookie, { 'sec-fetch-site': site }), 'CROSS_SITE_REQUEST');
    expect((await read(cookie, { 'sec-fetch-site': 'none' })).status).toBe(200);
    const figures = await scrape(service);
    expect(
      figures.value('checkout_admin_refusals_total', { surface: 'api', reason: 'cross_site' }),
    ).toBeGreaterThanOrEqual(2);
  });

  it('goes by no cookie of an origin that CORS lets in', async () => {
    const origin = { origin: 'https://shop.example' };
    const asked = await service.call('OPTIONS', REFUNDS, undefined, {
      ...origin,
      'access-control-request-method': 'GET',
    });
    const answered = await service.call('GET', REFUNDS, undefined, { ...origin, ...adminHeaders(service) });
    for (const { headers } of [asked, answered]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin.origin);
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});
