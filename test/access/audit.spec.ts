import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { ApiKeys } from '../../src/access/api-keys.js';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import { AuditService } from '../../src/access/audit.service.js';
import type { AuditFields } from '../../src/access/audit.types.js';
import { Transactions } from '../../src/database/transactions.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { runCli } from '../support/cli.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createKey,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  keyHeaders,
  keyOf,
  noticeOf,
  notify,
  secretPart,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { createRefund, createReview, eventIdOf } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

interface Entry {
  id: number;
  actor: string;
  key_id: number | null;
  action: string;
  target: string;
  target_id: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string | null;
}

let service: Service;
beforeAll(async () => {
  service = await startService();
});

async function lastId(): Promise<number> {
  const [row] = await query<{ id: number | null }>('SELECT MAX(id) AS id FROM audit_log');
  return row!.id ?? 0;
}

/** What was noted while `work` ran, as the API tells it. */
async function notedBy(work: () => Promise<unknown>): Promise<Entry[]> {
  const before = await lastId();
  await work();
  const path = `/api/admin/audit?limit=100${before > 0 ? `&cursor=${before}` : ''}`;
  return taken<{ items: Entry[] }>(await service.call('GET', path, undefined, adminHeaders(service)), 200).items;
}

const act = (method: string, path: string, body?: unknown, headers = adminHeaders(service)): Promise<Answer> =>
  service.call(method, `/api/admin/${path}`, body, headers);

/** Every change of an operator's that is made by a call, ready to be made, with what is noted of it. */
interface Change {
  readonly call: { method: string; path: string; body?: unknown };
  readonly noted: Partial<Entry>;
}

const A_TEXT = expect.stringMatching(/\w/);

const A_TIME = expect.stringMatching(/^\d{4}-.*Z$/);

/** A product in no sale, as the audit log tells it. */
const ALONE = { currency: 'EUR', sku: null, sale_id: null, max_per_customer: null, archived: false };

