import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute, query } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  createSale,
  expireHolds,
  extend,
  giveBack,
  type Hold,
  hex,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let neighbour: Service;

beforeAll(async () => {
  [service, neighbour] = await Promise.all([startService(), startService()]);
});

const read = async (holdId: string) => taken<Hold>(await service.call('GET', `/api/holds/${holdId}`), 200);

/** Moves the end of a hold to so many seconds from now, as time would. */
const endIn = (holdId: string, seconds: number) =>
  execute(`UPDATE holds SET expires_at = NOW(3) + INTERVAL ${seconds} SECOND WHERE id = UNHEX(?)`, [hex(holdId)]);

function expectReason(answer: Answer, reason: string): void {
  expectProblem(answer, 'HOLD_NOT_EXTENDABLE');
  expect(answer.body).toMatchObject({ reason });
}

describe('POST /api/holds/{id}/extend', () => {
  it('gives a hold the time of a new one from now on, as often as is left', async () => {
    const made = await createHold(service);
    expect(made.extensions_left).toBe(1);
    await endIn(made.hold_id, 30);
    const before = await read(made.hold_id);
    const extended = taken<Hold>(await extend(service, made.hold_id), 200);
    expect(extended).toEqual({ expires_at: expect.any(String), extensions_left: 0 });
    expect(extended.expires_at > before.expires_at).toBe(true);
    expect(await read(made.hold_id)).toMatchObject({ ...extended, status: 'active' });
    expectReason(await extend(service, made.hold_id), 'none_left');
    expect(await read(made.hold_id)).toMatchObject(extended);
    await expectStockIdentity(made.product_id);
  });

  it('takes no time away from a hold that has more', async () => {
    const { hold_id } = await createHold(service);
    await endIn(hold_id, 5000);
    const { expires_at } = await read(hold_id);
    expect(taken<Hold>(await extend(service, hold_id), 200)).toEqual({ expires_at, extensions_left: 0 });
  });

  it('is refused of what is used, over, given back or not there', async () => {
    const order = await createOrder(service);
    const [expired, back] = [await createHold(service), await createHold(service)];
    await expireHolds(expired.hold_id);
    await giveBack(service, back.hold_id);
    expectReason(await extend(service, order.hold_id), 'used');
    expectReason(await extend(service, expired.hold_id), 'expired');
    expectReason(await extend(service, back.hold_id), 'expired');
    expectProblem(await extend(service, UNKNOWN_HOLD_ID), 'HOLD_NOT_FOUND');
    expect((await read(order.hold_id)).extensions_left).toBe(0);
  });

  it('goes by the terms of the sale: how long, how often, and not after its end', async () => {
    const sale = await createSale(service, { hold_seconds: 5000, hold_extensions: 2 });
    const { id } = await createProduct(service, { sale_id: sale.id });
    const { hold_id, extensions_left } = await createHold(service, { product_id: id });
    expect(extensions_left).toBe(2);
    await endIn(hold_id, 30);
    taken(await extend(service, hold_id), 200);
    const [row] = await query<{ seconds: number }>(
      'SELECT TIMESTAMPDIFF(SECOND, NOW(3), expires_at) AS seconds FROM holds WHERE id = UNHEX(?)',
      [hex(hold_id)],
    );
    expect(row!.seconds).toBeGreaterThan(4000);
    taken(await actOnSale(service, sale.id, 'pause'), 200);
    const archived = { archived: true };
    taken(await service.call('PATCH', `/api/admin/products/${id}`, archived, adminHeaders(service)), 200);
    // What was promised goes on.
    expect(taken<Hold>(await extend(service, hold_id), 200).extensions_left).toBe(0);
    const other = await createHold(service, {
      product_id: (await createProduct(service, { sale_id: (await createSale(service)).id })).id,
    });
    taken(await actOnSale(service, other.sale_id!, 'end'), 200);
    expectReason(await extend(service, other.hold_id), 'sale_ended');
  });

  it('has one effect under one key, however often and wherever it arrives', async () => {
    const sale = await createSale(service, { hold_extensions: 5 });
    const { id } = await createProduct(service, { sale_id: sale.id });
    const { hold_id } = await createHold(service, { product_id: id });
    const key = { 'idempotency-key': unique('key') };
    const answers = await inParallel(8, (n) => extend(n % 2 === 0 ? service : neighbour, hold_id, key));
    for (const answer of answers) expect(taken<Hold>(answer, 200).extensions_left).toBe(4);
    const other = await createHold(service);
    expectProblem(await extend(service, other.hold_id, key), 'IDEMPOTENCY_KEY_REUSED');
  });

  it('is granted as often as is left to many who ask at once, at two instances', async () => {
    const sale = await createSale(service, { hold_extensions: 3 });
    const { id } = await createProduct(service, { sale_id: sale.id });
    const { hold_id } = await createHold(service, { product_id: id });
    const answers = await inParallel(20, (n) => extend(n % 2 === 0 ? service : neighbour, hold_id));
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted.map(({ body }) => body.extensions_left).sort()).toEqual([0, 1, 2]);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectReason(answer, 'none_left');
  });
});
