import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JWK, type JWTPayload, SignJWT } from 'jose';
import type { TokenAlgorithm } from '../../src/access/buyer-keys.js';
import type { Environment } from './service.js';
import { temporaryFolder } from './temporary-folders.js';

/** A key of a shop's: how it signs, and what it gives to the service. */
export interface ShopKey {
  readonly alg: TokenAlgorithm;
  readonly kid: string;
  readonly signWith: KeyObject | Uint8Array;
  readonly jwk: JWK;
}

const PAIRS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

export function shopKey(alg: TokenAlgorithm): ShopKey {
  const kid = randomUUID();
  if (alg === 'HS256') {
    const signWith = randomBytes(32);
    return { alg, kid, signWith, jwk: { kty: 'oct', alg, kid, k: signWith.toString('base64url') } };
  }
  const { privateKey, publicKey } = PAIRS[alg]();
  return { alg, kid, signWith: privateKey, jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), alg, kid } };
}

/** Seconds since 1970, `after` seconds from now. */
export function inSeconds(after: number): number {
  return Math.floor(Date.now() / 1000) + after;
}

/** A token of a key; a claim that is undefined is left out. */
export function signedToken(key: Omit<ShopKey, 'jwk'>, claims: JWTPayload = {}): Promise<string> {
  return new SignJWT({ sub: 'c_42', exp: inSeconds(600), ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.signWith);
}

/** What nobody should sign: any head, any claims, and the signature of a secret, or none. */
export function forgedToken(head: object, claims: JWTPayload, secret: string | null): string {
  const signed = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${secret === null ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A file of keys, as a shop leaves it for the service. */
export class KeyFile {
  readonly path = join(temporaryFolder('buyer-keys'), 'keys.json');

  constructor(keys: readonly ShopKey[]) {
    this.write(keys);
  }

  write(keys: readonly ShopKey[]): void {
    this.writeText(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  }

  /** All at once, as a careful shop does it. */
  writeText(text: string): void {
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }

  /** The environment of a service that takes tokens. */
  env(tokens: 'optional' | 'required', more: Environment = {}): Environment {
    return { BUYER_TOKENS: tokens, BUYER_TOKEN_JWKS_FILE: this.path, ...more };
  }
}
