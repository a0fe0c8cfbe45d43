import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { CUSTOMER_ID } from '../common/customer-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { BuyerTokenInvalidError } from './access.errors.js';
import { type BuyerKey, BuyerKeys } from './buyer-keys.js';
import { type Buyer, BUYER_GROUP, BUYER_GROUPS_MAX } from './caller.js';
import { ExpiringCache } from './expiring-cache.js';

/** A token of all that we read has some hundred characters; a longer one is not worth a look. */
const CHARACTERS_MAX = 4096;

/** A token can't be taken back, so none may be valid for long. */
export const LIFETIME_SECONDS_MAX = 86_400;

/** By how much the shop's clock and ours may differ. */
const LEEWAY_SECONDS = 30;

/** Buyers whose tokens are remembered, some 300 bytes each. */
const REMEMBERED_MAX = 100_000;

/**
 * Who a token of the shop's names: a JWT (RFC 7519) that one of its keys has signed. A key is for one algorithm, so none
 * that a token chooses for itself is ever tried (RFC 8725, section 3.1). Verified tokens are remembered by their hash,
 * until they expire or the keys change: a buyer's further calls cost a look-up.
 */
@Injectable()
export class BuyerTokens {
  private readonly remembered = new ExpiringCache<Buyer>(REMEMBERED_MAX);
  private readonly rules: JWTVerifyOptions;
  /** Those that the remembered tokens were verified with. */
  private verifiedWith: readonly BuyerKey[];

  constructor(
    @Inject(CONFIG) { buyers: { issuer, audience } }: Pick<Config, 'buyers'>,
    private readonly keys: BuyerKeys,
  ) {
    this.rules = {
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY_SECONDS,
      ...(issuer !== '' && { issuer }),
      ...(audience !== '' && { audience }),
    };
    this.verifiedWith = keys.current;
  }

  /**
   * The buyer that the header `Authorization` names; at once, where his token is known already.
   *
   * @throws BuyerTokenInvalidError, by the promise
   */
  identify(authorization: string): Buyer | Promise<Buyer> {
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return Promise.reject(new BuyerTokenInvalidError('it must come as "Bearer <token>"'));
    if (token.length > CHARACTERS_MAX) return Promise.reject(new BuyerTokenInvalidError('it is too long'));
    const { current } = this.keys;
    if (current !== this.verifiedWith) {
      this.remembered.clear();
      this.verifiedWith = current;
    }
    const digest = hash('sha256', token, 'base64url');
    return this.remembered.get(digest, Date.now()) ?? this.verify(token, digest, current);
  }

  private async verify(token: string, digest: string, keys: readonly BuyerKey[]): Promise<Buyer> {
    const claims = await verifiedClaims(token, keys, this.rules);
    const buyer = toBuyer(claims);
    // A key that was taken away meanwhile vouches for nobody.
    if (keys === this.verifiedWith) this.remembered.set(digest, buyer, claims.exp! * 1000);
    return buyer;
  }
}

/** The claims of a token that one of the keys has signed and that is valid now. */
async function verifiedClaims(token: string, keys: readonly BuyerKey[], rules: JWTVerifyOptions): Promise<JWTPayload> {
  const { alg, kid } = headOf(token);
  const candidates = keys.filter((key) => key.alg === alg && (kid === undefined || (key.kid ?? kid) === kid));
  for (const key of candidates) {
    try {
      const { payload } = await jwtVerify(token, key.key, { ...rules, algorithms: [key.alg] });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error);
    }
  }
  throw new BuyerTokenInvalidError('none of the known keys has signed it');
}

function headOf(token: string): { readonly alg?: unknown; readonly kid?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new BuyerTokenInvalidError('it is no JWT');
  }
}

/** Claims are looked at only once the signature is right, so what is said of them is said to the shop's own tokens. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new BuyerTokenInvalidError('it has expired');
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefused(error.claim);
  return error instanceof errors.JOSEError ? new BuyerTokenInvalidError('it is no JWT that is read here') : error;
}

function claimRefused(claim: string): BuyerTokenInvalidError {
  return new BuyerTokenInvalidError(`its claim "${claim}" is missing or wrong`);
}

/** @throws BuyerTokenInvalidError */
export function toBuyer({ sub, exp, limit_key = sub, groups = [] }: JWTPayload): Buyer {
  if (!isText(sub, CUSTOMER_ID)) throw claimRefused('sub');
  if (!isText(limit_key, CUSTOMER_ID)) throw claimRefused('limit_key');
  if (!isListOf(groups, BUYER_GROUP)) throw claimRefused('groups');
  const lifetime = exp! - Date.now() / 1000;
  if (lifetime > LIFETIME_SECONDS_MAX + LEEWAY_SECONDS)
    throw new BuyerTokenInvalidError('it is valid for over 24 hours');
  return { customerId: sub, limitKey: limit_key, groups };
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function isListOf(value: unknown, form: RegExp): value is string[] {
  return Array.isArray(value) && value.length <= BUYER_GROUPS_MAX && value.every((item) => isText(item, form));
}
