import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { CONFIG, type Config } from '../config/config.js';

/** How often the file is looked at: a change of it counts within ten seconds, also on a machine that is busy. */
const LOOK_INTERVAL_MS = 2000;

/** A token that names no key is tried with each, so there must not be many. */
const KEYS_MAX = 16;

/** Bits of the smallest key of each kind that is not broken (RFC 7518, sections 3.2 and 3.3). */
const SECRET_BITS_MIN = 256;
const RSA_BITS_MIN = 2048;

/** What a key must be to sign by an algorithm (RFC 7518 and RFC 8037). */
const ALGORITHMS = {
  HS256: { kty: 'oct' },
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, Pick<JWK, 'kty' | 'crv'>>;

export type TokenAlgorithm = keyof typeof ALGORITHMS;

/** A key that tokens are verified with, by the one algorithm that it is for. */
export interface BuyerKey {
  readonly kid: string | null;
  readonly alg: TokenAlgorithm;
  readonly key: CryptoKey;
}

/** Says nothing of what stands in the file: it may have secrets. */
class KeyFileError extends Error {}

/**
 * The keys of `BUYER_TOKEN_JWKS_FILE`: several of them, so that the shop can change one without a gap. The file is read
 * again when it changes; while it can't be read, what was read last goes on.
 */
@Injectable()
export class BuyerKeys implements OnModuleDestroy {
  private readonly logger = new Logger('BuyerKeys');
  private readonly path: string;
  private keys: readonly BuyerKey[] = [];
  /** What the keys were read from. */
  private text = '';
  private isBroken = false;
  private nextLook: NodeJS.Timeout | undefined;

  constructor(@Inject(CONFIG) config: Config) {
    this.path = config.buyers.jwksFile;
  }

  /** The same array until the file changes. */
  get current(): readonly BuyerKey[] {
    return this.keys;
  }

  /**
   * Reads the file, and goes on to look at it.
   *
   * @throws Error when it can't be read, which is no way to start.
   */
  async load(): Promise<void> {
    try {
      this.text = await this.fileText();
      this.keys = await parseKeys(this.text);
    } catch (error) {
      throw new Error(`BUYER_TOKEN_JWKS_FILE ${reasonOf(error)}`, { cause: error });
    }
    this.lookLater();
  }

  onModuleDestroy(): void {
    clearTimeout(this.nextLook);
    this.nextLook = undefined;
  }

  private lookLater(): void {
    this.nextLook = setTimeout(() => void this.look(), LOOK_INTERVAL_MS).unref();
  }

  private async look(): Promise<void> {
    try {
      const text = await this.fileText();
      if (text !== this.text || this.isBroken) await this.take(text);
    } catch (error) {
      if (!this.isBroken)
        this.logger.error(`BUYER_TOKEN_JWKS_FILE ${reasonOf(error)}; the keys read before stay valid`);
      this.isBroken = true;
    }
    // The service may have ended while the file was read.
    if (this.nextLook !== undefined) this.lookLater();
  }

  private async take(text: string): Promise<void> {
    this.keys = await parseKeys(text);
    this.text = text;
    this.isBroken = false;
    this.logger.log({ keys: this.keys.length }, "The keys of buyers' tokens were read again");
  }

  private async fileText(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch {
      throw new KeyFileError('names a file that can not be read');
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof KeyFileError ? error.message : 'names a file with a key that can not be used';
}

/** @throws KeyFileError */
async function parseKeys(text: string): Promise<readonly BuyerKey[]> {
  const keys = jwksOf(text);
  if (keys.length === 0 || keys.length > KEYS_MAX) throw new KeyFileError(`must have 1 to ${KEYS_MAX} keys`);
  return Promise.all(keys.map((jwk, index) => toKey(jwk, `key ${index + 1} of its file`)));
}

function jwksOf(text: string): JWK[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)) return keys as JWK[];
  } catch {
    // The parser's own message quotes the text.
  }
  throw new KeyFileError('names a file that is no JWK set, such as {"keys": [{"kty": …, "alg": …}]}');
}

async function toKey(jwk: JWK, which: string): Promise<BuyerKey> {
  const { alg, kid, kty, crv, use } = jwk;
  if (!isAlgorithm(alg)) throw new KeyFileError(`must say "alg" of ${which}: ${Object.keys(ALGORITHMS).join(', ')}`);
  const needed: Pick<JWK, 'kty' | 'crv'> = ALGORITHMS[alg];
  const isFitting = kty === needed.kty && (needed.crv === undefined || crv === needed.crv);
  if (!isFitting || (use ?? 'sig') !== 'sig') throw new KeyFileError(`has a ${which} that can not sign by ${alg}`);
  if (jwk.d !== undefined) throw new KeyFileError(`has a private part in ${which}, which is the shop's alone`);
  return { kid: typeof kid === 'string' ? kid : null, alg, key: await importKey(jwk, alg, which) };
}

function isAlgorithm(alg: unknown): alg is TokenAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg);
}

/** Imported once: from its bytes, a secret would be imported again for each token. */
async function importKey(jwk: JWK, alg: TokenAlgorithm, which: string): Promise<CryptoKey> {
  const imported = await importJWK(jwk, alg);
  const key =
    imported instanceof Uint8Array
      ? await webcrypto.subtle.importKey('raw', imported, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
      : imported;
  const { length = Infinity, modulusLength = Infinity } = key.algorithm as { length?: number; modulusLength?: number };
  if (length < SECRET_BITS_MIN || modulusLength < RSA_BITS_MIN) throw new KeyFileError(`has too short a ${which}`);
  return key;
}
