import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { makeDemoSale } from '../../src/cli/demo-command.js';
import { listen, type ListenOptions } from '../../src/cli/listen-command.js';
import { OrderListRepository } from '../../src/operations/orders/order-list.repository.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { StockAuditRepository } from '../../src/operations/stock-audit.repository.js';
import { driftOf, StockAuditService } from '../../src/operations/stock-audit.service.js';
import { runCli } from '../support/cli.js';
import { execute, query } from '../support/database.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  hex,
  inSeconds,
  type Sale,
  requestHold,
  requestOrder,
  stockOf,
  UNKNOWN_ID,
  taken,
  unique,
} from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { Receiver } from '../support/receiver.js';
import { PATIENT, type Service, startService } from '../support/service.js';

/** `listen` in a process of its own, as a developer has it, and a receiver that holds its answers back. */
async function startListening() {
  const receiver = await Receiver.start();
  const held: ServerResponse[] = [];
  receiver.behave = (_, response) => void held.push(response);
  const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [main, 'listen', '--forward', receiver.url], { cwd: tmpdir(), env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const interrupt = (): boolean => child.kill('SIGINT');
  return { receiver, held, output: () => output, interrupt, ended: once(child, 'exit') };
}

// Of the commands too, which ask queues once.
process.env.REDIS_COMMAND_TIMEOUT_MS = PATIENT.REDIS_COMMAND_TIMEOUT_MS;

describe('the operator', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('releases what is due with holds:expire', async () => {
    const product = await createProduct(service, { stock_total: 3 });
    const { hold_id } = await createHold(service, { product_id: product.id, quantity: 3 });
    await expireHolds(hold_id);
    const { code, output } = await runCli(['holds:expire']);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('1 expired holds released') });
    expect(await stockOf(product.id)).toMatchObject({ available: 3 });
  });

  it('makes a sale to look at, which opens in a moment', async () => {
    const { code, output } = await runCli(['sale:demo', '--in', '60']);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('opens in 60 seconds') });
    const id = /Sale (\d+) opens/.exec(output)![1]!;
    const { body } = await service.call('GET', `/api/sales/${id}`);
    expect(body).toMatchObject({ state: 'scheduled' });
    expect(body.products).toHaveLength(6);
    expect(await runCli(['sales:end', id])).toMatchObject({ code: 0 });
    const production = { ...service.config, appEnv: 'production' as const };
    await expect(makeDemoSale(production, { in: 1 })).rejects.toThrow('production');
  });

  it('makes a sale, puts products into it, and pauses, resumes and ends it', async () => {
    const name = unique('sale');
    const made = await runCli(['sales:create', '--name', name, '--ends', inSeconds(3600), '--max-per-customer', '3']);
    expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/Sale \d+ is made/) });
    const id = /Sale (\d+) is made/.exec(made.output)![1]!;
    const product = ['--name', unique('product'), '--price', '1.00', '--stock', '5', '--sku', unique('sku')];
    const limited = ['--sale', id, '--max-per-customer', '2'];
    expect(await runCli(['products:create', ...product, ...limited])).toMatchObject({ code: 0 });
    // As numbers are once a backup was restored.
    expect(await runCli(['sales:pause', '1000000000001'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('There is no sale 1000000000001'),
    });
    expect(await runCli(['products:create', ...product, '--sale', '0'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('sale_id'),
    });
    for (const [command, state] of [
      ['sales:pause', 'paused'],
      ['sales:resume', 'open'],
      ['sales:end', 'ended'],
    ] as const) {
      expect(await runCli([command, id])).toMatchObject({ code: 0, output: expect.stringMatching(` ${state} `) });
      const sale = await service.call('GET', `/api/admin/sales/${id}`, undefined, adminHeaders(service));
      expect(taken<Sale>(sale, 200)).toMatchObject({
        state,
        terms: { max_per_customer: 3 },
        products: [{ stock_total: 5, max_per_customer: 2 }],
      });
    }
    expect(await runCli(['sales:resume', id])).toMatchObject({ code: 1, output: expect.stringMatching(/has ended/) });
    const listed = await runCli(['sales:list']);
    expect(listed).toMatchObject({ code: 0, output: expect.stringContaining(name) });
    const naive = await runCli(['sales:create', '--name', 'x', '--starts', '2026-11-27T12:00:00']);
    expect(naive).toMatchObject({ code: 1, output: expect.stringContaining('offset from UTC') });
  });

  it('makes a sale in which groups of buyers begin before the others', async () => {
    const [staff, members, starts] = [inSeconds(1200), inSeconds(2400), inSeconds(3600)];
    const early = ['--early', `staff=${staff}`, '--early', `members=${members}`];
    const made = await runCli(['sales:create', '--name', unique('sale'), '--starts', starts, ...early]);
    const id = /Sale (\d+) is made/.exec(made.output)?.[1];
    const { body } = await service.call('GET', `/api/admin/sales/${id}`, undefined, adminHeaders(service));
    expect(body).toMatchObject({
      terms: {
        early: [
          { group: 'staff', starts_at: staff },
          { group: 'members', starts_at: members },
        ],
      },
    });
  });

  it('finds an order with orders:list, cancels it, and returns units of a paid one', async () => {
    const reference = unique('ref');
    const { hold_id } = await createHold(service);
    const { body: order } = await service.call('POST', '/api/orders', { hold_id, reference });
    const found = await runCli(['orders:list', '--reference', reference]);
    expect(found).toMatchObject({ code: 0, output: expect.stringContaining(reference) });
    expect(await runCli(['orders:cancel', String(order.order_id)])).toMatchObject({ code: 0 });
    const cancelled = await runCli(['orders:list', '--reference', reference, '--status', 'cancelled']);
    expect(cancelled.output).toMatch(new RegExp(`^${String(order.order_id)} .*cancelled`, 'm'));
    const paid = await createPaidOrder(service, { quantity: 3 });
    const give = (...options: string[]) => runCli(['orders:return', String(paid.order_id), ...options]);
    expect(await give('--restock', 'no', '--quantity', '1')).toMatchObject({ code: 0 });
    expect(await give('--restock', 'yes', '--amount', '1.00')).toMatchObject({ code: 0 });
    expect(await stockOf(paid.product_id)).toMatchObject({ stock_total: 9, stock_sold: 0, available: 9 });
    expect(await give('--restock', 'yes')).toMatchObject({ code: 1, output: expect.stringMatching(/have come back/) });
    expect(await give('--quantity', '1')).toMatchObject({ code: 1, output: expect.stringMatching(/restock/) });
    expect(await runCli(['orders:list', '--reference', 'nobody'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('no such orders'),
    });
    await expectStockIdentity(paid.product_id);
  });

  it('finds with orders:list what more orders lie before than are looked at for a page', async () => {
    const { hold_id, order_id } = await createOrder(service);
    await giveBack(service, hold_id);
    for (let newer = 0; newer < 12; newer++) await createOrder(service);
    const list = service.app.get(OrderListRepository, { strict: false });
    const { findEdge } = OrderListRepository.prototype;
    jest.spyOn(OrderListRepository.prototype, 'isRare').mockResolvedValue(false);
    jest.spyOn(OrderListRepository.prototype, 'findEdge').mockImplementation((range) => findEdge.call(list, range, 1));
    const { output } = await runCli(['orders:list', '--status', 'cancelled']);
    expect(output).toMatch(new RegExp(`^${order_id} .*cancelled`, 'm'));
  });

  it('takes a product off sale with products:archive: no hold, while what was held goes on', async () => {
    const { id } = await createProduct(service, { stock_total: 3 });
    const { hold_id } = await createHold(service, { product_id: id });
    const { code, output } = await runCli(['products:archive', String(id)]);
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Product ${id} is on sale no more.`),
    });
    expectProblem(await requestHold(service, id), 'PRODUCT_NOT_ON_SALE');
    expect((await requestOrder(service, hold_id)).status).toBe(201);
    expect(await runCli(['products:archive', String(UNKNOWN_ID)])).toMatchObject({
      code: 1,
      output: expect.stringContaining(`There is no product ${UNKNOWN_ID}`),
    });
  });

  it('sees no drift in a sale with every kind of hold and order', async () => {
    const product = await createProduct(service, { stock_total: 20 });
    await createHold(service, { product_id: product.id, quantity: 2 });
    await createOrder(service, { product_id: product.id, quantity: 3 });
    await createPaidOrder(service, { product_id: product.id, quantity: 4 });
    const back = await createOrder(service, { product_id: product.id, quantity: 5 });
    await giveBack(service, back.hold_id);
    const { code, output } = await runCli(['stock:audit']);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('No drift') });
  });

  it('is shown a drift, can repair it, and the check by the clock only tells of it', async () => {
    const product = await createProduct(service, { stock_total: 20 });
    await createPaidOrder(service, { product_id: product.id, quantity: 4 });
    await execute('UPDATE products SET stock_held = 3, stock_sold = 5 WHERE id = ?', [product.id]);
    const scheduler = await startService({ ROLES: 'scheduler', STOCK_AUDIT_CRON: '* * * * * *' });
    const audit = scheduler.app.get(StockAuditService);
    await eventually(() => expect(audit.drift).toBe(4));
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 3, stock_sold: 5 });

    const found = await runCli(['stock:audit', '--product', String(product.id)]);
    expect(found.code).toBe(1);
    expect(found.output).toMatch(/drift/);
    const repaired = await runCli(['stock:audit', '--product', String(product.id), '--repair']);
    expect(repaired).toMatchObject({ code: 0, output: expect.stringContaining('Repaired') });
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, stock_sold: 4 });
    expect((await runCli(['stock:audit'])).code).toBe(0);
    await eventually(() => expect(audit.drift).toBe(0));
    await scheduler.stop();
  });

  it('repairs a product while it is sold, and however long the recount takes', async () => {
    const impatient = await startService({ DB_STATEMENT_TIMEOUT_MS: '200' });
    const { id } = await createProduct(service, { stock_total: 20 });
    await createPaidOrder(service, { product_id: id, quantity: 4 });
    await execute('UPDATE products SET stock_held = stock_held + 3 WHERE id = ?', [id]);
    const repository = impatient.app.get(StockAuditRepository);
    const prove = repository.prove.bind(repository);
    jest.spyOn(repository, 'prove').mockImplementation(async (tx, productId) => {
      await tx.read('SELECT SLEEP(0.5)');
      const proofs = await prove(tx, productId);
      await createHold(service, { product_id: id, quantity: 2 });
      return proofs;
    });
    const audit = impatient.app.get(StockAuditService);
    // Two at once: one of them finds nothing left to mend.
    const proofs = await Promise.all([audit.repairStock(actOfCli(), id), audit.repairStock(actOfCli(), id)]);
    expect(proofs.map(driftOf).sort()).toEqual([0, 3]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 4, stock_sold: 4 });
    await expectStockIdentity(id);
    await impatient.stop();
  });

  it('never repairs toward overselling: the database refuses a sum above the total', async () => {
    const product = await createProduct(service, { stock_total: 5 });
    await createPaidOrder(service, { product_id: product.id, quantity: 4 });
    await execute('UPDATE products SET stock_sold = 2, stock_total = 3 WHERE id = ?', [product.id]);
    const { code, output } = await runCli(['stock:audit', '--product', String(product.id), '--repair']);
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining('products_never_oversold') });
    expect(await stockOf(product.id)).toMatchObject({ stock_total: 3, stock_sold: 2 });
    await execute('UPDATE products SET stock_sold = 4, stock_total = 5 WHERE id = ?', [product.id]);
  });

  it('sees queues, failed jobs with their reason, and puts them back in line', async () => {
    const queue = await queueOf(service, 'hold-expiry');
    const job = await queue.add('hold-expiry', { productId: 'not a number' }, { attempts: 1 });
    const worker = await startService({ ROLES: 'worker' });
    await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
    await worker.stop();
    expect(await runCli(['queue:status'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/hold-expiry +0 +0 +0 +\d+ +1/),
    });
    expect(await runCli(['queue:failed'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('Not an unsigned integer'),
    });
    expect(await runCli(['queue:retry', 'no-such-job'])).toMatchObject({ code: 1 });
    expect(await runCli(['queue:retry', job.id!])).toMatchObject({
      code: 0,
      output: expect.stringContaining('1 jobs are in line again'),
    });
    expect(await queue.getFailedCount()).toBe(0);
  });

  it('is shown what happens as it happens, and has it sent on, signed, once and whatever becomes of it', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const receiver = await Receiver.start();
    receiver.behave = ({ body }, response) => void response.writeHead(body.version === 1 ? 500 : 204).end('no room');
    const options: ListenOptions = { forward: receiver.url, secret, types: ['order.created', 'order.paid'] };
    await createPaidOrder(service);
    await untilEventsHaveNumbers();
    let output = '';
    const stream = jest.spyOn(process.stdout, 'write').mockImplementation((text) => (output += String(text)) !== '');
    const ending = new AbortController();
    const listening = listen(service.config, options, ending.signal);
    await eventually(() => expect(output).toContain(`signed with ${secret}`));
    const { order_id } = await createPaidOrder(service);
    await giveBack(service, (await createOrder(service)).hold_id);
    await eventually(() => expect(receiver.received).toHaveLength(3));
    ending.abort();
    await listening;
    stream.mockRestore();
    expect(receiver.received.map(({ body }) => [body.type, body.version])).toEqual([
      ['order.created', 1],
      ['order.paid', 2],
      ['order.created', 1],
    ]);
    expect(receiver.isSignedBy(secret)).toBe(true);
    const lines = output.split('\n').filter((line) => / evt_| TAKEN| taken/.test(line));
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(new RegExp(`^\\S+Z evt_\\d+ order.created v1 \\{.*"order_id":${order_id}\\b`)),
      expect.stringMatching(/^ {2}NOT TAKEN \(It answered 500, \d+ ms\): no room$/),
      expect.stringMatching(/^\S+Z evt_\d+ order.paid v2 \{/),
      expect.stringMatching(/^ {2}taken \(204, \d+ ms\)$/),
    ]);
    await receiver.stop();
    for (const wrong of [
      ['--forward', 'localhost:4000'],
      ['--secret', 'whsec_'],
      ['--types', 'order.lost'],
    ])
      expect(await runCli(['listen', ...wrong])).toMatchObject({ code: 1 });
  });

  it('ends what it is shown with Ctrl-C, once what is sent on is answered, or at once with a second one', async () => {
    const [patient, hasty] = await Promise.all([startListening(), startListening()]);
    for (const { output } of [patient, hasty]) await eventually(() => expect(output()).toContain('signed with'));
    // Two events, of which the first is under way.
    await createPaidOrder(service);
    await untilEventsHaveNumbers();
    for (const { held, output, interrupt } of [patient, hasty]) {
      await eventually(() => expect(held).toHaveLength(1));
      interrupt();
      await eventually(() => expect(output()).toContain('Ctrl-C again ends at once'));
    }
    hasty.interrupt();
    expect(await hasty.ended).toEqual([null, 'SIGINT']);
    patient.held[0]!.writeHead(204).end();
    expect(await patient.ended).toEqual([0, null]);
    expect(patient.output()).toMatch(/ {2}taken \(204, \d+ ms\)\n$/);
    expect([patient, hasty].map(({ held }) => held.length)).toEqual([1, 1]);
    await Promise.all([patient.receiver.stop(), hasty.receiver.stop()]);
  });

  it('finds rows gone that have served their time, and only those', async () => {
    const product = await createProduct(service, { stock_total: 50 });
    const old = await createHold(service, { product_id: product.id });
    const recent = await createHold(service, { product_id: product.id });
    const cancelled = await createOrder(service, { product_id: product.id });
    const paid = await createPaidOrder(service, { product_id: product.id });
    for (const { hold_id } of [old, recent, cancelled]) await giveBack(service, hold_id);
    const age = (holdId: string): Promise<number> =>
      execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 91 DAY WHERE id = UNHEX(?)', [hex(holdId)]);
    await Promise.all([age(old.hold_id), age(cancelled.hold_id), age(paid.hold_id)]);
    await execute(
      'UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 91 DAY, due_at = payment_due_at WHERE id IN (?, ?)',
      [cancelled.order_id, paid.order_id],
    );
    await execute('UPDATE webhook_logs SET processed_at = NOW(3) - INTERVAL 91 DAY WHERE order_id = ?', [
      paid.order_id,
    ]);
    const hold = { product_id: (await createProduct(service)).id, quantity: 1 };
    for (const key of ['the-old-key-of-this-test', 'the-recent-key-of-this-test'])
      await service.call('POST', '/api/holds', hold, { 'idempotency-key': key });
    await execute(
      "UPDATE idempotency_keys SET created_at = NOW(3) - INTERVAL 25 HOUR WHERE idempotency_key = 'the-old-key-of-this-test'",
    );
    await execute("INSERT INTO commit_marks (id) VALUES (UNHEX('019000000000700080000000000000aa'))");
    const purged = await service.app.get(RetentionService).purge();
    expect(purged).toMatchObject({ holds: 1, orders: 1, webhookLogs: 1, keys: 1 });
    const left = await query<{ id: string }>('SELECT LOWER(HEX(id)) AS id FROM holds WHERE product_id = ?', [
      product.id,
    ]);
    expect(left.map(({ id }) => id).sort()).toEqual([recent.hold_id, paid.hold_id].map(hex).sort());
    expect((await runCli(['stock:audit', '--product', String(product.id)])).code).toBe(0);
    const marks = await query<{ id: string }>('SELECT LOWER(HEX(id)) AS id FROM commit_marks');
    expect(marks.map(({ id }) => id)).not.toContain('019000000000700080000000000000aa');
    // Those of the purge itself are young.
    expect(marks.length).toBeGreaterThan(0);
  });
});
