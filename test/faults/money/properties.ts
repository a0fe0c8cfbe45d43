import { orderIdOfReference } from '../../../src/payment-providers/payment-reference.js';
import { query } from '../../support/database.js';
import type { StripeApi } from '../../support/stripe-api.js';
import type { ApiIntent } from '../../support/stripe-objects.js';

/** What must be true of money once everything has come to rest, and what of it is not: one line for each fault. */
export type Faults = Readonly<Record<string, readonly string[]>>;

interface OrderRow {
  readonly id: number;
  readonly status: string;
  readonly paidBy: string | null;
  readonly sold: number | null;
  readonly returns: number | null;
}

/** A payment at the provider, with what is known of it here. */
interface Payment {
  readonly id: string;
  readonly order: OrderRow | undefined;
  readonly paid: number;
  /** What of it went back, in cents: there, and here by confirmed refunds. */
  readonly back: number;
  readonly confirmed: number;
  /** Whether it has a row here that says whose it is. */
  readonly isKnown: boolean;
  readonly hasRefunds: boolean;
  readonly isInReview: boolean;
}

/** Whether anything waits to be done, by whom. */
export async function unfinished(): Promise<Record<string, number>> {
  const [row] = await query<Record<string, string>>(
    `SELECT (SELECT COUNT(*) FROM orders WHERE status = 'pending_payment') AS orders,
       (SELECT COUNT(*) FROM payment_sessions WHERE task IS NOT NULL) AS sessions,
       (SELECT COUNT(*) FROM payments WHERE refunds_due_at IS NOT NULL) AS lists,
       (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending_order') AS notices,
       (SELECT COUNT(*) FROM refunds WHERE status IN ('due', 'failed')) AS refunds`,
  );
  const counts = Object.entries(row!).map(([name, count]) => [name, Number(count)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

export async function findFaults(api: StripeApi): Promise<Faults> {
  const orders = await query<OrderRow>(
    `SELECT id, status, paid_transaction_id AS paidBy, quantity_sold AS sold, return_count AS returns FROM orders`,
  );
  const byId = new Map(orders.map((order) => [order.id, order]));
  const payments = await readPayments(api, byId);
  return {
    'no order is paid twice and kept': keptTwice(payments),
    'no order is cancelled here and its payment open there': stillOpen(api, byId),
    'every payment is an order’s, a refund’s or in review': payments
      .filter(({ id, order, hasRefunds, isInReview }) => order?.paidBy !== id && !hasRefunds && !isInReview)
      .map(textOf),
    'refunds are at most what was paid, and ours are the provider’s': payments
      .filter(
        ({ paid, back, confirmed, isKnown }) => back > paid || confirmed > paid || (isKnown && confirmed !== back),
      )
      .map(textOf),
    'nobody is charged for units that another buyer has': payments
      .filter(({ order, paid, back, isInReview }) => paid > back && !isInReview && !hasUnits(order))
      .map(textOf),
  };
}

async function readPayments(api: StripeApi, orders: ReadonlyMap<number, OrderRow>): Promise<Payment[]> {
  const known = await query<{ id: string }>('SELECT transaction_id AS id FROM payments WHERE order_id IS NOT NULL');
  const refunds = await query<{ id: string; confirmed: string }>(
    `SELECT transaction_id AS id, SUM(IF(status = 'confirmed', amount, 0)) AS confirmed FROM refunds GROUP BY transaction_id`,
  );
  const reviews = await query<{ id: string }>(
    `SELECT JSON_UNQUOTE(JSON_EXTRACT(payload, '$.transactionId')) AS id FROM webhook_logs WHERE status = 'review'`,
  );
  const [knownIds, inReview] = [known, reviews].map((rows) => new Set(rows.map(({ id }) => id)));
  const confirmed = new Map(refunds.map((row) => [row.id, Math.round(Number(row.confirmed) * 100)]));
  return api.intents
    .filter(({ status }) => status === 'succeeded')
    .map((intent) => ({
      id: intent.id,
      order: orders.get(orderOf(intent)),
      paid: intent.amount_received,
      back: api.givenBackOf(intent.id),
      confirmed: confirmed.get(intent.id) ?? 0,
      isKnown: knownIds!.has(intent.id),
      hasRefunds: confirmed.has(intent.id),
      isInReview: inReview!.has(intent.id),
    }));
}

function keptTwice(payments: readonly Payment[]): string[] {
  const kept = payments.filter(({ paid, back, isInReview }) => paid > back && !isInReview);
  return kept.filter(({ id, order }) => kept.some((other) => other.id !== id && other.order === order)).map(textOf);
}

function stillOpen({ intents, sessions }: StripeApi, orders: ReadonlyMap<number, OrderRow>): string[] {
  const open = [
    ...intents.filter(({ status }) => status === 'requires_payment_method' || status === 'processing'),
    ...sessions.filter(({ status }) => status === 'open'),
  ];
  // A page that nobody can pay by any more leaves its PaymentIntent as it is.
  const paidBy = new Set(sessions.map(({ payment_intent }) => payment_intent));
  return open
    .filter((one) => !paidBy.has(one.id))
    .map((one) => `${one.id} is ${one.status}, order ${orderOf(one)} ${orders.get(orderOf(one))?.status}`);
}

/** What was paid for is the buyer's, unless units or their money came back by what an operator decided. */
function hasUnits(order: OrderRow | undefined): boolean {
  return order?.status === 'paid' && ((order.sold ?? 0) > 0 || (order.returns ?? 0) > 0);
}

function orderOf({ metadata }: Pick<ApiIntent, 'metadata'>): number {
  return orderIdOfReference(metadata.payment_reference)!;
}

function textOf({ id, order, paid, back, confirmed }: Payment): string {
  return `${id} of order ${order?.id} (${order?.status}): of ${paid}, ${confirmed} confirmed here and ${back} gone back there`;
}
