// A shop that signs tokens for its customers, the file of keys by which the service knows them, and what it asks of the
// service as its operator.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { closedLoop } from './generator.mjs';
import { callOnce } from './stand.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** How each kind of key signs, and what the service is given of it. */
const KEYS = {
  HS256() {
    const secret = randomBytes(32);
    return {
      jwk: { kty: 'oct', k: secret.toString('base64url') },
      sign: (text) => createHmac('sha256', secret).update(text).digest('base64url'),
    };
  },
  ES256() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = /** @type {const} */ ({ key: privateKey, dsaEncoding: 'ieee-p1363' });
    return {
      jwk: publicKey.export({ format: 'jwk' }),
      sign: (text) => sign('sha256', Buffer.from(text), key).toString('base64url'),
    };
  },
};

export class Shop {
  #keys = Object.fromEntries(Object.entries(KEYS).map(([alg, make]) => [alg, make()]));
  #files = 0;
  #customers = 0;

  /** @param {import('./stand.mjs').Stand} stand */
  constructor({ pidDir, secrets }) {
    this.folder = pidDir;
    this.adminToken = secrets.ADMIN_TOKEN;
    const keys = Object.entries(this.#keys).map(([alg, { jwk }]) => ({ ...jwk, alg, kid: alg }));
    const file = join(pidDir, 'buyer-keys.json');
    writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
    this.env = { BUYER_TOKENS: 'optional', BUYER_TOKEN_JWKS_FILE: file };
  }

  /**
   * Tokens of as many customers that have had none before.
   * @param {'HS256' | 'ES256'} alg
   * @param {number} count
   * @returns {string} the file that has them, one a line
   */
  writeTokens(alg, count) {
    const head = encode({ alg, kid: alg });
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const tokens = Array.from({ length: count }, () => {
      const signed = `${head}.${encode({ sub: `c_${++this.#customers}`, exp })}`;
      return `${signed}.${this.#keys[alg].sign(signed)}\n`;
    });
    const file = join(this.folder, `tokens-${++this.#files}.txt`);
    writeFileSync(file, tokens.join(''), { mode: 0o600 });
    return file;
  }

  /**
   * Makes a sale of products that are there.
   * @param {{ port: number }} service
   * @param {object} sale
   * @param {number[]} products
   */
  async sell(service, sale, products) {
    const { id } = await this.#ask(service, 'POST', '/api/admin/sales', { name: 'sale', ...sale });
    for (const product of products) await this.change(service, product, { sale_id: id });
  }

  /**
   * @param {{ port: number }} service
   * @param {number} product
   * @param {object} change
   */
  async change(service, product, change) {
    await this.#ask(service, 'PATCH', `/api/admin/products/${product}`, change);
  }

  async #ask(service, method, path, body) {
    const headers = { authorization: `Bearer ${this.adminToken}` };
    const answer = await callOnce(service, { method, path, body, headers });
    if ((answer.status ?? 500) >= 300)
      throw new Error(`${method} ${path} is answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body);
  }
}

/**
 * Holds of products first..last, each with the next token of the file, and from its begin again.
 * @param {{ first: number, last?: number }} products
 * @param {string} file
 */
export function knownBuyers({ first, last = first }, file) {
  return closedLoop({ script: 'token-holds.lua', args: [first, last, file] });
}

/**
 * Holds of a product, each with a token that was never sent before.
 * @param {Shop} shop
 * @param {{ product: number, alg: 'HS256' | 'ES256', perSecondMax: number }} of
 */
export function newBuyers(shop, { product, alg, perSecondMax }) {
  return async (stand, server, seconds) => {
    const count = perSecondMax * seconds;
    const run = await knownBuyers({ first: product }, shop.writeTokens(alg, count))(stand, server, seconds);
    if (run.counted > count) throw new Error(`${count} tokens were not enough for ${seconds} seconds`);
    return run;
  };
}
