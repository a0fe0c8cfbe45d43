import { beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bearer, forgedToken, inSeconds, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectRefusal } from '../support/expectations.js';
import { adminHeaders, createHold, createProduct, type Hold, taken, unique } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folders.js';

const SECRET = shopKey('HS256');
const RSA = shopKey('RS256');
const ELLIPTIC = shopKey('ES256');
const EDWARDS = shopKey('EdDSA');
const KEYS = [SECRET, RSA, ELLIPTIC, EDWARDS];
const TERMS = { BUYER_TOKEN_ISSUER: 'https://shop.example', BUYER_TOKEN_AUDIENCE: 'checkout' };
const CLAIMS = { sub: 'c_42', iss: TERMS.BUYER_TOKEN_ISSUER, aud: TERMS.BUYER_TOKEN_AUDIENCE };

let service: Service;
let productId: number;
beforeAll(async () => {
  service = await startService(new KeyFile(KEYS).env('optional', TERMS));
  productId = (await createProduct(service, { stock_total: 1000 })).id;
});

const hold = (to: Service, headers: Record<string, string> = {}): Promise<Answer> =>
  to.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, headers);

describe('a token of the shop', () => {
  it.each(KEYS.map((key) => [key.alg, key] as const))('signed by %s is taken', async (_alg, key) => {
    const headers = bearer(await signedToken(key, CLAIMS));
    const made = taken<Hold>(await hold(service, headers), 201);
    expect((await service.call('GET', `/api/holds/${made.hold_id}`, undefined, headers)).status).toBe(200);
  });

  it('is not needed where tokens are optional', async () => {
    expect((await hold(service)).status).toBe(201);
  });
});

const publicPem = createPublicKey(RSA.signWith as KeyObject).export({ type: 'spki', format: 'pem' }) as string;
const valid = { ...CLAIMS, exp: inSeconds(3600) };

/** What is wrong with a token, and a token of that kind. */
const BAD: readonly [what: string, token: () => string | Promise<string>][] = [
  ['is signed by a stranger', () => signedToken({ ...SECRET, signWith: shopKey('HS256').signWith }, CLAIMS)],
  ['names a key that there is not', () => signedToken(shopKey('HS256'), CLAIMS)],
  ['is not signed (alg: none)', () => forgedToken({ alg: 'none' }, valid, null)],
  ['is not signed, and names a key (alg: none)', () => forgedToken({ alg: 'none', kid: SECRET.kid }, valid, null)],
  ['takes a public key for a secret (HS256)', () => forgedToken({ alg: 'HS256', kid: RSA.kid }, valid, publicPem)],
  ['takes a public key for a secret, and names none', () => forgedToken({ alg: 'HS256' }, valid, publicPem)],
  ['brings a key of its own', () => forgedToken({ alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } }, valid, 'secret')],
  [
    'asks for what is not understood (crit)',
    () => forgedToken({ alg: 'HS256', crit: ['b64'], b64: false }, valid, 'x'),
  ],
  ['was changed', async () => changed(await signedToken(SECRET, CLAIMS))],
  ['has expired', () => signedToken(SECRET, { ...CLAIMS, exp: inSeconds(-40) })],
  ['never expires', () => signedToken(SECRET, { ...CLAIMS, exp: undefined as never })],
  ['is valid for over a day', () => signedToken(SECRET, { ...CLAIMS, exp: inSeconds(86_400 + 60) })],
  ['is not valid yet', () => signedToken(SECRET, { ...CLAIMS, nbf: inSeconds(60) })],
  ['is of another issuer', () => signedToken(SECRET, { ...CLAIMS, iss: 'https://other.example' })],
  ['is for somebody else', () => signedToken(SECRET, { ...CLAIMS, aud: 'newsletter' })],
  ['is oversized', () => signedToken(SECRET, { ...CLAIMS, note: 'x'.repeat(5000) })],
  ['names nobody', () => signedToken(SECRET, { ...CLAIMS, sub: undefined as never })],
  ['has a customer with a blank', () => signedToken(SECRET, { ...CLAIMS, sub: 'Ann Smith' })],
  ['has a customer of 129 characters', () => signedToken(SECRET, { ...CLAIMS, sub: 'c'.repeat(129) })],
  ['counts by what is no text', () => signedToken(SECRET, { ...CLAIMS, limit_key: 7 })],
  ['has groups that are no list', () => signedToken(SECRET, { ...CLAIMS, groups: 'members' })],
  ['is empty', () => ''],
  ['is no token at all', () => 'c_42'],
];

