import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, type Pool, type ResultSetHeader } from 'mysql2/promise';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { layCheckout } from '../support/checkout-folder.js';
import { execute } from '../support/database.js';
import { commandsOf, Shell } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import {
  adminHeaders,
  createEndpoint,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  expireHolds,
  type Hold,
  inSeconds,
  type Order,
  orderOf,
  refundsOf,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { createRefund, createReview } from '../support/payments.js';
import { queueOf } from '../support/queues.js';
import { PATIENT, type Service, startService } from '../support/service.js';

/**
 * Every command of docs/operating.md, run as it is printed by who was called for the alert of its section: what the alert
 * is about is there, so each command has something to find or to mend.
 */
const PAGE = 'docs/operating.md';
const checkout = mkdtempSync(join(tmpdir(), 'operating-'));

let service: Service;
let shell: Shell;
let pool: Pool;

// Of the commands too, which ask queues once.
process.env.REDIS_COMMAND_TIMEOUT_MS = PATIENT.REDIS_COMMAND_TIMEOUT_MS;

beforeAll(async () => {
  // Nobody does by the clock what the operator is called for.
  service = await startService({ ROLES: 'api' });
  const { DB_HOST: host, DB_PORT, DB_USERNAME: user, DB_PASSWORD: password = '', DB_DATABASE: database } = process.env;
  pool = createPool({ host, port: Number(DB_PORT), user, password, database });
  layCheckout(checkout);
  mkdirSync(join(checkout, 'deploy/secrets'));
  const secret = (name: string, value: string) => writeFileSync(join(checkout, 'deploy/secrets', name), `${value}\n`);
  secret('admin_token', service.config.adminToken);
  secret('db_root_password', password);
  const { DB_PASSWORD: _inFile, ...env } = process.env;
  const OPERATORS_PUBLISHED_PORT = new URL(service.url).port;
  shell = new Shell({ cwd: checkout, env: { ...env, DB_PASSWORD: password, OPERATORS_PUBLISHED_PORT } });
});

afterAll(async () => {
  await shell.close();
  await pool.end();
  rmSync(checkout, { recursive: true });
});

/** What a section's commands find, as the variables that they are told, and what they must say and do. */
interface Situation {
  arrange(): Promise<Record<string, number | string> | void>;
  expect(output: string, found: Record<string, number | string>): Promise<void> | void;
}

/** Nothing is wrong: the commands only look. */
const looksAt = (...figures: RegExp[]): Situation => ({
  arrange: () => Promise.resolve(),
  expect: (output) => figures.forEach((figure) => expect(output).toMatch(figure)),
});

/** Somebody's transaction that keeps a row locked, and the thread of it. */
async function lockProduct(id: number): Promise<number> {
  const connection = await pool.getConnection();
  // The thread is killed, and its connection with it.
  connection.on('error', () => undefined);
  await connection.query('START TRANSACTION');
  await connection.query('UPDATE products SET name = name WHERE id = ?', [id]);
  // InnoDB renews its list only when nobody has read it for a tenth of a second.
  await eventually(async () => {
    await pool.query('SELECT SLEEP(0.11)');
    const sql = 'SELECT 1 FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = ?';
    expect(await pool.query(sql, [connection.threadId])).toMatchObject([[{}], {}]);
  });
  return connection.threadId;
}

async function lockAProduct(): Promise<{ THREAD: number }> {
  return { THREAD: await lockProduct((await createProduct(service)).id) };
}

/** The thread was found, and is gone. */
async function isKilled(output: string, { THREAD }: Record<string, number | string>): Promise<void> {
  expect(output).toMatch(new RegExp(`^${THREAD}\t`, 'm'));
  await eventually(async () => {
    const [rows] = await pool.query('SELECT id FROM information_schema.processlist WHERE id = ?', [THREAD]);
    expect(rows).toEqual([]);
  });
}

/** Two transactions that lock two rows against each other. */
async function deadlock(): Promise<void> {
  const ids = [(await createProduct(service)).id, (await createProduct(service)).id];
  const pairs = await Promise.all(
    [ids, [...ids].reverse()].map(async ([first, second]) => {
      const connection = await pool.getConnection();
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [first]);
      return { connection, second };
    }),
  );
  const ends = await Promise.allSettled(
    pairs.map(async ({ connection, second }) => {
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [second]).finally(() => {
        void connection.query('ROLLBACK');
        connection.release();
      });
    }),
  );
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
}

async function failJob(): Promise<void> {
  const worker = await startService({ ROLES: 'worker' });
  const queue = await queueOf(worker, 'hold-expiry');
  await queue.add('hold-expiry', { productId: 'not a number' }, { attempts: 1 });
  await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
  await worker.stop();
}

let holdId: string;
let orderId: number;
let productId: number;
let saleId: number;

