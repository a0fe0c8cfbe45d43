import { expect } from '@jest/globals';
import { type ProblemCode, PROBLEMS } from '../../src/common/problem.js';
import { countRows, query } from './database.js';
import type { Answer } from './service.js';

/** What must never leave the service: stacks, SQL, file names and the secrets of the tests. */
const INTERNALS =
  /\bat \w.*:\d+:\d+|node_modules|\.ts\b|\.js\b|SELECT |INSERT |UPDATE |errno|\bER_[A-Z]|ECONN|the-admin-token/;

/** An answer that says no, as RFC 9457 and our contract write it, and that tells nothing of our insides. */
export function expectProblem(answer: Answer, code: ProblemCode): void {
  const { status, title } = PROBLEMS[code];
  expect(answer.body).toMatchObject({ code });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const type = `/docs/errors/${code}`;
  expect(answer.body).toMatchObject({ type, title, status, detail: expect.stringMatching(/\w/) });
  expect(answer.text).not.toMatch(INTERNALS);
  if (status === 401)
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^(Bearer(?: error="invalid_token")?|Basic realm=.*|Signature)$/,
    );
  if ('retryAfterSeconds' in PROBLEMS[code]) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

/** Sends what is to be refused with this code; nothing of it may be written. */
export async function expectRefusal(code: ProblemCode, send: () => Promise<Answer>): Promise<Answer> {
  const before = await countRows();
  const answer = await send();
  expectProblem(answer, code);
  expect(await countRows()).toEqual(before);
  return answer;
}

/** How many answers have each status. */
export function countByStatus(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/**
 * The first promise: for this product, the counters say what the tables say, and no unit is promised twice.
 * Held are the units of holds that are not released and have no order or an unpaid one; sold those that orders say.
 */
export async function expectStockIdentity(productId: number): Promise<void> {
  // In one statement, so of one moment: somebody may sell meanwhile.
  const [figures] = await query<Record<string, string | number>>(
    `SELECT p.stock_total, p.stock_held, p.stock_sold,
       SUM(IF(h.released = 0 AND COALESCE(o.status, 'pending_payment') = 'pending_payment', h.qty, 0)) AS counted_held,
       COALESCE(SUM(o.quantity_sold), 0) AS counted_sold
     FROM products p LEFT JOIN holds h ON h.product_id = p.id LEFT JOIN orders o ON o.hold_id = h.id
     WHERE p.id = ? GROUP BY p.id, p.stock_total, p.stock_held, p.stock_sold`,
    [productId],
  );
  const { stock_total, stock_held, stock_sold, counted_held, counted_sold } = figures!;
  expect({ stock_held, stock_sold }).toEqual({ stock_held: Number(counted_held), stock_sold: Number(counted_sold) });
  expect(Number(stock_held) + Number(stock_sold)).toBeLessThanOrEqual(Number(stock_total));
}
