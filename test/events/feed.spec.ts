import { beforeAll, describe, expect, it } from '@jest/globals';
import { AvailabilityTelling } from '../../src/products/availability-telling.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { execute, query, withConnection } from '../support/database.js';
import {
  type Event,
  eventsUntil,
  newestEvent,
  readEvents,
  requestEvents,
  untilEventsHaveNumbers,
} from '../support/events.js';
import { expectProblem } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  inSeconds,
  keyHeaders,
  moveSale,
  noticeOf,
  notify,
  taken,
} from '../support/factories.js';
import { type ApiDocument, schemaChecker, webhookSchema } from '../support/openapi.js';
import { SalesService } from '../../src/sales/sales.service.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let document: ApiDocument;
beforeAll(async () => {
  service = await startService();
  document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
});

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);

describe('the events of an order', () => {
  it('tell each change once, with its version and the order as it was left', async () => {
    const after = await newestEvent(service);
    const { id, price } = await createProduct(service);
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    const notice = noticeOf(order);
    await notify(service, notice);
    await notify(service, notice);
    const events = await eventsUntil(service, after, (found) => found.length >= 2);

    expect(events).toMatchObject([
      { type: 'order.created', version: 1, data: { status: 'pending_payment', transaction_id: null } },
      { type: 'order.paid', version: 2, data: { status: 'paid', transaction_id: notice.transaction_id } },
    ]);
    const check = schemaChecker(document);
    for (const event of events) {
      expect(check(webhookSchema(document, event.type), event)).toEqual([]);
      expect(event.id).toBe(`evt_${event.sequence}`);
      expect(event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(event.data).toMatchObject({
        order_id: order.order_id,
        hold_id: order.hold_id,
        payment_reference: order.payment_reference,
        amount: order.amount,
        items: [{ product_id: id, quantity: 2, unit_price: price }],
      });
    }
    expect(events[1]!.sequence).toBe(events[0]!.sequence + 1);
  });

  it('tell of a cancelled order, and of money that comes for it', async () => {
    const after = await newestEvent(service);
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await giveBack(service, order.hold_id);
    await createHold(service, { product_id: id });
    await notify(service, noticeOf(order));
    const events = await eventsUntil(service, after, (found) => found.length >= 3);
    expect(events).toMatchObject([
      { type: 'order.created', version: 1, data: { cancel_reason: null } },
      { type: 'order.cancelled', version: 2, data: { status: 'cancelled', cancel_reason: 'buyer' } },
      { type: 'order.refund_due', version: 3, data: { status: 'refund_due', order_id: order.order_id } },
    ]);
  });

  it('tell that an order that costs nothing is made and paid', async () => {
    const after = await newestEvent(service);
    const { id } = await createProduct(service, { price: '0.00' });
    const { order_id } = await createOrder(service, { product_id: id });
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(events).toMatchObject([
      { type: 'order.created', version: 1, data: { order_id } },
      { type: 'order.paid', version: 2, data: { order_id, status: 'paid' } },
    ]);
    const [row] = await query('SELECT version FROM orders WHERE id = ?', [order_id]);
    expect(row).toEqual({ version: 2 });
  });
});

describe('the events of a sale', () => {
  it('tell its start, its pauses and its end, each once, whoever looks', async () => {
    const after = await newestEvent(service);
    const sale = await createSale(service, { starts_at: inSeconds(3600) });
    await moveSale(sale.id, { startsIn: -10 });
    const another = await startService();
    const sales = [service, another].map(({ app }) => app.get(SalesService));
    await Promise.all(sales.map((one) => one.tellEdges()));
    await actOnSale(service, sale.id, 'pause');
    await actOnSale(service, sale.id, 'pause');
    await actOnSale(service, sale.id, 'resume');
    await actOnSale(service, sale.id, 'end');
    await Promise.all(sales.map((one) => one.tellEdges()));
    const events = await eventsUntil(service, after, (found) => found.length >= 4);
    expect(typesOf(events)).toEqual(['sale.started', 'sale.paused', 'sale.resumed', 'sale.ended']);
    expect(events.map(({ data }) => data.state)).toEqual(['open', 'paused', 'open', 'ended']);
    const check = schemaChecker(document);
    for (const event of events) expect(check(webhookSchema(document, event.type), event)).toEqual([]);
    const [row] = await query<{ starts_at: string; ended_at: string }>(
      'SELECT starts_at, ended_at FROM sales WHERE id = ?',
      [sale.id],
    );
    const iso = (time: string): string => `${time.replace(' ', 'T')}Z`;
    expect([events[0]!.timestamp, events[3]!.timestamp]).toEqual([iso(row!.starts_at), iso(row!.ended_at)]);
    expect(await newestEvent(service)).toBe(after + 4);
  });

  it('tell a start before the pause that comes in the same moment', async () => {
    const after = await newestEvent(service);
    const sale = await createSale(service);
    await actOnSale(service, sale.id, 'pause');
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(typesOf(events)).toEqual(['sale.started', 'sale.paused']);
  });

  it('are told of all others where somebody has one sale locked, and of that one at the next look', async () => {
    const after = await newestEvent(service);
    const starts_at = inSeconds(3600);
    const [locked, free] = [await createSale(service, { starts_at }), await createSale(service, { starts_at })];
    for (const { id } of [locked, free]) await moveSale(id, { startsIn: -10 });
    const sales = service.app.get(SalesService);
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM sales WHERE id = ? FOR UPDATE', [locked.id]);
      await expect(sales.tellEdges()).rejects.toThrow(`sale ${locked.id} `);
      const events = await eventsUntil(service, after, (found) => found.length >= 1);
      expect(events).toMatchObject([{ type: 'sale.started', data: { id: free.id } }]);
    });
    await sales.tellEdges();
    const [event] = await eventsUntil(service, after + 1, (found) => found.length >= 1);
    expect(event).toMatchObject({ type: 'sale.started', data: { id: locked.id } });
  });

  it('tell of no start where a sale is ended before it', async () => {
    const after = await newestEvent(service);
    const sale = await createSale(service, { starts_at: inSeconds(3600) });
    await actOnSale(service, sale.id, 'end');
    await service.app.get(SalesService).tellEdges();
    const events = await eventsUntil(service, after, (found) => found.length >= 1);
    expect(typesOf(events)).toEqual(['sale.ended']);
  });
});