async function arrangeSale(): Promise<Record<string, number | string>> {
  const starts_at = inSeconds(3600);
  ({ id: saleId } = await createSale(service, { starts_at }));
  return { SALE: saleId, STARTS: starts_at, ENDS: inSeconds(7200) };
}

/** By the section that the commands stand in. */
const SITUATIONS: Readonly<Record<string, Situation>> = {
  'The tools': looksAt(/^$/),
  'Running a sale': {
    arrange: () => arrangeSale(),
    expect: async (output) => {
      expect(output).toMatch(/^Sale \d+ is made[^]*^Product \d+ is on sale[^]*Black Friday +scheduled/m);
      const { body: sale } = await service.call('GET', `/api/sales/${saleId}`);
      expect(sale).toMatchObject({ products: [{ sku: 'trainer-42', stock_total: 500 }] });
    },
  },
  'A whole sale from a file': looksAt(
    /^ {2}make {4}product poster: .*$[^]*with --plan nothing was[^]*All is as the file says\./m,
  ),
  'When something is wrong': {
    arrange: () => arrangeSale(),
    // Each block of the section finds a sale of its own.
    expect: async (output) => {
      const { body: sale } = await service.call('GET', `/api/sales/${saleId}`);
      if (output.includes('has ended')) return expect(sale).toMatchObject({ state: 'ended' });
      expect(output).toMatch(/is paused/);
      expect(output).toContain(`Sale ${saleId} is not paused.`);
      expect(sale).toMatchObject({ state: 'scheduled' });
    },
  },
  Orders: {
    arrange: async () => {
      const REFERENCE = unique('A');
      const { hold_id } = await createHold(service);
      const unpaid = taken<Order>(await service.call('POST', '/api/orders', { hold_id, reference: REFERENCE }), 201);
      const { order_id: ORDER } = await createPaidOrder(service, { quantity: 2 });
      return { REFERENCE, UNPAID: unpaid.order_id, ORDER };
    },
    expect: (output, { REFERENCE, UNPAID, ORDER }) => {
      if (output.includes('cancelled')) {
        expect(output).toContain(`Order ${UNPAID} is cancelled; its units are available again.`);
        expect(output).toContain(`Of order ${ORDER} 1 units count as sold`);
      } else expect(output.split(String(REFERENCE)).length).toBeGreaterThan(2);
    },
  },
  'Forgetting a customer': {
    arrange: async () => {
      const CUSTOMER = unique('c');
      const { id: product_id } = await createProduct(service);
      const hold = { product_id, quantity: 1, customer_id: CUSTOMER, expires_at: inSeconds(600) };
      ({ hold_id: holdId } = taken<Hold>(
        await service.call('POST', '/api/admin/holds', hold, adminHeaders(service)),
        201,
      ));
      await expireHolds(holdId);
      return { CUSTOMER };
    },
    expect: async (output) => {
      expect(output).toContain('Nothing names the customer any more.');
      const { body } = await service.call('GET', `/api/holds/${holdId}`, undefined, adminHeaders(service));
      expect(body).toMatchObject({ customer_id: expect.stringMatching(/^erased_/) });
      await service.app.get(Releasing).releaseExpiredHolds(Number(body.product_id));
    },
  },
  'API keys': {
    arrange: async () => {
      const body = { name: 'leaked', scopes: ['read'] };
      const { id } = taken<{ id: number }>(
        await service.call('POST', '/api/admin/keys', body, adminHeaders(service)),
        201,
      );
      return { KEY: id };
    },
    expect: (output, { KEY }) => {
      if (output.includes('fsk_')) expect(output).toMatch(/^fsk_\d+_[\w-]{43}\n[^]*warehouse .* read,products$/m);
      else expect(output).toContain(`API key ${KEY} is revoked.`);
    },
  },
  Events: looksAt(/"last_sequence":\d+\}/),
  Endpoints: {
    arrange: async () => {
      const { id } = await createEndpoint(service);
      const sql = `INSERT INTO webhook_deliveries (endpoint_id, sequence, status, attempts) VALUES (?, 1, 'failed', 10)`;
      const [{ insertId }] = await pool.query<ResultSetHeader>(sql, [id]);
      return { SHOP_HOOK: 'http://127.0.0.1:9/hook', ENDPOINT: id, DELIVERY: insertId };
    },
    expect: (output, { DELIVERY }) => {
      expect(output).toMatch(/"secret":"whsec_/);
      if (output.includes('"items"'))
        expect(output).toMatch(new RegExp(`\\{"id":${DELIVERY},"event_id":"evt_1",.*"status":"pending","attempts":0`));
    },
  },
  CheckoutEventsLag: { arrange: lockAProduct, expect: isKilled },
  CheckoutEndpointFailing: {
    arrange: async () => {
      const { id } = await createEndpoint(service);
      await pool.query('UPDATE webhook_endpoints SET failing_since = NOW(3) - INTERVAL 1 HOUR WHERE id = ?', [id]);
    },
    expect: (output) => expect(output).toMatch(/"failing_since":"20/),
  },
  'The audit log': looksAt(/^\{"items":\[\{"id":\d+,"actor":/),
  CheckoutFiguresMissing: looksAt(/^checkout_scrape_source_up\{source="\w+"\} 1$/m),
  // A busy Redis may have been left alone for a second.
  CheckoutNotReady: looksAt(/^\{"status":"(ok|degraded)"/),
  CheckoutPaymentProviderDown: looksAt(/^(task\t|$)/),
  CheckoutQueueStuck: looksAt(/^hold-expiry +\d/m),
  CheckoutLatencyP99: { arrange: lockAProduct, expect: isKilled },
  CheckoutJobsFailed: {
    arrange: failJob,
    expect: (output) => {
      expect(output).toContain('Not an unsigned integer');
      expect(output).toContain('1 jobs are in line again');
    },
  },
  CheckoutExpiryLag: {
    arrange: async () => {
      ({ hold_id: holdId } = await createHold(service));
      await expireHolds(holdId);
      const order = await createOrder(service);
      ({ hold_id: holdId } = order);
      await execute(
        'UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND, due_at = payment_due_at WHERE id = ?',
        [order.order_id],
      );
    },
    expect: async (output) => {
      expect(output).toContain('1 expired holds released, 1 unpaid orders cancelled.');
      expect(await orderOf(holdId)).toMatchObject([{ status: 'cancelled' }]);
    },
  },
  CheckoutDeadlocks: {
    arrange: deadlock,
    // The latest of the whole server, which others use too: it may be one of theirs.
    expect: (output) => expect(output).toMatch(/LATEST DETECTED DEADLOCK[^]*\(1\) TRANSACTION/),
  },
  CheckoutRefundsDue: {
    arrange: async () => ({ REFUND: await createRefund(service) }),
    expect: (output, { REFUND }) => {
      expect(output).toMatch(new RegExp(`^${REFUND} .*due`, 'm'));
      // The generic provider has no API that could send money.
      expect(output).toContain('"code":"REFUND_NOT_SENDABLE"');
      expect(output).toContain('"status":"sent"');
    },
  },
  CheckoutPaymentsInReview: {
    arrange: async () => {
      const [order, other] = [await createOrder(service), await createOrder(service)];
      orderId = other.order_id;
      ({ hold_id: holdId } = order);
      return { EVENT: await createReview(service, order), OTHER_EVENT: await createReview(service, other) };
    },
    expect: async (output, { EVENT }) => {
      expect(output).toMatch(new RegExp(`^\\{"items":\\[.*"id":${EVENT}\\b`));
      expect(await orderOf(holdId)).toMatchObject([{ status: 'paid' }]);
      expect(await refundsOf(orderId)).toMatchObject([{ status: 'due' }]);
    },
  },
  CheckoutDisputeOpen: {
    arrange: async () => {
      orderId = (await createPaidOrder(service)).order_id;
      await execute(
        "UPDATE payments SET disputed_at = NOW(3), dispute_status = 'open', dispute_reason = 'fraudulent' WHERE order_id = ?",
        [orderId],
      );
    },
    expect: (output) => {
      expect(output).toMatch(new RegExp(`"order_id":${orderId}\\b`));
      expect(output).toContain('"dispute_status":"open","dispute_reason":"fraudulent"');
    },
  },
  CheckoutStockDrift: {
    arrange: async () => {
      productId = (await createProduct(service)).id;
      await createPaidOrder(service, { product_id: productId, quantity: 4 });
      await execute('UPDATE products SET stock_held = 3 WHERE id = ?', [productId]);
    },
    expect: async (output) => {
      expect(output).toContain('The counters of 1 products drift');
      expect(output).toContain(`Repaired product ${productId}`);
      expect(await stockOf(productId)).toMatchObject({ stock_held: 0, stock_sold: 4 });
    },
  },
};

describe(PAGE, () => {
  const commands = commandsOf(PAGE, 'operator');

  it('has a situation here for each section with commands', () => {
    expect([...new Set(commands.map(({ heading }) => heading))].sort()).toEqual(Object.keys(SITUATIONS).sort());
  });

  it.each(commands)('prints commands that find what is wrong, and mend it: $heading', async ({ heading, code }) => {
    const situation = SITUATIONS[heading]!;
    const found = (await situation.arrange()) ?? {};
    for (const [name, value] of Object.entries(found)) await shell.run(`${name}=${value}`);
    await situation.expect(await shell.run(code), found);
  });
});
