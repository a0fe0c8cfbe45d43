import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { type IdempotencyScope, keyedByCaller } from '../../src/idempotency/idempotency-key.js';
import { customer, customersEnv, expectLimitsIdentity, type Headers } from '../support/customers.js';
import { execute, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createProduct, createSale, hex, type Hold, requestHold, taken, unique } from '../support/factories.js';
import { RACE_ROUNDS } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

/**
 * A limit against what is decided about a hold in its last millisecond, at another instance: the transaction has the
 * hold's lock, has seen that it is active, and is kept open past its end by a lock of the test's. Meanwhile the customer
 * wants what the limit would leave if the hold were over: another size. (Who wants more of the same product waits for its row,
 * which the foreign key of the changed hold keeps; see `limits.spec.ts` for what comes before that change.)
 */
let deciding: Service;
let granting: Service;

beforeAll(async () => {
  const env = customersEnv({ ROLES: 'api' });
  [deciding, granting] = await Promise.all([startService(env), startService(env)]);
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** A round takes about half a second. */
const ROUNDS = Math.ceil(RACE_ROUNDS / 4);
/** For how long the hold is good once the round begins; the lock of the test must be gone a second after that began. */
const ENDS_IN_MS = 300;

interface Decision {
  readonly scope: IdempotencyScope;
  readonly send: (holdId: string, headers: Headers) => Promise<Answer>;
}

const DECISIONS: Readonly<Record<string, Decision>> = {
  'an order': {
    scope: 'orders',
    send: (hold_id, headers) => deciding.call('POST', '/api/orders', { hold_id }, headers),
  },
  'an extension': {
    scope: 'extensions',
    send: (holdId, headers) => deciding.call('POST', `/api/holds/${holdId}/extend`, undefined, headers),
  },
};

/** Two sizes under a limit of one over their sale. */
async function twoSizes(): Promise<[number, number]> {
  const sale = await createSale(granting, { max_per_customer: 1 });
  const sizes = [0, 1].map(() => createProduct(granting, { stock_total: 100, sale_id: sale.id }));
  const [one, other] = await Promise.all(sizes);
  return [one!.id, other!.id];
}

async function isOver(holdId: string): Promise<boolean> {
  const [row] = await query<{ is_over: number }>(
    'SELECT expires_at <= NOW(3) AS is_over FROM holds WHERE id = UNHEX(?)',
    [hex(holdId)],
  );
  return row!.is_over === 1;
}

/** @returns the holds that the customer has in the end; null where the machine was too slow for the decision. */
async function race(
  { scope, send }: Decision,
  [held, wanted]: readonly [number, number],
  looks: jest.SpiedFunction<HoldsRepository['lockIfExpired']>,
): Promise<number | null> {
  const [sub, key] = [unique('c'), unique('key')];
  const buyer = await customer({ sub });
  const { hold_id } = taken<Hold>(await requestHold(granting, held, 1, buyer), 201);
  const caller = { kind: 'buyer', buyer: { customerId: sub, limitKey: sub, groups: [] } } as const;
  const stored = keyedByCaller(key, caller, '')!;
  const looked = looks.mock.calls.length;
  const answers = await withConnection(async (holder) => {
    await holder.query('START TRANSACTION');
    // The key is the last that the decision writes, so it waits here with all of its locks.
    await holder.query(
      'INSERT INTO idempotency_keys (scope, idempotency_key, content, reference) VALUES (?, ?, ?, ?)',
      [scope, stored.key, stored.content, randomBytes(16)],
    );
    await execute(`UPDATE holds SET expires_at = NOW(3) + INTERVAL ? MICROSECOND WHERE id = UNHEX(?)`, [
      ENDS_IN_MS * 1000,
      hex(hold_id),
    ]);
    const decision = send(hold_id, { ...buyer, 'idempotency-key': key });
    await eventually(async () => expect(await isOver(hold_id)).toBe(true));
    const wanting = requestHold(granting, wanted, 1, buyer);
    await eventually(() => expect(looks.mock.calls.length).toBeGreaterThan(looked));
    await holder.query('ROLLBACK');
    return Promise.all([decision, wanting]);
  });
  if (answers[0].status >= 300) return null;
  return 1 + (answers[1].status === 201 ? 1 : 0);
}

/** Rounds in which the decision was quick enough. */
async function holdsInRounds(
  rounds: number,
  decision: string,
  looks: jest.SpiedFunction<HoldsRepository['lockIfExpired']>,
): Promise<number[]> {
  const products = await twoSizes();
  const holds: number[] = [];
  for (let tries = 0; holds.length < rounds && tries < 10 * rounds; tries++) {
    const had = await race(DECISIONS[decision]!, products, looks);
    if (had !== null) holds.push(had);
  }
  for (const product of products) await expectStockIdentity(product);
  await expectLimitsIdentity(...products);
  return holds;
}

const repository = (): HoldsRepository => granting.app.get(HoldsRepository, { strict: false });

describe.each(Object.keys(DECISIONS))('%s of a hold in its last millisecond, under a limit over its sale', (name) => {
  it(`counts, however long it takes, in each of ${ROUNDS} rounds`, async () => {
    const looks = jest.spyOn(repository(), 'lockIfExpired');
    expect(await holdsInRounds(ROUNDS, name, looks)).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });

  it('would let the customer have one more than the limit, were the expired hold left out without its lock', async () => {
    const looks = jest.spyOn(repository(), 'lockIfExpired');
    looks.mockImplementation((_tx, ids) => Promise.resolve([...ids]));
    expect(await holdsInRounds(1, name, looks)).toEqual([2]);
  });
});
