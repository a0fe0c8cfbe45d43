import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { execute, query, withConnection } from '../support/database.js';
import { eventsUntil, newestEvent, untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { createOrder, createProduct } from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(killChildren);

const insertEvent = `INSERT INTO event_inbox (type, data) VALUES ('sale.paused', '{"test":"late"}')`;

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
          `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DELETE FROM event_inbox%'`,
        );
        return row!.id;
      });
      child.kill('SIGKILL');
      await child.exited;
      // The server has the rest of the round trip, and would go on with it for a client that is gone.
      await connection.query(`KILL ${thread}`).catch(() => undefined);
    });
    expect(await newestEvent(service)).toBe(after);
    await createOrder(service);
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(events.map(({ sequence, type }) => [sequence, type])).toEqual([
      [after + 1, 'sale.paused'],
      [after + 2, 'order.created'],
    ]);
  });

  describe('is asked for again by who wrote, since there may be no scheduler,', () => {
    const isNumbering =
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT last FROM event_sequence%'";

    it.each([
      // Its first try is over by then; on a machine where it is not, nothing is shown.
      ['somebody else was at it, who came too early', 'SELECT last FROM event_sequence FOR UPDATE', () => pause(1000)],
      [
        'its connection broke',
        'LOCK TABLES event_sequence WRITE',
        () => eventually(async () => execute(`KILL ${(await query<{ id: number }>(isNumbering))[0]!.id}`)),
      ],
    ])('when %s', async (_, locks, fails) => {
      const { id } = await createProduct(service);
      await untilEventsHaveNumbers();
      const after = await newestEvent(service);
      await withConnection(async (connection) => {
        await connection.query('START TRANSACTION');
        await connection.query(locks);
        await createOrder(service, { product_id: id });
        await fails();
        await connection.query('UNLOCK TABLES');
      });
      const events = await eventsUntil(service, after, (found) => found.length >= 1);
      expect(events).toMatchObject([{ type: 'order.created' }]);
    });
  });
});
