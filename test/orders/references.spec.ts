import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createProduct,
  hex,
  type Hold,
  type Order,
  requestHold,
  taken,
  unique,
} from '../support/factories.js';
import { KeyFile, shopKey } from '../support/buyers.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

/** Orders a fresh hold with these fields beside it. */
async function order(fields: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer> {
  const { hold_id } = await createHold(service);
  return service.call('POST', '/api/orders', { hold_id, ...fields }, headers);
}

async function orderOfHold(holdId: string): Promise<Record<string, unknown>> {
  const hold = taken<{ order: Record<string, unknown> }>(await service.call('GET', `/api/holds/${holdId}`), 200);
  return hold.order;
}

describe('what a hold and an order are of', () => {
  it('is told as a list of items, with the SKU and the currency', async () => {
    const sku = unique('sku');
    const { id } = await createProduct(service, { sku, price: '12.50' });
    const item = { product_id: id, sku, quantity: 3, unit_price: '12.50', amount: '37.50' };
    const hold = taken<Hold>(await requestHold(service, id, 3), 201);
    expect(hold).toMatchObject({ sku, currency: 'EUR', items: [item] });
    const made = taken<Order>(await service.call('POST', '/api/orders', { hold_id: hold.hold_id }), 201);
    expect(made).toMatchObject({ currency: 'EUR', items: [item] });
    const read = taken(await service.call('GET', `/api/holds/${hold.hold_id}`), 200);
    expect(read).toMatchObject({ sku, items: [item], order: { amount: '37.50', currency: 'EUR', items: [item] } });
  });

  it('has no SKU where the product has none', async () => {
    const { items } = taken<{ items: unknown[] }>(await requestHold(service, (await createProduct(service)).id), 201);
    expect(items).toMatchObject([{ sku: null, quantity: 1 }]);
  });
});

describe('the reference of an order', () => {
  it.each([
    ['a plain number', 'A-1001'],
    ['64 characters of four bytes', '😀'.repeat(64)],
    ['a blank alone', ' '],
    ['quotes and backslashes', `'"\\';--`],
  ])('comes back in every answer: %s', async (_what, reference) => {
    const made = taken<Order>(await order({ reference }), 201);
    expect(made).toMatchObject({ reference, reference_by: 'buyer' });
    expect(await orderOfHold(made.hold_id)).toMatchObject({ reference, reference_by: 'buyer' });
  });

  it('is null where none is sent, as is who sent it', async () => {
    for (const fields of [{}, { reference: null }]) {
      const made = taken<Order>(await order(fields), 201);
      expect(made).toMatchObject({ reference: null, reference_by: null, metadata: null });
      expect(await orderOfHold(made.hold_id)).toMatchObject({ reference: null, reference_by: null, metadata: null });
    }
  });

  it.each([
    ['empty', ''],
    ['65 characters', 'x'.repeat(65)],
    ['a line break', 'A\n1'],
    ['a NUL', 'A\u0000'],
    ['a control character beyond ASCII', 'A\u0085'],
    ['half a character', '\ud83d'],
    ['a number', 1001],
    ['a list', ['A-1001']],
  ])('is refused when it is %s', async (_what, reference) => {
    expectProblem(await order({ reference }), 'VALIDATION_FAILED');
  });

  it('is kept byte by byte: neither case, nor accents, nor a blank at the end make it another one that is found', async () => {
    const reference = unique('Ref');
    const variants = [reference, reference.toLowerCase(), `${reference} `, reference.replace('R', 'Ŕ')];
    for (const variant of variants) taken(await order({ reference: variant }), 201);
    const found = await query<{ reference: Buffer }>('SELECT reference FROM orders WHERE reference = ?', [
      Buffer.from(reference),
    ]);
    expect(found.map((row) => row.reference.toString())).toEqual([reference]);
  });

  it('may be that of several orders', async () => {
    const reference = unique('ref');
    for (let time = 0; time < 2; time++) taken(await order({ reference }), 201);
  });

  it('is told as sent by the shop only where the shop made the call', async () => {
    const keys = new KeyFile([shopKey('HS256')]);
    const shop = await startService({ ROLES: 'api', ...keys.env('optional') });
    const { hold_id } = await createHold(shop);
    const body = { hold_id, reference: 'S-1' };
    const made = taken<Order>(await shop.call('POST', '/api/orders', body, adminHeaders(shop)), 201);
    expect(made).toMatchObject({ reference: 'S-1', reference_by: 'shop' });
    await shop.stop();
  });
});

describe('the metadata of an order', () => {
  const pairs = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, 'value']));
  /** One pair whose JSON has so many bytes. */
  const sized = (bytes: number): Record<string, string> => {
    const metadata: Record<string, string> = { a: 'x'.repeat(500), b: 'ö'.repeat(200), c: '' };
    const rest = bytes - Buffer.byteLength(JSON.stringify(metadata));
    return { ...metadata, c: 'x'.repeat(rest) };
  };

  it.each([
    ['one pair', { channel: 'app' }],
    ['none', {}],
    ['16 pairs', pairs(16)],
    ['a key of 40 characters', { ['k'.repeat(40)]: '' }],
    ['a value of 500 characters', { key: 'v'.repeat(500) }],
    ['exactly 1,024 bytes of JSON', sized(1024)],
    ['line breaks, quotes and emojis', { 'a "key"': 'one\ntwo\u0000 😀' }],
  ])('comes back in every answer: %s', async (_what, metadata) => {
    const made = taken<Order>(await order({ metadata }), 201);
    expect(made).toMatchObject({ reference: null, reference_by: null });
    expect((made as unknown as { metadata: unknown }).metadata).toEqual(metadata);
    expect((await orderOfHold(made.hold_id)).metadata).toEqual(metadata);
  });

  it.each([
    ['17 pairs', pairs(17)],
    ['a key of 41 characters', { ['k'.repeat(41)]: '' }],
    ['a value of 501 characters', { key: 'v'.repeat(501) }],
    ['1,025 bytes of JSON', sized(1025)],
    ['a value that is a number', { key: 1 }],
    ['a value that is null', { key: null }],
    ['a nested object', { key: { inner: 'x' } }],
    ['a list', ['key']],
    ['a text', 'key'],
  ])('is refused when it is %s', async (_what, metadata) => {
    const answer = await order({ metadata });
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([expect.objectContaining({ field: expect.stringMatching(/^metadata/) })]),
    );
  });
});

