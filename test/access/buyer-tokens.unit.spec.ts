import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { KeyObject } from 'node:crypto';
import { BuyerTokenInvalidError } from '../../src/access/access.errors.js';
import { BuyerKeys } from '../../src/access/buyer-keys.js';
import { BuyerTokens } from '../../src/access/buyer-tokens.js';
import { ExpiringCache } from '../../src/access/expiring-cache.js';
import { loadConfig } from '../../src/config/config.js';
import { inSeconds, KeyFile, type ShopKey, shopKey, signedToken } from '../support/buyers.js';
import { removeTemporaryFolders } from '../support/temporary-folders.js';

const KEYS = (['HS256', 'RS256', 'ES256', 'EdDSA'] as const).map(shopKey);
const [HS256] = KEYS as [ShopKey];

const open: BuyerKeys[] = [];
afterEach(() => {
  for (const keys of open.splice(0)) keys.onModuleDestroy();
});

afterAll(removeTemporaryFolders);

async function tokensOf(file: KeyFile, more: Record<string, string> = {}): Promise<BuyerTokens> {
  const config = loadConfig({ DB_HOST: 'x', REDIS_HOST: 'x', ...file.env('optional', more) });
  const keys = new BuyerKeys(config);
  open.push(keys);
  await keys.load();
  return new BuyerTokens(config, keys);
}

const identify = async (tokens: BuyerTokens, token: string) => tokens.identify(`Bearer ${token}`);

describe('a token of the shop', () => {
  it.each(KEYS.map((key) => [key.alg, key] as const))('signed by %s names its buyer', async (_alg, key) => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const claims = { sub: 'c_42', limit_key: 'household-7', groups: ['members', 'press'] };
    expect(await identify(tokens, await signedToken(key, claims))).toEqual({
      customerId: 'c_42',
      limitKey: 'household-7',
      groups: ['members', 'press'],
    });
  });

  it('counts by its customer, in no group, where it says no more', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const buyer = await identify(tokens, await signedToken(HS256, { sub: 'c_43' }));
    expect(buyer).toEqual({ customerId: 'c_43', limitKey: 'c_43', groups: [] });
  });

  it('is taken until thirty seconds past its end, and from thirty before its begin: clocks differ', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const late = await signedToken(HS256, { exp: inSeconds(-5) });
    expect(await identify(tokens, late)).toMatchObject({ customerId: 'c_42' });
    const early = await signedToken(HS256, { nbf: inSeconds(25) });
    expect(await identify(tokens, early)).toMatchObject({ customerId: 'c_42' });
  });

  it('is verified once, and then known at once, in either case of the word before it', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const token = await signedToken(shopKeyOf('ES256'));
    const first = tokens.identify(`Bearer ${token}`);
    expect(first).toBeInstanceOf(Promise);
    const buyer = await first;
    expect(tokens.identify(`Bearer ${token}`)).toBe(buyer);
    expect(tokens.identify(`bearer ${token}`)).toBe(buyer);
  });

  it('is known no longer than it is valid', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const token = await signedToken(HS256, { exp: inSeconds(600) });
    await identify(tokens, token);
    const clock = jest.spyOn(Date, 'now').mockReturnValue((inSeconds(0) + 601) * 1000);
    expect(tokens.identify(`Bearer ${token}`)).toBeInstanceOf(Promise);
    clock.mockRestore();
  });

  it('must be of the issuer and for the audience that are set', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS), { BUYER_TOKEN_ISSUER: 'shop', BUYER_TOKEN_AUDIENCE: 'checkout' });
    const right = await signedToken(HS256, { iss: 'shop', aud: ['app', 'checkout'] });
    expect(await identify(tokens, right)).toMatchObject({ customerId: 'c_42' });
    for (const claims of [{ iss: 'shop' }, { aud: 'checkout' }, { iss: 'other', aud: 'checkout' }]) {
      await expect(identify(tokens, await signedToken(HS256, claims))).rejects.toThrow(BuyerTokenInvalidError);
    }
  });
});

function shopKeyOf(alg: ShopKey['alg']): ShopKey {
  return KEYS.find((key) => key.alg === alg)!;
}

describe('what is no token', () => {
  it('is refused as such, whatever it is, and never fails in another way', async () => {
    const tokens = await tokensOf(new KeyFile(KEYS));
    const real = (await signedToken(HS256)).split('.');
    const part = fc.oneof(
      fc.constantFrom(...real),
      fc.base64String(),
      fc.string({ maxLength: 40 }),
      fc.json().map(encoded),
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        fc.pre(token !== real.join('.'));
        await expect(identify(tokens, token)).rejects.toThrow(BuyerTokenInvalidError);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer ', '', 'Bearer a b'])(
    'is refused where it comes as "%s"',
    async (header) => {
      const tokens = await tokensOf(new KeyFile(KEYS));
      await expect(async () => tokens.identify(header)).rejects.toThrow(BuyerTokenInvalidError);
    },
  );
});

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}

describe('the file of keys', () => {
  const withKey = (change: object) => JSON.stringify({ keys: [{ ...HS256.jwk, ...change }] });
  const privateKey = shopKeyOf('ES256').signWith as KeyObject;

  it.each([
    ['is no JSON', 'none', /no JWK set/],
    ['is no JWK set', '[]', /no JWK set/],
    ['has no key', '{"keys": []}', /1 to 16 keys/],
    ['has too many keys', JSON.stringify({ keys: Array.from({ length: 17 }, () => HS256.jwk) }), /1 to 16 keys/],
    ['does not say the algorithm of a key', withKey({ alg: undefined }), /must say "alg" of key 1/],
    ['has a key for no signature', withKey({ alg: 'none' }), /must say "alg" of key 1/],
    ['has a key that is not of its algorithm', withKey({ alg: 'RS256' }), /can not sign by RS256/],
    ['has a key for other uses', withKey({ use: 'enc' }), /can not sign by HS256/],
    ['has a secret that can be guessed', withKey({ k: 'c2VjcmV0' }), /too short a key 1/],
    ['has a key without its value', withKey({ k: undefined }), /can not be used/],
    [
      'has a private key',
      JSON.stringify({ keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256' }] }),
      /private part in key 1/,
    ],
  ])('that %s is no way to start, and is not quoted', async (_what, text, reason) => {
    const file = new KeyFile(KEYS);
    file.writeText(text);
    const error = await tokensOf(file).then(String, String);
    expect(error).toMatch(reason);
    expect(error).toMatch(/^Error: BUYER_TOKEN_JWKS_FILE /);
    expect(error).not.toContain(HS256.jwk.k!);
  });

  it('must be there', async () => {
    const file = new KeyFile(KEYS);
    await expect(
      tokensOf({ env: () => file.env('optional', { BUYER_TOKEN_JWKS_FILE: '/nowhere' }) } as never),
    ).rejects.toThrow('BUYER_TOKEN_JWKS_FILE names a file that can not be read');
  });
});

describe('an expiring cache', () => {
  it('forgets what was not used for longest, once it is full', () => {
    const cache = new ExpiringCache<number>(2);
    cache.set('a', 1, 100);
    cache.set('b', 2, 100);
    expect(cache.get('a', 0)).toBe(1);
    cache.set('c', 3, 100);
    expect(['a', 'b', 'c'].map((key) => cache.get(key, 0))).toEqual([1, null, 3]);
  });

  it('forgets a value at its time', () => {
    const cache = new ExpiringCache<number>(2);
    cache.set('a', 1, 100);
    expect([cache.get('a', 99), cache.get('a', 100), cache.get('a', 99)]).toEqual([1, null, null]);
  });
});
