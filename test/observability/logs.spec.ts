import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execute, whilePoisoned, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  createHold,
  createOrder,
  createProduct,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { type Service, startService } from '../support/service.js';

const SECRETS = { ADMIN_TOKEN: 'the-admin-token-of-the-tests', WEBHOOK_SECRETS: 'the-webhook-secret-of-the-tests' };

/** What a statement looks like; class and file names in a stack do not. */
const SQL = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[`\w*]+|\bFOR UPDATE\b|\bVALUES\s*\(/;

let service: Service;
let log: LogCapture;
beforeAll(async () => {
  service = await startService();
});
beforeEach(() => {
  log = new LogCapture(service.config);
});

describe('the log', () => {
  it('is one JSON object a line, with time, level, context and message', () => {
    new Logger('Test').log({ figure: 1 }, 'Something happened');
    expect(log.lines).toEqual([
      { level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/), context: 'Test', figure: 1, msg: 'Something happened' },
    ]);
  });

  it('names the request that failed', async () => {
    const { hold_id } = await createHold(service);
    const headers = { 'x-request-id': 'the-one-that-failed' };
    await whilePoisoned(hold_id, async () => {
      expect((await service.call('POST', '/api/orders', { hold_id }, headers)).status).toBe(500);
    });
    expect(log.lines).toContainEqual(
      expect.objectContaining({ requestId: 'the-one-that-failed', level: 50, msg: 'Unexpected error' }),
    );
  });

  it('tells of contention and retries with their figures', async () => {
    const { id } = await createProduct(service);
    let hold: Promise<unknown> = Promise.resolve();
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [id]);
      hold = requestHold(service, id);
      await eventually(() => expect(log.text).toContain('A batch is retried'));
    });
    await hold;
    const retried = log.lines.find(({ msg }) => msg === 'A batch is retried')!;
    expect(retried).toMatchObject({ groupCommit: 'holds', batchSize: 1, contention: 'lock_wait' });
    expect(log.lines).toContainEqual(
      expect.objectContaining({ msg: 'A request took long', route: '/api/holds', seconds: expect.any(Number) }),
    );
  });

  it('tells of a batch that is halved, and of notices that came again', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order);
    await notify(service, notice);
    await notify(service, notice);
    expect(log.lines).toContainEqual(expect.objectContaining({ duplicates: 1, notices: 1 }));
    await eventually(async () => {
      const holds = await Promise.all(Array.from({ length: 3 }, () => createHold(service)));
      await whilePoisoned(holds[2]!.hold_id, async () => {
        await Promise.all(holds.map((hold) => requestOrder(service, hold.hold_id)));
      });
      expect(log.lines).toContainEqual(
        expect.objectContaining({ groupCommit: 'orders', batchSize: expect.any(Number), msg: 'A batch is halved' }),
      );
    });
  });

  it('has no secret, no body and no statement, however deep they are in what is logged', () => {
    const error = Object.assign(new Error('It failed'), {
      sql: 'SELECT secret FROM vault',
      sqlMessage: 'near SELECT',
      parameters: [SECRETS.ADMIN_TOKEN],
      query: 'SELECT 1 FROM vault',
      config: { password: SECRETS.WEBHOOK_SECRETS },
    });
    const wrapped = new Error('Outer', { cause: error });
    const quoted = new Error("You have an error in your SQL syntax near 'SELECT secret FROM vault' at line 1");
    const request = {
      headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}`, cookie: SECRETS.ADMIN_TOKEN },
      body: { card: 4242 },
    };
    const logger = new Logger('Test');
    for (const err of [error, wrapped, quoted]) logger.error({ err }, 'An error');
    logger.warn({ ...request }, 'A request');
    logger.warn({ request, token: SECRETS.ADMIN_TOKEN, nested: { secret: SECRETS.WEBHOOK_SECRETS } }, 'A request');
    expect(log.lines).toHaveLength(5);
    for (const secret of [...Object.values(SECRETS), '4242', 'vault']) expect(log.text).not.toContain(secret);
    expect(log.text).not.toMatch(SQL);
  });

  it('has none of them after the worst that clients can do', async () => {
    const signed = await startService(SECRETS);
    log = new LogCapture(service.config);
    const { id } = await createProduct(signed);
    // With a letter that no id of a request has.
    await signed.call('POST', '/api/payments/webhook', {
      order_id: 1,
      status: 'success',
      transaction_id: 'card-k4242',
    });
    await signed.call('POST', '/api/holds', '{"product_id": "k4242', {
      authorization: `Bearer ${SECRETS.ADMIN_TOKEN}`,
    });
    await signed.call(
      'POST',
      '/api/admin/products',
      { name: "k4242'; DROP TABLE holds; --" },
      { authorization: 'Bearer k4242' },
    );
    await execute('ALTER TABLE holds RENAME TO holds_away');
    expect((await requestHold(signed, id)).status).toBe(500);
    await execute('ALTER TABLE holds_away RENAME TO holds');
    expect(log.text).toContain('Unexpected error');
    for (const secret of [...Object.values(SECRETS), 'k4242']) expect(log.text).not.toContain(secret);
    expect(log.text).not.toMatch(SQL);
  });
});
