import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { execute, query, withConnection } from '../support/database.js';
import { type Event, eventsUntil, newestEvent } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { createProduct, createOrder, noticeOf, notify } from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { connectTo, type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(killChildren);

const insertEvent = `INSERT INTO event_inbox (type, data) VALUES ('sale.paused', '{"test":"late"}')`;

const sequencesOf = (events: readonly Event[]): number[] => events.map(({ sequence }) => sequence);

/** `after + 1`, `after + 2`, … */
const countedFrom = (after: number, count: number): number[] => Array.from({ length: count }, (_, n) => after + 1 + n);

describe('the sequence of events', () => {
  it('has at its end what drew a low number and was committed late: a reader skips nothing', async () => {
    const after = await newestEvent(service);
    const { id } = await createProduct(service);
    const read = await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query(insertEvent);
      await createOrder(service, { product_id: id });
      // A later one of the inbox has its number, and was read, while the earlier one is not committed.
      const seen = await eventsUntil(service, after, (found) => found.length >= 1);
      await connection.query('COMMIT');
      return seen;
    });
    expect(read).toMatchObject([{ type: 'order.created', sequence: after + 1 }]);
    await createOrder(service, { product_id: id });
    const rest = await eventsUntil(service, after + 1, (found) => found.length >= 2);
    expect(rest.map(({ sequence, data }) => [sequence, data.test ?? 'order'])).toEqual([
      [after + 2, 'late'],
      [after + 3, 'order'],
    ]);
  });

  it('is rolled back with an instance that dies before its COMMIT, and another one goes on', async () => {
    const after = await newestEvent(service);
    let child: ChildService | undefined;
    await withConnection(async (connection) => {
      await execute(insertEvent);
      await connection.query('START TRANSACTION');
      // The event can be read, numbered and inserted; taking it out of the inbox has to wait for us.
      await connection.query('SELECT id FROM event_inbox FOR UPDATE');
      child = await startChild({ ROLES: 'scheduler' });
      const thread = await eventually(async () => {
        const [row] = await query<{ id: number }>(
          `SELECT id FROM information_schema.processlist WHERE info LIKE 'DELETE FROM event_inbox%'`,
        );
        return row!.id;
      });
      child.kill('SIGKILL');
      await child.exited;
      // The server has the rest of the round trip, and would go on with it for a client that is gone.
      await connection.query(`KILL ${thread}`);
    });
    expect(await newestEvent(service)).toBe(after);
    await createOrder(service);
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(events.map(({ sequence, type }) => [sequence, type])).toEqual([
      [after + 1, 'sale.paused'],
      [after + 2, 'order.created'],
    ]);
  });

  it('is one for several instances that write and number at the same time, without a gap or a double', async () => {
    const ORDERS = 60;
    const after = await newestEvent(service);
    const children = await Promise.all([startChild(), startChild()]);
    const fleet = children.map(({ url }) => connectTo(url));
    const { id } = await createProduct(service, { stock_total: ORDERS });
    const orders = await inParallel(ORDERS, async (n) => {
      const order = await createOrder(fleet[n % 2]!, { product_id: id });
      await notify(fleet[(n + 1) % 2]!, noticeOf(order));
      return order.order_id;
    });
    const events = await eventsUntil(service, after, (found) => found.length >= 2 * ORDERS, 7);
    expect(sequencesOf(events)).toEqual(countedFrom(after, 2 * ORDERS));
    const told = new Map<unknown, unknown[]>();
    for (const { data, version } of events) told.set(data.order_id, [...(told.get(data.order_id) ?? []), version]);
    // Each order's own order is kept.
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(orders.map((order) => [order, [1, 2]])));
    expect(await query('SELECT id FROM event_inbox')).toEqual([]);
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map(({ exited }) => exited));
  });
});