describe('the events of a product', () => {
  const tell = (): Promise<void> => service.app.get(AvailabilityTelling).tellChanges();
  /** The newest event, once what other tests made of their products is told. */
  const newestOfAll = async (): Promise<number> => {
    await tell();
    await untilEventsHaveNumbers();
    return newestEvent(service);
  };
  /** As if what was told had been told a while ago. */
  const passSilence = () => execute('UPDATE product_availability SET told_at = told_at - INTERVAL 1 MINUTE');
  const told = async (after: number, count: number) => {
    const events = await eventsUntil(service, after, (found) => found.length >= count);
    return events.map(({ data }) => data);
  };

  it('tell that it has sold out, and that there are units again, once whoever looks', async () => {
    const after = await newestOfAll();
    const another = await startService();
    const { id } = await createProduct(service, { stock_total: 2 });
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    await Promise.all([service, another].map(({ app }) => app.get(AvailabilityTelling).tellChanges()));
    await tell();
    const [event] = await eventsUntil(service, after, (found) => found.length >= 1);
    expect(event).toMatchObject({ version: null, data: { product_id: id, available: 0, is_sold_out: true } });
    expect(event!.type).toBe('product.availability');
    expect(schemaChecker(document)(webhookSchema(document, event!.type), event)).toEqual([]);
    await giveBack(service, hold.hold_id);
    await passSilence();
    await Promise.all([service, another].map(({ app }) => app.get(AvailabilityTelling).tellChanges()));
    expect(await told(after + 1, 1)).toEqual([{ product_id: id, available: 2, is_sold_out: false }]);
    expect(await newestEvent(service)).toBe(after + 2);
  });

  it('come at most once a second, and the last of them is what is so', async () => {
    const after = await newestOfAll();
    const { id } = await createProduct(service, { stock_total: 1 });
    const hold = await createHold(service, { product_id: id });
    await tell();
    await execute('UPDATE product_availability SET told_at = NOW(3) + INTERVAL 1 HOUR WHERE product_id = ?', [id]);
    await giveBack(service, hold.hold_id);
    await tell();
    await createHold(service, { product_id: id });
    const path = `/api/admin/products/${id}/restock`;
    taken(await service.call('POST', path, { units: 3 }, adminHeaders(service)), 200);
    await tell();
    expect(await told(after, 1)).toEqual([{ product_id: id, available: 0, is_sold_out: true }]);
    await execute('UPDATE product_availability SET told_at = NOW(3) - INTERVAL 1 MINUTE WHERE product_id = ?', [id]);
    await tell();
    expect(await told(after + 1, 1)).toEqual([{ product_id: id, available: 3, is_sold_out: false }]);
  });

  it('wait for nobody who has the product, and nobody waits for them', async () => {
    const after = await newestOfAll();
    const { id } = await createProduct(service, { stock_total: 0 });
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [id]);
      await tell();
      expect(await told(after, 1)).toEqual([{ product_id: id, available: 0, is_sold_out: true }]);
    });
  });

  it('are told by the clock', async () => {
    const after = await newestOfAll();
    const scheduler = await startService({ ROLES: 'scheduler' });
    const { id } = await createProduct(service, { stock_total: 0 });
    expect(await told(after, 1)).toEqual([{ product_id: id, available: 0, is_sold_out: true }]);
    await scheduler.stop();
  });
});