/** The same token for another customer. */
function changed(token: string): string {
  const [head, claims, signature] = token.split('.');
  const other = { ...(JSON.parse(Buffer.from(claims!, 'base64url').toString()) as object), sub: 'c_1' };
  return [head, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
}

describe('a token that', () => {
  it.each(BAD)('%s is refused, and never anonymous', async (_what, make) => {
    const answer = await expectRefusal('BUYER_TOKEN_INVALID', async () => hold(service, bearer(await make())));
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('is not valid is refused by each call of a buyer, before the body is looked at', async () => {
    const { hold_id } = await createHold(service, { product_id: productId });
    const calls = [
      ['POST', '/api/holds', {}],
      ['POST', '/api/orders', {}],
      ['GET', `/api/holds/${hold_id}`, undefined],
      ['DELETE', `/api/holds/${hold_id}`, undefined],
    ] as const;
    for (const [method, path, body] of calls) {
      expectProblem(await service.call(method, path, body, bearer('c_42')), 'BUYER_TOKEN_INVALID');
    }
    expect((await service.call('GET', `/api/products/${productId}`, undefined, bearer('c_42'))).status).toBe(200);
  });

  it('is good or bad leaves nothing of itself in the log', async () => {
    const log = new LogCapture(service.config);
    const tokens = [await signedToken(SECRET, CLAIMS), ...(await Promise.all(BAD.map(async ([, make]) => make())))];
    for (const token of tokens) await hold(service, { ...bearer(token), 'x-request-id': unique('token') });
    await service.call('POST', '/api/holds', '{"product_id": ', bearer(tokens[0]!));
    for (const part of tokens.flatMap((token) => token.split('.')).filter(({ length }) => length > 8)) {
      expect(log.text).not.toContain(part);
    }
    expect(log.text).not.toContain('c_42');
  });
});

describe('who has the admin token', () => {
  it('may make the calls of buyers, too', async () => {
    const strict = await startService(new KeyFile(KEYS).env('required'));
    expect((await hold(strict, adminHeaders(strict))).status).toBe(201);
  });
});

describe('BUYER_TOKENS', () => {
  it('required: asks for a token to hold, and for none by the hold that there is', async () => {
    const strict = await startService(new KeyFile(KEYS).env('required'));
    const refused = await expectRefusal('BUYER_TOKEN_REQUIRED', () => hold(strict));
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect((await hold(strict, bearer(await signedToken(SECRET)))).status).toBe(201);
    const { hold_id } = await createHold(service, { product_id: productId });
    expect((await strict.call('GET', `/api/holds/${hold_id}`)).status).toBe(200);
    expect((await strict.call('POST', '/api/orders', { hold_id })).status).toBe(201);
    expect((await strict.call('DELETE', `/api/holds/${hold_id}`)).status).toBe(204);
  });

  it('required: gives a repeated key of before what it made, and asks nothing', async () => {
    const strict = await startService(new KeyFile(KEYS).env('required'));
    const keyed = { 'idempotency-key': unique('key') };
    const made = taken<Hold>(await hold(service, keyed), 201);
    expect((await strict.call('DELETE', `/api/holds/${made.hold_id}`)).status).toBe(204);
    expect(taken<Hold>(await hold(strict, keyed), 201)).toMatchObject({ hold_id: made.hold_id, status: 'active' });
    const other = strict.call('POST', '/api/holds', { product_id: productId, quantity: 2 }, keyed);
    expectProblem(await other, 'IDEMPOTENCY_KEY_REUSED');
    await expectRefusal('BUYER_TOKEN_REQUIRED', () => hold(strict, { 'idempotency-key': unique('key') }));
  });

  it('off: looks at no token, and needs no keys', async () => {
    const open = await startService();
    for (const authorization of ['Bearer c_42', 'Basic YTpi', '']) {
      expect((await hold(open, { authorization })).status).toBe(201);
    }
  });

  it.each(['optional', 'required'])('%s does not start without keys', async (tokens) => {
    await expect(startService({ BUYER_TOKENS: tokens })).rejects.toThrow('BUYER_TOKEN_JWKS_FILE is not set');
    const file = { BUYER_TOKENS: tokens, BUYER_TOKEN_JWKS_FILE: '/nowhere/keys.json' };
    await expect(startService(file)).rejects.toThrow('BUYER_TOKEN_JWKS_FILE names a file that can not be read');
  });
});

describe('the keys of the shop', () => {
  it('change without a gap: a new one counts beside the old one, and an old one no more once it is gone', async () => {
    const [old, young] = [shopKey('ES256'), shopKey('EdDSA')];
    const file = new KeyFile([old]);
    const rotating = await startService(file.env('optional'));
    const [before, after] = [bearer(await signedToken(old)), bearer(await signedToken(young))];
    expect((await hold(rotating, before)).status).toBe(201);
    expectProblem(await hold(rotating, after), 'BUYER_TOKEN_INVALID');

    file.write([old, young]);
    await eventually(async () => expect((await hold(rotating, after)).status).toBe(201));
    expect((await hold(rotating, before)).status).toBe(201);

    // Also of a token that was verified before and is remembered.
    file.write([young]);
    await eventually(async () => expect((await hold(rotating, before)).status).toBe(401));
    expect((await hold(rotating, after)).status).toBe(201);
  });

  it('stay as they were while their file is broken, which the log says once', async () => {
    const [old, young] = [shopKey('HS256'), shopKey('HS256')];
    const file = new KeyFile([old]);
    const broken = await startService(file.env('optional'));
    const log = new LogCapture(service.config);
    const said = (): unknown[] => log.lines.filter(({ context }) => context === 'BuyerKeys').map(({ msg }) => msg);
    file.writeText('{"keys": [{"k": "c2VjcmV0LXNlY3JldA');
    await eventually(() => expect(said()).toHaveLength(1));
    expect(said()[0]).toMatch(/^BUYER_TOKEN_JWKS_FILE .*; the keys read before stay valid$/);
    expect((await hold(broken, bearer(await signedToken(old)))).status).toBe(201);

    file.writeText('{"keys": []}');
    file.write([young]);
    await eventually(async () => expect((await hold(broken, bearer(await signedToken(young)))).status).toBe(201));
    expect(said()).toEqual([expect.anything(), "The keys of buyers' tokens were read again"]);
    expect(log.text).not.toContain('c2VjcmV0');
  });
});

describe('buyers:token', () => {
  it('makes a token for trials, and the key of it, which the service takes', async () => {
    const path = join(temporaryFolder('buyer-keys'), 'trial.json');
    const env = { BUYER_TOKEN_JWKS_FILE: path, ...TERMS };
    const args = ['buyers:token', '--customer', 'c_42', '--limit-key', 'household-7', '--groups', 'members,press'];
    const first = await runCli(args, env);
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining(`A key was made, in ${path}.`) });
    const second = await runCli([...args, '--ttl', '60'], { ...env, BUYER_TOKENS: 'optional' });
    expect(second.code).toBe(0);
    const trial = await startService({ ...env, BUYER_TOKENS: 'required' });
    for (const { output } of [first, second]) {
      const [token] = /^ey[\w-]+\.[\w-]+\.[\w-]+$/m.exec(output)!;
      expect((await hold(trial, bearer(token))).status).toBe(201);
    }
  });

  it('makes none in production, and none that the service would refuse', async () => {
    const path = join(temporaryFolder('buyer-keys'), 'trial.json');
    const env = { BUYER_TOKEN_JWKS_FILE: path };
    const production = { ...env, APP_ENV: 'production', WEBHOOK_SECRETS: 'a-secret', ADMIN_TOKEN: '' };
    const args = ['buyers:token', '--customer', 'c_42'];
    const tries = [
      [args, production, /In production only the shop/],
      [args, {}, /BUYER_TOKEN_JWKS_FILE=/],
      [['buyers:token', '--customer', 'Ann Smith'], env, /claim "sub"/],
      [[...args, '--ttl', '86401'], env, /86400 seconds at most/],
    ] as const;
    for (const [words, variables, reason] of tries) {
      const { code, output } = await runCli(words, variables);
      expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(reason) });
    }
    expect(existsSync(path)).toBe(false);
  });
});