const CHANGES: Readonly<Record<string, () => Promise<Change> | Change>> = {
  'a product that is made': () => {
    const body = { name: unique('product'), price: '5.00', stock_total: 7 };
    return {
      call: { method: 'POST', path: 'products', body },
      noted: { action: 'product.create', target: 'product', before: null, after: { ...body, ...ALONE } },
    };
  },
  'a product that is changed': async () => {
    const { id } = await createProduct(service);
    return {
      call: { method: 'PATCH', path: `products/${id}`, body: { price: '5.00', stock_total: 10, archived: true } },
      noted: {
        action: 'product.change',
        target_id: String(id),
        before: { price: '99.99', archived: false },
        after: { price: '5.00', archived: true },
      },
    };
  },
  'a product that is restocked': async () => {
    const { id } = await createProduct(service);
    return {
      call: { method: 'POST', path: `products/${id}/restock`, body: { units: 5 } },
      noted: {
        action: 'product.restock',
        target_id: String(id),
        before: { stock_total: 10 },
        after: { stock_total: 15 },
      },
    };
  },
  'a sale that is made': () => {
    const name = unique('sale');
    const starts_at = new Date(Date.now() + 3_600_000).toISOString();
    const times = { starts_at, ends_at: null, ended_at: null, paused_at: null };
    const limits = { max_per_customer: null, early: null };
    const periods = { hold_seconds: null, payment_seconds: null, processing_seconds: null };
    const terms = { ...periods, hold_extensions: null, show_stock: null, ...limits };
    return {
      call: { method: 'POST', path: 'sales', body: { name, starts_at } },
      noted: { action: 'sale.create', target: 'sale', before: null, after: { name, ...times, ...terms } },
    };
  },
  'a sale that is renamed': async () => {
    const { id, name } = await createSale(service);
    return {
      call: { method: 'PATCH', path: `sales/${id}`, body: { name: 'renamed' } },
      noted: { action: 'sale.change', target_id: String(id), before: { name }, after: { name: 'renamed' } },
    };
  },
  'a sale that is paused, with its products': async () => {
    const { id } = await createSale(service);
    for (let count = 0; count < 3; count++) await createProduct(service, { sale_id: id });
    return {
      call: { method: 'POST', path: `sales/${id}/pause` },
      noted: { action: 'sale.pause', before: { paused_at: null }, after: { paused_at: A_TIME } },
    };
  },
  'a sale that is resumed': async () => {
    const { id } = await createSale(service);
    taken(await act('POST', `sales/${id}/pause`), 200);
    return {
      call: { method: 'POST', path: `sales/${id}/resume` },
      noted: { action: 'sale.resume', before: { paused_at: A_TIME }, after: { paused_at: null } },
    };
  },
  'a sale that is ended': async () => {
    const { id } = await createSale(service);
    return {
      call: { method: 'POST', path: `sales/${id}/end` },
      noted: { action: 'sale.end', before: { ended_at: null }, after: { ended_at: A_TIME } },
    };
  },
  'an order that is cancelled': async () => {
    const { order_id } = await createOrder(service);
    return {
      call: { method: 'POST', path: `orders/${order_id}/cancel` },
      noted: {
        ...{ action: 'order.cancel', target: 'order', target_id: String(order_id) },
        before: { status: 'pending_payment', cancel_reason: null },
        after: { status: 'cancelled', cancel_reason: 'operator' },
      },
    };
  },
  'an order of which a unit is returned': async () => {
    const { order_id } = await createPaidOrder(service, { quantity: 2 });
    return {
      call: { method: 'POST', path: `orders/${order_id}/return`, body: { quantity: 1, restock: false } },
      noted: {
        ...{ action: 'order.return', target: 'order', target_id: String(order_id) },
        before: { quantity_sold: 2, returned: null },
        after: { quantity_sold: 1, returned: { quantity: 1, amount: '99.99', restock: false } },
      },
    };
  },
  'a refund that was sent': async () => {
    const id = await createRefund(service);
    return {
      call: { method: 'POST', path: `refunds/${id}/mark-sent` },
      noted: { action: 'refund.mark_sent', target: 'refund', before: { status: 'due' }, after: { status: 'sent' } },
    };
  },
  'a refund that has come': async () => ({
    call: { method: 'POST', path: `refunds/${await createRefund(service)}/confirm` },
    noted: { action: 'refund.confirm', before: { status: 'due' }, after: { status: 'confirmed' } },
  }),
  'a refund that did not arrive': async () => ({
    call: { method: 'POST', path: `refunds/${await createRefund(service)}/fail`, body: { reason: 'closed' } },
    noted: {
      action: 'refund.fail',
      before: { status: 'due', reason: null },
      after: { status: 'failed', reason: 'closed' },
    },
  }),
  'a payment event that is accepted': async () => ({
    call: { method: 'POST', path: `webhooks/${await createReview(service, await createOrder(service))}/accept` },
    noted: {
      action: 'payment_event.accept',
      target: 'payment_event',
      before: { status: 'review', outcome: 'review', reason: A_TEXT, order_status: 'pending_payment' },
      after: { status: 'processed', outcome: 'applied', reason: A_TEXT, order_status: 'paid' },
    },
  }),
  'a payment event that is owed back': async () => ({
    call: { method: 'POST', path: `webhooks/${await createReview(service, await createOrder(service))}/refund` },
    noted: {
      action: 'payment_event.refund',
      before: { status: 'review', outcome: 'review', reason: A_TEXT },
      after: { status: 'processed', outcome: 'applied', reason: A_TEXT },
    },
  }),
  'a payment event that is decided anew': async () => {
    const notice = noticeOf(await createOrder(service));
    taken(await notify(service, notice), 200);
    const id = await eventIdOf(service, keyOf(notice));
    // As if it had waited for its order for too long.
    await execute("UPDATE webhook_logs SET status = 'unmatched', outcome = NULL WHERE id = ?", [id]);
    return {
      call: { method: 'POST', path: `webhooks/${id}/replay` },
      noted: {
        action: 'payment_event.replay',
        before: expect.objectContaining({ status: 'unmatched' }),
        after: expect.objectContaining({ status: 'processed' }),
      },
    };
  },
  'a key that is made': () => ({
    call: { method: 'POST', path: 'keys', body: { name: 'made', scopes: ['read'] } },
    noted: { action: 'api_key.create', target: 'api_key', before: null, after: { name: 'made', scopes: ['read'] } },
  }),
  'a key that is revoked': async () => {
    const { id } = await createKey(service);
    return {
      call: { method: 'DELETE', path: `keys/${id}` },
      noted: { action: 'api_key.revoke', target_id: String(id), before: { revoked: false }, after: { revoked: true } },
    };
  },
};

const each = Object.entries(CHANGES);

/** Runs `work` while the database takes no row of the audit log. */
async function whileNothingIsNoted(work: () => Promise<void>): Promise<void> {
  await execute(
    `CREATE TRIGGER no_audit BEFORE INSERT ON audit_log FOR EACH ROW
     SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644`,
  );
  try {
    await work();
  } finally {
    await execute('DROP TRIGGER no_audit');
  }
}

/** All that operators change. */
function contents(): Promise<unknown[]> {
  const tables = ['products', 'sales', 'refunds', 'payments', 'webhook_logs', 'orders', 'api_keys'];
  return Promise.all(tables.map((table) => query(`SELECT * FROM ${table}`)));
}