describe('the feed', () => {
  it('is read on from where the reader was, and can be asked for some types alone', async () => {
    const after = await newestEvent(service);
    for (let n = 0; n < 3; n++) await createPaidOrder(service);
    const all = await eventsUntil(service, after, (found) => found.length >= 6, 2);
    expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6].map((n) => after + n));
    const paid = await readEvents(service, `?after=${after}&types=order.paid,order.refunded`);
    expect(paid.items).toEqual(all.filter(({ type }) => type === 'order.paid'));
    expect(paid.last_sequence).toBe(after + 6);
    expect(await readEvents(service, `?after=${after}&types=order.refunded`)).toEqual({
      items: [],
      last_sequence: after + 6,
    });
  });

  it('answers who waits as soon as there is an event of his', async () => {
    const another = await startService({ ROLES: 'api' });
    const after = await newestEvent(service);
    const waiting = [service, another].map((one) => readEvents(one, `?after=${after}&types=order.paid&wait=30`));
    const order = await createPaidOrder(service);
    for (const { items } of await Promise.all(waiting)) {
      expect(items).toMatchObject([{ type: 'order.paid', data: { order_id: order.order_id } }]);
    }
  });

  it('answers who waits in vain with nothing', async () => {
    const after = await newestEvent(service);
    expect(await readEvents(service, `?after=${after}&wait=1`)).toEqual({ items: [], last_sequence: after });
  });

  it('says so where what was not read yet is kept no more', async () => {
    const after = await newestEvent(service);
    await createPaidOrder(service);
    await eventsUntil(service, after, (found) => found.length >= 2);
    await execute('UPDATE events SET created_at = NOW(3) - INTERVAL 91 DAY WHERE sequence <= ?', [after + 1]);
    await service.app.get(RetentionService).purge();
    const gone = await requestEvents(service, `?after=${after}`);
    expectProblem(gone, 'EVENTS_GONE');
    expect(gone.body).toMatchObject({ oldest_sequence: after + 2 });
    expect((await readEvents(service, `?after=${after + 1}`)).items).toHaveLength(1);
    expect((await readEvents(service, '')).items[0]).toMatchObject({ sequence: after + 2 });
  });

  it.each(['?after=-1', '?after=x', '?types=order.lost', '?types=', '?limit=0', '?limit=1001', '?wait=31', '?from=1'])(
    'refuses %s',
    async (wrong) => {
      expectProblem(await requestEvents(service, wrong), 'VALIDATION_FAILED');
    },
  );

  it('is open to keys with its scope', async () => {
    for (const scope of ['events', 'read']) {
      const key = await createKey(service, [scope]);
      expect((await service.call('GET', '/api/admin/events', undefined, keyHeaders(key))).status).toBe(200);
    }
    const key = await createKey(service, ['products']);
    expectProblem(await service.call('GET', '/api/admin/events', undefined, keyHeaders(key)), 'SCOPE_MISSING');
  });
});
