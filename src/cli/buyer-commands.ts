import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { base64url, type JWK, type JWTPayload, SignJWT } from 'jose';
import { LIFETIME_SECONDS_MAX, toBuyer } from '../access/buyer-tokens.js';
import type { Config } from '../config/config.js';
import { print } from './output.js';

export interface BuyerTokenOptions {
  readonly customer: string;
  readonly limitKey?: string;
  readonly groups?: string;
  /** Seconds. */
  readonly ttl: number;
}

/**
 * Makes a token such as the shop makes for its customers, for trials. It is signed with the first secret (HS256) of
 * BUYER_TOKEN_JWKS_FILE; where there is no such file, one is made.
 */
export async function makeBuyerToken(
  { appEnv, buyers }: Pick<Config, 'appEnv' | 'buyers'>,
  options: BuyerTokenOptions,
): Promise<void> {
  if (appEnv === 'production') throw new Error('In production only the shop says who its customers are.');
  if (buyers.jwksFile === '') throw new Error('Name a file for the keys: BUYER_TOKEN_JWKS_FILE=buyers.jwks.json');
  if (options.ttl > LIFETIME_SECONDS_MAX)
    throw new Error(`A token may be valid for ${LIFETIME_SECONDS_MAX} seconds at most.`);
  print(await signedToken(buyers, options));
}

async function signedToken(
  buyers: Config['buyers'],
  { customer, limitKey, groups, ttl }: BuyerTokenOptions,
): Promise<string> {
  const claims: JWTPayload = {
    sub: customer,
    exp: Math.floor(Date.now() / 1000) + ttl,
    ...(buyers.issuer !== '' && { iss: buyers.issuer }),
    ...(buyers.audience !== '' && { aud: buyers.audience }),
    ...(limitKey !== undefined && { limit_key: limitKey }),
    ...(groups !== undefined && { groups: groups.split(',') }),
  };
  toBuyer(claims);
  const { kid, k } = await secretOf(buyers.jwksFile);
  const header = { alg: 'HS256', ...(kid !== undefined && { kid }) };
  return new SignJWT(claims).setProtectedHeader(header).sign(base64url.decode(k!));
}

/** A token for a walk through a sale that takes tokens; null where it takes none, and in production, where the shop alone signs. */
export function walkersToken({ appEnv, buyers }: Pick<Config, 'appEnv' | 'buyers'>, customer: string) {
  if (appEnv === 'production' || buyers.tokens === 'off') return Promise.resolve(null);
  return signedToken(buyers, { customer, ttl: 600 });
}

async function secretOf(path: string): Promise<JWK> {
  const { keys } = JSON.parse((await textOf(path)) ?? (await makeKeys(path))) as { keys: JWK[] };
  const secret = keys.find(({ alg, k }) => alg === 'HS256' && k !== undefined);
  if (secret === undefined) throw new Error(`No key of ${path} is for HS256, so the shop alone can sign.`);
  return secret;
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function makeKeys(path: string): Promise<string> {
  const key: JWK = { kty: 'oct', alg: 'HS256', kid: randomUUID(), k: base64url.encode(randomBytes(32)) };
  const text = JSON.stringify({ keys: [key] });
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  process.stderr.write(`A key was made, in ${path}.\n`);
  return text;
}