describe.each(each)('%s', (_what, arrange) => {
  it('is noted once, with who, what, before, after and the request', async () => {
    const { call, noted } = await arrange();
    let answer: Answer | undefined;
    const entries = await notedBy(async () => (answer = await act(call.method, call.path, call.body)));
    expect(answer!.status).toBeLessThan(300);
    expect(entries).toEqual([
      expect.objectContaining({
        actor: 'root',
        key_id: null,
        request_id: answer!.headers.get('x-request-id'),
        ...noted,
      }),
    ]);
  });

  it('is noted with the key that made it', async () => {
    const { call, noted } = await arrange();
    const key = await createKey(service, ['products', 'sales', 'orders', 'refunds', 'keys', 'read']);
    const entries = await notedBy(() => act(call.method, call.path, call.body, keyHeaders(key)));
    expect(entries).toEqual([expect.objectContaining({ actor: key.name, key_id: key.id, action: noted.action })]);
    // That it was used is written later, and would be a change in the next test.
    await service.app.get(ApiKeys).beforeApplicationShutdown();
  });

  it('does not happen when it can not be noted', async () => {
    const { call } = await arrange();
    const before = await contents();
    await whileNothingIsNoted(async () => {
      expectProblem(await act(call.method, call.path, call.body), 'INTERNAL_ERROR');
    });
    expect(await contents()).toEqual(before);
  });
});

describe('nothing is noted', () => {
  it('of what is refused, is the case already, or is asked for again by its key', async () => {
    const { id } = await createProduct(service);
    const refund = await createRefund(service);
    taken(await act('POST', `refunds/${refund}/mark-sent`), 200);
    const keyed = { ...adminHeaders(service), 'idempotency-key': unique('key') };
    taken(await act('POST', `products/${id}/restock`, { units: 5 }, keyed), 200);
    const key = await createKey(service);
    expect((await act('DELETE', `keys/${key.id}`)).status).toBe(204);
    const entries = await notedBy(async () => {
      expectProblem(await act('PATCH', `products/${id}`, { price: '1e9' }), 'VALIDATION_FAILED');
      expectProblem(await act('POST', `products/${id}/restock`, { units: -99 }), 'STOCK_BELOW_COMMITTED');
      taken(await act('PATCH', `products/${id}`, { price: '99.99' }), 200);
      taken(await act('POST', `products/${id}/restock`, { units: 5 }, keyed), 200);
      taken(await act('POST', `refunds/${refund}/mark-sent`), 200);
      expect((await act('DELETE', `keys/${key.id}`)).status).toBe(204);
      expectProblem(await act('DELETE', 'keys/999999999'), 'KEY_NOT_FOUND');
    });
    expect(entries).toEqual([]);
  });
});

describe('when a COMMIT gets no answer', () => {
  let proxy: DatabaseProxy;
  let fragile: Service;
  beforeAll(async () => {
    proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    fragile = await startService(proxy.env);
  });
  afterAll(async () => {
    await fragile.stop();
    await proxy.goAway();
  });

  it.each(
    each.flatMap(([what, arrange]) => (['reply', 'commit'] as const).map((loses) => [what, loses, arrange] as const)),
  )('%s is noted once: the %s is lost', async (_what, loses, arrange) => {
    const { call, noted } = await arrange();
    const entries = await notedBy(async () => {
      await untilEventsHaveNumbers();
      proxy.cutNextCommits(loses);
      const answer = await fragile.call(call.method, `/api/admin/${call.path}`, call.body, adminHeaders(fragile));
      expect(answer.status).toBeLessThan(300);
      expect(proxy.cuts).toBe(1);
    });
    expect(entries).toEqual([expect.objectContaining(noted)]);
  });

  it('a key that was made counts, and is the only one', async () => {
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('reply');
    const name = unique('key');
    const { key } = await fragile.app.get(ApiKeysService).createKey(actOfCli(), { name, scopes: ['read'] });
    expect((await service.call('GET', '/api/admin/refunds', undefined, keyHeaders({ key }))).status).toBe(200);
    expect(await query('SELECT id FROM api_keys WHERE name = ?', [name])).toHaveLength(1);
  });
});

