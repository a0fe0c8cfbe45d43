import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';
import fc from 'fast-check';
import { fastify, type FastifyInstance } from 'fastify';
import { AJV_OPTIONS, schemaOf } from '../../src/http/json-schema.js';
import { CreateHoldDto } from '../../src/holds/dto/hold.dto.js';
import { CreateOrderDto } from '../../src/orders/dto/order.dto.js';
import { ChangeProductDto, CreateProductDto } from '../../src/products/dto/product.dto.js';
import { PaymentNoticeDto } from '../../src/payment-providers/payment-notice.dto.js';

/**
 * A body's rules are declared once, as decorators, and checked by two validators: Ajv, on every request, by
 * the schema compiled from them; class-validator, in the CLI. They must agree on every body.
 */
const DTOS = { CreateHoldDto, CreateOrderDto, CreateProductDto, ChangeProductDto, PaymentNoticeDto };
type DtoName = keyof typeof DTOS;

const HOLD_ID = '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11';

const GOOD: Record<DtoName, object> = {
  CreateHoldDto: { product_id: 1, quantity: 1 },
  CreateOrderDto: { hold_id: HOLD_ID },
  CreateProductDto: { name: 'Sneaker', price: '99.99', stock_total: 100 },
  ChangeProductDto: { name: 'Sneaker', price: '99.99', stock_total: 0 },
  PaymentNoticeDto: {
    order_id: 1,
    status: 'success',
    transaction_id: 'txn_1',
    idempotency_key: 'key',
    amount: '1',
    currency: 'EUR',
  },
};

const OTHER_GOOD: [DtoName, object][] = [
  ['CreateHoldDto', { product_id: Number.MAX_SAFE_INTEGER, qty: 3 }],
  ['CreateHoldDto', { product_id: 1, qty: 2, quantity: 2 }],
  ['CreateHoldDto', { sku: 'tee-m', quantity: 1 }],
  ['CreateHoldDto', { product_id: 1, sku: 'tee-m', qty: 1 }],
  ['CreateOrderDto', { hold_id: HOLD_ID.toUpperCase() }],
  ['CreateProductDto', { name: 'x'.repeat(255), price: '0', stock_total: 4_294_967_295 }],
  ['ChangeProductDto', { stock_total: 1 }],
  ['PaymentNoticeDto', { order_id: 1, status: 'failed', transaction_id: '!' }],
];

/** Values of which a field takes some and refuses others. */
const VALUES: unknown[] = [
  ...[0, -0, 1, -1, 1.5, 10, 1e9, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e300, -1e300],
  ...['', ' ', '1', '2', '-1', '1.5', '99.99', '1e9', 'success', 'failed', 'SUCCESS', 'EUR', 'eur', 'txn 1', 'ünicode'],
  ...[HOLD_ID, HOLD_ID.toUpperCase(), `${HOLD_ID}0`, `{${HOLD_ID}}`, 'x'.repeat(255), 'x'.repeat(256), '100000000.00'],
  ...[null, true, false, [], [1], ['1'], {}, { a: 1 }],
];

let server: FastifyInstance;

beforeAll(async () => {
  server = fastify({ ajv: { customOptions: AJV_OPTIONS } });
  for (const [name, dto] of Object.entries(DTOS)) {
    server.post(`/${name}`, { schema: { body: schemaOf(dto) } }, () => 'taken');
  }
  await server.ready();
});

afterAll(() => server.close());

async function isTakenByServer(name: DtoName, body: unknown): Promise<boolean> {
  const payload = JSON.stringify(body);
  const headers = { 'content-type': 'application/json' };
  const { statusCode } = await server.inject({ method: 'POST', url: `/${name}`, payload, headers });
  return statusCode === 200;
}

async function isTakenByClassValidator(name: DtoName, body: object): Promise<boolean> {
  const parsed = JSON.parse(JSON.stringify(body)) as object;
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  const errors = await validate(Object.assign(new DTOS[name](), parsed), options);
  return errors.length === 0;
}

async function expectAgreement(name: DtoName, body: object): Promise<boolean> {
  const verdicts = {
    server: await isTakenByServer(name, body),
    classValidator: await isTakenByClassValidator(name, body),
  };
  expect({ body, ...verdicts }).toEqual({ body, server: verdicts.server, classValidator: verdicts.server });
  return verdicts.server;
}

const names = Object.keys(DTOS) as DtoName[];

describe('both validators', () => {
  it.each([...Object.entries(GOOD), ...OTHER_GOOD] as [DtoName, object][])('take a good %s: %j', async (name, body) => {
    expect(await expectAgreement(name, body)).toBe(true);
  });

  it.each(names)('agree on %s with each field in turn replaced by each value', async (name) => {
    const verdicts = new Set<boolean>();
    for (const field of Object.keys(GOOD[name])) {
      for (const value of VALUES) verdicts.add(await expectAgreement(name, { ...GOOD[name], [field]: value }));
    }
    expect(verdicts).toEqual(new Set([true, false]));
  });

  it.each(names)('refuse %s with an unknown field', async (name) => {
    expect(await expectAgreement(name, { ...GOOD[name], unknown: 1 })).toBe(false);
  });

  it.each(names)('agree on %s without each of its fields', async (name) => {
    for (const field of Object.keys(GOOD[name])) {
      const rest = Object.fromEntries(Object.entries(GOOD[name]).filter(([key]) => key !== field));
      if (Object.keys(rest).length > 0) await expectAgreement(name, rest);
    }
  });

  it('agree on any mixture of the fields and values', async () => {
    const value = fc.constantFrom(
      ...VALUES,
      ...Object.values(GOOD).flatMap((body) => Object.values(body) as unknown[]),
    );
    for (const name of names) {
      const fields = [...Object.keys(GOOD[name]), 'qty', 'sku'];
      const body = fc.dictionary(fc.constantFrom(...fields), value, { minKeys: 1, noNullPrototype: true });
      await fc.assert(
        fc.asyncProperty(body, async (candidate) => void (await expectAgreement(name, candidate))),
        { numRuns: 200 },
      );
    }
  });

  it('refuse quantity and qty that disagree, in either order', async () => {
    expect(await expectAgreement('CreateHoldDto', { product_id: 1, quantity: 1, qty: 2 })).toBe(false);
    expect(await expectAgreement('CreateHoldDto', { product_id: 1, qty: 1, quantity: 2 })).toBe(false);
  });
});

describe('the server alone', () => {
  it.each(names)('refuses %s that is no object', async (name) => {
    for (const body of [null, [], [GOOD[name]], 'text', 1, true]) expect(await isTakenByServer(name, body)).toBe(false);
  });

  it('refuses a change that changes nothing, which only the schema states', async () => {
    expect(await isTakenByServer('ChangeProductDto', {})).toBe(false);
  });
});
