import { beforeAll, describe, expect, it } from '@jest/globals';
import { REFUND_STATUSES, REFUND_TRANSITIONS, type RefundStatus } from '../../src/refunds/refunds.types.js';
import { execute } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, createPaidOrder, noticeOf, notify, refundsOf, taken } from '../support/factories.js';
import { createRefund, listAll } from '../support/payments.js';
import { runCli } from '../support/cli.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ ROLES: 'api' });
});

const ACTIONS = { 'mark-sent': 'sent', confirm: 'confirmed', fail: 'failed' } as const;
type Action = keyof typeof ACTIONS;

function act(id: number, action: Action): Promise<Answer> {
  const body = action === 'fail' ? { reason: 'The account is closed' } : undefined;
  return service.call('POST', `/api/admin/refunds/${id}/${action}`, body, adminHeaders(service));
}

async function createRefundIn(status: RefundStatus): Promise<number> {
  const id = await createRefund(service);
  const reason = status === 'failed' ? 'The account is closed' : null;
  await execute('UPDATE refunds SET status = ?, reason = ? WHERE id = ?', [status, reason, id]);
  return id;
}

describe('a refund', () => {
  const CASES = REFUND_STATUSES.flatMap((from) =>
    (Object.keys(ACTIONS) as Action[]).map((action) => [from, action, ACTIONS[action]] as const),
  );

  it.each(CASES)('that is %s is moved by %s exactly as the table of transitions says', async (from, action, to) => {
    const id = await createRefundIn(from);
    const answer = await act(id, action);
    if (from === to || REFUND_TRANSITIONS[from].includes(to)) {
      expect(taken(answer, 200)).toMatchObject({
        id,
        status: to,
        reason: to === 'failed' ? 'The account is closed' : null,
      });
    } else {
      expectProblem(answer, 'REFUND_STATUS_CONFLICT');
    }
  });

  it('is moved once when several operators do the same', async () => {
    const id = await createRefund(service);
    const answers = await Promise.all(Array.from({ length: 8 }, () => act(id, 'confirm')));
    expect(answers.map(({ body }) => body.status)).toEqual(Array(8).fill('confirmed'));
  });

  it('is moved by one after the other when two operators disagree', async () => {
    const id = await createRefund(service);
    const [confirmed, failed] = await Promise.all([act(id, 'confirm'), act(id, 'fail')]);
    expect([confirmed.status, failed.status]).toEqual([200, 200]);
    const [refund] = (await listAll<{ id: number; status: string }>(service, '/api/admin/refunds')).filter(
      (row) => row.id === id,
    );
    // A failed one can be confirmed, and a confirmed one can fail: who came last is right.
    expect(['confirmed', 'failed']).toContain(refund!.status);
  });

  it('tells which payment of which order is owed back', async () => {
    const order = await createPaidOrder(service);
    const notice = noticeOf(order, { amount: order.amount, currency: 'EUR' });
    await notify(service, notice);
    const [stored] = await refundsOf(order.order_id);
    const refunds = await listAll<Record<string, unknown>>(service, '/api/admin/refunds', 'due');
    expect(refunds.filter(({ id }) => id === stored!.id)).toMatchObject([
      {
        order_id: order.order_id,
        provider: 'generic',
        transaction_id: notice.transaction_id,
        amount: '99.99',
        currency: 'EUR',
        status: 'due',
        reason: null,
        provider_refund_id: null,
      },
    ]);
  });
});

describe('GET /api/admin/refunds', () => {
  it('lists each refund once, in pages, and only those of the wanted state', async () => {
    const ids = [await createRefundIn('due'), await createRefundIn('sent'), await createRefundIn('failed')];
    const answer = await service.call('GET', '/api/admin/refunds?limit=2', undefined, adminHeaders(service));
    expect(taken<{ items: unknown[]; next_cursor: string }>(answer, 200).items).toHaveLength(2);
    const listed = (await listAll<{ id: number }>(service, '/api/admin/refunds')).map(({ id }) => id);
    expect(listed).toEqual([...new Set(listed)].sort((a, b) => a - b));
    expect(listed).toEqual(expect.arrayContaining(ids));
    const failed = await listAll<{ id: number; status: string }>(service, '/api/admin/refunds', 'failed');
    expect(failed.map(({ id }) => id)).toContain(ids[2]);
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['failed']));
  });
});

describe('refunds:list', () => {
  it('prints what is owed, and only what is asked for', async () => {
    const [due, sent] = [await createRefundIn('due'), await createRefundIn('sent')];
    const all = await runCli(['refunds:list']);
    expect(all.code).toBe(0);
    for (const id of [due, sent]) expect(all.output).toMatch(new RegExp(`^${id} .* 99\\.99 +EUR`, 'm'));
    const { output } = await runCli(['refunds:list', '--status', 'sent']);
    expect(output).toMatch(new RegExp(`^${sent} `, 'm'));
    expect(output).not.toMatch(new RegExp(`^${due} `, 'm'));
  });

  it('refuses a state that no refund is in', async () => {
    expect((await runCli(['refunds:list', '--status', 'lost'])).code).toBe(1);
  });
});
