import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectStockIdentity } from '../../support/expectations.js';
import { createProduct } from '../../support/factories.js';
import { Instances } from '../../support/instances.js';
import { randomOf } from '../../support/random.js';
import { StripeApi } from '../../support/stripe-api.js';
import { stripeSettings } from '../../support/stripe-sales.js';
import { MoneyLoad, passTime, PRICE } from './load.js';
import { findFaults, unfinished } from './properties.js';

/** Each takes a few seconds, so a long run is made by hand. */
const KILLS = Number(process.env.MONEY_KILLS ?? 4);
/** What happens comes of it, but not when: a run with the same one is much like it, and not the same. */
const SEED = Number(process.env.MONEY_SEED ?? randomInt(2 ** 31));
const TIMEOUT_MS = 180_000 + KILLS * 30_000;
/** What the provider tells of between two kills, at least. */
const EVENTS_BETWEEN = 25;
const REST_MS = 120_000;

/** Whoever makes one of these calls dies before he hears what came of it. */
const AMID = ['POST /v1/refunds', 'POST /v1/payment_intents', 'POST /v1/payment_intents/*/cancel', 'GET /v1/refunds'];

let api: StripeApi;
let instances: Instances;

beforeAll(async () => {
  api = await StripeApi.start();
  instances = await Instances.start('money-kills', {
    ...stripeSettings(api),
    ORDER_PAYMENT_TTL_SECONDS: '4',
    PROCESSING_SECONDS: '4',
    REVIEW_SECONDS: '2',
    OUTSIDE_REFUNDS_CRON: '* * * * * *',
  });
});
afterAll(async () => {
  await instances.stop();
  await api.stop();
});

async function killAmid(path: string): Promise<number> {
  await new Promise<void>((called) => {
    api.during(path, 'after', () => {
      instances.killNow();
      called();
    });
  });
  return instances.replace(2);
}

/** Until nobody has anything left to do. */
async function comeToRest(load: MoneyLoad): Promise<void> {
  api.lossRate = 0;
  await load.end();
  for (const until = Date.now() + REST_MS; ;) {
    await load.finish();
    await passTime();
    await pause(1000);
    const left = { ...(await unfinished()), ...(!load.isDelivered && { events: 1 }) };
    if (Object.keys(left).length === 0) return load.stop();
    if (Date.now() > until) throw new Error(`Not at rest: ${JSON.stringify(left)}`);
  }
}

it(
  `money is where it belongs after ${KILLS} kills, with one reply in twenty lost`,
  async () => {
    process.stderr.write(`MONEY_SEED=${SEED}\n`);
    const random = randomOf(SEED);
    Object.assign(api, { lossRate: 0.05, random });
    const product = { price: PRICE };
    const many = await createProduct(instances.any(), { ...product, stock_total: 1_000_000 });
    const few = await createProduct(instances.any(), { ...product, stock_total: 4 });
    const load = new MoneyLoad(api, instances, random, [many.id, many.id, few.id]);
    const kills = [
      (n: number) => killAmid(AMID[n % AMID.length]!),
      () => instances.killRedis(),
      () => instances.replace(1),
    ];
    for (let killed = 0, turn = 0; killed < KILLS; turn++) {
      for (const before = api.events.length; api.events.length < before + EVENTS_BETWEEN;) await pause(50);
      killed += await kills[turn % kills.length]!(Math.floor(turn / kills.length));
    }
    await comeToRest(load);

    const { intents, refunds, events } = api;
    const paid = intents.filter(({ status }) => status === 'succeeded');
    process.stderr.write(
      `${KILLS} kills, ${paid.length} payments of ${intents.length}, ${refunds.length} refunds, ${events.length} events\n`,
    );
    const faults = await findFaults(api);
    expect(faults).toEqual(Object.fromEntries(Object.keys(faults).map((property) => [property, []])));
    for (const { id } of [many, few]) await expectStockIdentity(id);
    expect(load.refused).toEqual([]);
    expect(paid.length).toBeGreaterThan(KILLS);
  },
  TIMEOUT_MS,
);
