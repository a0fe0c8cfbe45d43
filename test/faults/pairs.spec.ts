import { beforeAll, expect, it } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { ProductsService } from '../../src/products/products.service.js';
import { query, withConnection } from '../support/database.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  hex,
  noticeOf,
  notify,
  type Order,
  requestHold,
  requestOrder,
} from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

/**
 * Each path that changes rows of a sale against each other one, and against itself, on the same rows and in two
 * instances. Whatever the order, each call ends with an answer that is not a failure, and the stock adds up.
 */
let first: Service;
let second: Service;

beforeAll(async () => {
  [first, second] = await Promise.all([startService({ ROLES: 'api' }), startService({ ROLES: 'api' })]);
});

/** What all paths of a round meet at: made anew for each. */
interface Rows {
  readonly product: number;
  readonly hold: string;
  readonly expired: string;
  readonly pending: Order;
  readonly due: Order;
  readonly cancelled: Order;
  readonly paid: Order;
}

async function makeRows(): Promise<Rows> {
  const { id: product } = await createProduct(first, { stock_total: 12 });
  const [hold, expired] = [
    await createHold(first, { product_id: product }),
    await createHold(first, { product_id: product }),
  ];
  const [pending, due, cancelled] = [
    await createOrder(first, { product_id: product }),
    await createOrder(first, { product_id: product }),
    await createOrder(first, { product_id: product }),
  ];
  const paid = await createPaidOrder(first, { product_id: product, quantity: 4 });
  await notify(first, noticeOf(cancelled, { status: 'failed' }));
  await expireHolds(expired.hold_id);
  await query('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND, due_at = payment_due_at WHERE id = ?', [
    due.order_id,
  ]);
  return { product, hold: hold.hold_id, expired: expired.hold_id, pending, due, cancelled, paid };
}

type Path = (service: Service, rows: Rows) => Promise<unknown>;

/** A call must not answer that the service failed, or that it could not. */
async function orderly(call: Promise<{ status: number; text: string }>): Promise<void> {
  const { status, text } = await call;
  if (status >= 500) throw new Error(text);
}

function operate(service: Service, { order_id }: Order, verb: string, body?: unknown): Promise<Answer> {
  return service.call('POST', `/api/admin/orders/${order_id}/${verb}`, body, adminHeaders(service));
}

const PATHS: Readonly<Record<string, Path>> = {
  hold: (service, { product }) => orderly(requestHold(service, product, 4)),
  order: (service, { hold }) => orderly(requestOrder(service, hold)),
  'give-back of a hold': (service, { hold }) => orderly(giveBack(service, hold)),
  'give-back of an order': (service, { pending }) => orderly(giveBack(service, pending.hold_id)),
  payment: (service, { pending }) => orderly(notify(service, noticeOf(pending))),
  'failed payment': (service, { pending }) => orderly(notify(service, noticeOf(pending, { status: 'failed' }))),
  'late payment': (service, { cancelled }) => orderly(notify(service, noticeOf(cancelled))),
  release: (service, { product }) => service.app.get(Releasing).releaseExpiredHolds(product),
  deadline: (service) => service.app.get(Cancelling).cancelDueOrders(),
  'cancellation by an operator': (service, { pending }) => orderly(operate(service, pending, 'cancel')),
  return: (service, { paid }) => orderly(operate(service, paid, 'return', { quantity: 1, restock: true })),
  restock: (service, { product }) => service.app.get(ProductsService).restockProduct(actOfCli(), product, 1),
  retention: (service) => service.app.get(RetentionService).purge(),
};

const PAIRS = Object.keys(PATHS).flatMap((one, index, names) =>
  names.slice(index).map((other) => [one, other] as const),
);

/** Both at once, several of each. */
async function collide(one: Path, other: Path, rows: Rows): Promise<string[]> {
  const started = [first, second, first, second].flatMap((service) => [one(service, rows), other(service, rows)]);
  const settled = await Promise.allSettled(started);
  return settled.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
}

it.each(PAIRS)('%s against %s: all are answered and the stock adds up', async (one, other) => {
  const rows = await makeRows();
  expect(await collide(PATHS[one]!, PATHS[other]!, rows)).toEqual([]);
  await expectStockIdentity(rows.product);
});

it('sees a deadlock where there is one: two rows, locked in both orders', async () => {
  const [one, two] = [await createHold(first), await createHold(first)];
  const lock = 'SELECT id FROM holds WHERE id = UNHEX(?) FOR UPDATE';
  await withConnection((a) =>
    withConnection(async (b) => {
      for (const connection of [a, b]) await connection.query('START TRANSACTION');
      await a.query(lock, [hex(one.hold_id)]);
      await b.query(lock, [hex(two.hold_id)]);
      const crossed = await Promise.allSettled([
        a.query(lock, [hex(two.hold_id)]).finally(() => a.query('ROLLBACK')),
        b.query(lock, [hex(one.hold_id)]).finally(() => b.query('ROLLBACK')),
      ]);
      const failed = crossed.filter((result) => result.status === 'rejected');
      expect(failed.map(({ reason }) => (reason as { errno: number }).errno)).toEqual([1213]);
    }),
  );
});
