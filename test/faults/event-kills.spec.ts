import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execute, query } from '../support/database.js';
import { type Event, readEvents, untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { createEndpoint, createOrder, createProduct, giveBack, noticeOf, notify } from '../support/factories.js';
import { Instances } from '../support/instances.js';
import { type Received, Receiver } from '../support/receiver.js';
import type { Service } from '../support/service.js';

/** Each takes a few seconds, so a long run is made by hand. */
const KILLS = Number(process.env.EVENT_KILLS ?? 3);
const TIMEOUT_MS = 180_000 + KILLS * 30_000;
const BUYERS = 3;
/** Of a buyer, between two purchases. */
const PAUSE_MS = 50;
/** Orders that are told of between two kills, at least. */
const BETWEEN = 5;

let instances: Instances;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await Receiver.start();
  // Once the buyers have left nothing changes any more: no order of a lost answer comes to its deadline.
  instances = await Instances.start('event-kills', { ORDER_PAYMENT_TTL_SECONDS: '2592000' });
});
afterAll(async () => {
  await instances.stop();
  await receiver.stop();
});

/** What the shop was told of each order: its versions, in the order in which each came first. */
const told = new Map<number, number[]>();

function hear({ body: { data, version } }: Received): void {
  const versions = told.get(data.order_id as number) ?? [];
  told.set(data.order_id as number, versions);
  if (!versions.includes(version!)) versions.push(version!);
  // Only what it says counts here, and a long run has a lot of it.
  receiver.received.length = 0;
}

/** Buys, pays and changes his mind, at whatever instance answers; who gets no answer goes on with something else. */
async function keepBuying(productId: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    try {
      const order = await createOrder(instances.any(), { product_id: productId });
      // Money that comes late: a third change of the order.
      if (turn % 3 === 0) await giveBack(instances.any(), order.hold_id);
      await notify(instances.any(), noticeOf(order));
    } catch {
      // What was committed all the same, the rows say.
    }
    await pause(PAUSE_MS);
  }
}

/** Whoever tells the shop of something dies before it can write down that it did. */
async function killAmidDelivery(): Promise<number> {
  await new Promise<void>((heard) => {
    receiver.behave = (received, response) => {
      instances.killNow();
      receiver.behave = answer;
      answer(received, response);
      heard();
    };
  });
  return instances.replace(2);
}

/** A claim of who is dead runs out after twenty seconds; who is alive renews his every four. */
async function passClaims(): Promise<void> {
  await execute(
    'UPDATE webhook_endpoints SET claimed_until = NOW(3) WHERE claimed_until < NOW(3) + INTERVAL 10 SECOND',
  );
}

const answer: Receiver['behave'] = (received, response) => {
  hear(received);
  response.writeHead(204).end();
};

/** Every event that the feed has, read to its end in steps. */
async function readAll(service: Service): Promise<Event[]> {
  const events: Event[] = [];
  for (let after = 0; ;) {
    const { items, last_sequence } = await readEvents(service, `?after=${after}&limit=1000`);
    events.push(...items);
    if (items.length === 0) return events;
    after = last_sequence;
  }
}

it(
  `every event is told at least once, each order’s in their order, and the feed has it once, through ${KILLS} kills`,
  async () => {
    receiver.behave = answer;
    const { id } = await createProduct(instances.any(), { stock_total: 1_000_000 });
    await createEndpoint(instances.any(), receiver.url);
    let isOver = false;
    const buyers = Array.from({ length: BUYERS }, () => keepBuying(id, () => isOver));
    const kills = [killAmidDelivery, () => instances.killRedis(), () => instances.replace(1)];
    for (let killed = 0, turn = 0; killed < KILLS; turn++) {
      const before = told.size;
      await eventually(async () => {
        await passClaims();
        expect(told.size).toBeGreaterThan(before + BETWEEN);
      });
      killed += await kills[turn % kills.length]!();
    }
    isOver = true;
    await Promise.all(buyers);

    await untilEventsHaveNumbers();
    const orders = await query<{ id: number; version: number }>('SELECT id, version FROM orders ORDER BY id');
    const committed = orders.map(({ id, version }) => [id, Array.from({ length: version }, (_, n) => n + 1)]);
    // Each change of an order has raised its version by one: what was committed is known without the events.
    expect(committed.length).toBeGreaterThan(BETWEEN);
    const events = await readAll(instances.any());
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
    const inFeed = new Map<number, (number | null)[]>();
    for (const { data, version } of events) {
      const versions = inFeed.get(data.order_id as number) ?? [];
      inFeed.set(data.order_id as number, [...versions, version]);
    }
    expect([...inFeed].sort(([a], [b]) => a - b)).toEqual(committed);
    const toldOf = (versions: readonly number[][]): number => versions.reduce((sum, { length }) => sum + length, 0);
    // Counted while it is waited for: to tell thousands of orders apart takes seconds, and nobody is heard meanwhile.
    await eventually(async () => {
      await passClaims();
      expect(toldOf([...told.values()])).toBe(events.length);
    });
    expect([...told].sort(([a], [b]) => a - b)).toEqual(committed);
    if (process.env.EVENT_KILLS !== undefined)
      process.stderr.write(`${KILLS} kills, ${orders.length} orders, ${events.length} events\n`);
  },
  TIMEOUT_MS,
);
