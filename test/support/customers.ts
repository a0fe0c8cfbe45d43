import { expect } from '@jest/globals';
import { bearer, KeyFile, shopKey, signedToken } from './buyers.js';
import { query } from './database.js';
import { expectProblem } from './expectations.js';
import { unique } from './factories.js';
import type { Answer, Environment } from './service.js';

/** Customers of a shop with tokens, and what limits count of them. */

export type Headers = Record<string, string>;

const KEY = shopKey('HS256');

/** The environment of a service that takes their tokens. */
export function customersEnv(more: Environment = {}): Environment {
  return new KeyFile([KEY]).env('optional', more);
}

/** The headers of a customer that has bought nothing yet. */
export async function customer(claims: Record<string, unknown> = {}): Promise<Headers> {
  return bearer(await signedToken(KEY, { sub: unique('c'), ...claims }));
}

/** What the limits count of these products says what holds and orders say. */
export async function expectLimitsIdentity(...productIds: number[]): Promise<void> {
  const rows = await query<{ units: number; proven: string; sale_id: number | null; proven_sale: number | null }>(
    `SELECT c.units, c.sale_id, h.sale_id AS proven_sale,
       IF(COALESCE(o.status, 'pending_payment') = 'pending_payment', IF(h.released = 0, h.qty, 0), COALESCE(o.quantity_sold, 0)) AS proven
     FROM customer_holds c JOIN holds h ON h.id = c.hold_id LEFT JOIN orders o ON o.hold_id = h.id WHERE c.product_id IN (?)`,
    [productIds],
  );
  const isWrong = (row: (typeof rows)[number]): boolean =>
    row.units !== Number(row.proven) || row.sale_id !== row.proven_sale;
  expect(rows.filter(isWrong)).toEqual([]);
}

export function expectLimitReached(
  answer: Answer,
  limit: number,
  remaining: number,
  scope: 'product' | 'sale' = 'product',
): void {
  expectProblem(answer, 'CUSTOMER_LIMIT_REACHED');
  expect(answer.body).toMatchObject({ limit, remaining, scope });
}