describe('the idempotency key of an order', () => {
  const contentOf = async (key: string): Promise<string | undefined> =>
    (
      await query<{ content: string }>(
        "SELECT content FROM idempotency_keys WHERE scope = 'orders' AND idempotency_key = ?",
        [key],
      )
    )[0]?.content;

  it('has the hold as its content where the order has neither reference nor metadata, and a hash where it has one', async () => {
    const [plain, tagged] = [unique('key'), unique('key')];
    const { hold_id } = taken<Order>(await order({ reference: null }, { 'idempotency-key': plain }), 201);
    expect(await contentOf(plain)).toBe(hold_id);
    taken(await order({ reference: 'A-1' }, { 'idempotency-key': tagged }), 201);
    expect(await contentOf(tagged)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gets the same order for the same content, in any order of its pairs, and is refused with any other', async () => {
    const { hold_id } = await createHold(service);
    const headers = { 'idempotency-key': unique('key') };
    const send = (fields: Record<string, unknown>) =>
      service.call('POST', '/api/orders', { hold_id, ...fields }, headers);
    const first = taken<Order>(await send({ reference: 'A-1', metadata: { a: '1', b: '2' } }), 201);
    expect(taken(await send({ metadata: { b: '2', a: '1' }, reference: 'A-1' }), 201)).toEqual(first);
    for (const fields of [
      {},
      { reference: 'A-1' },
      { reference: 'A-2', metadata: { a: '1', b: '2' } },
      { reference: 'A-1', metadata: { a: '1', b: '3' } },
      { reference: 'A-1', metadata: {} },
    ]) {
      expectProblem(await send(fields), 'IDEMPOTENCY_KEY_REUSED');
    }
    expect(await query('SELECT id FROM orders WHERE hold_id = UNHEX(?)', [hex(hold_id)])).toHaveLength(1);
  });
});