describe('the commands', () => {
  it('note what they change as done by cli', async () => {
    const { id } = await createProduct(service);
    const drifted = (await createProduct(service)).id;
    await createPaidOrder(service, { product_id: drifted, quantity: 2 });
    await execute('UPDATE products SET stock_held = 3 WHERE id = ?', [drifted]);
    const run = async (...args: string[]): Promise<string> => {
      const { code, output } = await runCli(args);
      expect({ args, code, output }).toMatchObject({ code: 0 });
      return output;
    };
    const entries = await notedBy(async () => {
      await run('products:create', '--name', 'By hand', '--price', '1.00', '--stock', '3');
      await run('products:restock', String(id), '5');
      await run('products:archive', String(id));
      await run('stock:audit', '--product', String(drifted), '--repair');
      const [, key] = /^fsk_(\d+)_/m.exec(await run('keys:create', '--name', 'By hand', '--scopes', 'read'))!;
      await run('keys:revoke', key!);
    });
    expect(
      entries.map(({ actor, request_id, action, before, after }) => ({ actor, request_id, action, before, after })),
    ).toEqual(
      [
        {
          action: 'product.create',
          before: null,
          after: { name: 'By hand', price: '1.00', stock_total: 3, ...ALONE },
        },
        { action: 'product.restock', before: { stock_total: 10 }, after: { stock_total: 15 } },
        { action: 'product.change', before: { archived: false }, after: { archived: true } },
        { action: 'product.repair', before: { stock_held: 3 }, after: { stock_held: 0 } },
        { action: 'api_key.create', before: null, after: { name: 'By hand', scopes: ['read'] } },
        { action: 'api_key.revoke', before: { revoked: false }, after: { revoked: true } },
      ].map((entry) => ({ actor: 'cli', request_id: null, ...entry })),
    );
    expect(await stockOf(drifted)).toMatchObject({ stock_held: 0, stock_sold: 2 });
  });
});

describe('the audit log', () => {
  it('holds no key and no secret', async () => {
    const made = await createKey(service, ['keys', 'read']);
    const given = taken<{ key: string }>(
      await act('POST', 'keys', { name: 'given', scopes: ['read'] }, keyHeaders(made)),
      201,
    );
    await act('DELETE', `keys/${made.id}`, undefined, keyHeaders(made));
    const text = JSON.stringify(await query('SELECT * FROM audit_log'));
    expect(text).toContain('given');
    const hashes = await query<{ hash: string }>('SELECT HEX(secret_hash) AS hash FROM api_keys');
    const secrets = [made, given].map(secretPart);
    for (const secret of [...secrets, service.config.adminToken, 'fsk_', ...hashes.map(({ hash }) => hash)])
      expect(text.toUpperCase()).not.toContain(secret.toUpperCase());
  });

  async function note(before: AuditFields | null, after: AuditFields | null): Promise<Entry[]> {
    const change = { target: 'product', id: 1, verb: 'change', before, after } as const;
    return notedBy(() =>
      service.app
        .get(Transactions)
        .run((tx) => Promise.resolve(service.app.get(AuditService).record(tx, actOfCli(), change))),
    );
  }

  it('keeps 16 KiB of a change at most, the short fields first', async () => {
    const long = '🦊'.repeat(5000);
    const [entry] = await note({ name: 'a', text: 'b', kept: 1 }, { name: 'c', text: long, kept: 1 });
    expect(entry).toMatchObject({
      before: { name: 'a', text: 'b' },
      after: { name: 'c', text: '(left out: too long)' },
    });
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`field_${n}`, 'x'.repeat(1000)]));
    const [wide] = await note(null, many);
    expect(Object.keys(wide!.after!)).toEqual(Object.keys(many));
    expect(JSON.stringify(wide!.after).length).toBeLessThanOrEqual(16_384);
  });

  it('tells an act once, however often it is tried', async () => {
    const once = actOfCli();
    const change = { target: 'product', id: 1, verb: 'change', before: { name: 'a' }, after: { name: 'b' } } as const;
    const entries = await notedBy(async () => {
      for (let time = 0; time < 3; time++)
        await service.app
          .get(Transactions)
          .run((tx) => Promise.resolve(service.app.get(AuditService).record(tx, once, change)));
    });
    expect(entries).toHaveLength(1);
  });

  it('is read in pages, by who has its scope', async () => {
    for (let time = 0; time < 3; time++) await createProduct(service);
    const key = keyHeaders(await createKey(service, ['audit']));
    const page = async (query: string): Promise<{ items: Entry[]; next_cursor: string | null }> =>
      taken(await act('GET', `audit?${query}`, undefined, key), 200);
    const first = await page('limit=2');
    const second = await page(`limit=2&cursor=${first.next_cursor}`);
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(new Set(ids).size).toBe(4);
    expectProblem(await act('GET', 'audit?actor=root', undefined, key), 'VALIDATION_FAILED');
  });

  it('is kept for RETENTION_AUDIT_DAYS', async () => {
    const patient = await startService({ RETENTION_AUDIT_DAYS: '10' });
    await createProduct(service);
    const before = await lastId();
    await execute('UPDATE audit_log SET created_at = NOW(3) - INTERVAL 11 DAY WHERE id <= ?', [before]);
    await createProduct(service);
    await execute('UPDATE audit_log SET created_at = NOW(3) - INTERVAL 9 DAY WHERE id > ?', [before]);
    await patient.app.get(RetentionService).purge();
    const [left] = await query<{ first: number }>('SELECT MIN(id) AS first FROM audit_log');
    expect(left!.first).toBeGreaterThan(before);
    await patient.stop();
  });
});
