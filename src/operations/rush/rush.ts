import type { SaleClient } from './sale-client.js';

/** Buyers who are under way at once: as many as the service is measured with. */
const AT_ONCE = 256;

/** What a rush may be at most: it is over by itself within a minute or so. */
export const RUSH_BUYERS_MAX = 20_000;

/** One buyer's try, as he saw it; times in milliseconds since the rush began. */
export interface RushTry {
  readonly startedAt: number;
  /** When he knew whether he has a unit. */
  readonly answeredAt: number;
  readonly outcome: 'paid' | 'refused' | 'failed';
}

export interface RushPlan {
  readonly productId: number;
  readonly buyers: number;
}

/**
 * So many buyers want one unit each, as many at once as the service is measured with: each holds, orders, and has his payment told. What
 * comes back is what they saw; what was sold is for the database to say.
 *
 * @param onTry is called as each of them is done.
 */
export async function rush(
  client: Pick<SaleClient, 'createHold' | 'createOrder' | 'notify'>,
  { productId, buyers }: RushPlan,
  onTry: (made: RushTry) => void = () => undefined,
): Promise<RushTry[]> {
  const tries: RushTry[] = [];
  const began = performance.now();
  let coming = buyers;
  const comeInTurn = async (): Promise<void> => {
    while (coming-- > 0) {
      const made = await buy();
      tries.push(made);
      onTry(made);
    }
  };
  const buy = async (): Promise<RushTry> => {
    const startedAt = performance.now() - began;
    const hold = await client.createHold(productId, 1).catch(() => null);
    const answeredAt = performance.now() - began;
    if (hold?.status !== 201) return { startedAt, answeredAt, outcome: hold?.status === 409 ? 'refused' : 'failed' };
    const isPaid = await pay(String(hold.body.hold_id)).catch(() => false);
    return { startedAt, answeredAt, outcome: isPaid ? 'paid' : 'failed' };
  };
  const pay = async (holdId: string): Promise<boolean> => {
    const { status, body } = await client.createOrder(holdId);
    if (status !== 201) return false;
    const order_id = body.order_id as number;
    const paid = await client.notify({ order_id, status: 'success', transaction_id: `rush-${holdId}` });
    return paid.body.order_status === 'paid';
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, buyers) }, comeInTurn));
  return tries;
}

/** What a rush came to. */
export interface RushOutcome {
  readonly buyers: number;
  readonly units: number;
  /** Of the database: what orders count as sold, and by how much it is more than there is. */
  readonly sold: number;
  readonly oversold: number;
  /** Of the buyers: who was told no, and who was told neither. */
  readonly refused: number;
  readonly failed: number;
  readonly seconds: number;
  /** How long they waited to know, in milliseconds: half of them at most so long, and all but one in a hundred. */
  readonly p50: number;
  readonly p99: number;
}

/** Puts what the buyers saw beside what the database has. */
export function outcomeOf(
  tries: readonly RushTry[],
  stock: { readonly stock_total: number; readonly proven_held: number; readonly proven_sold: number },
): RushOutcome {
  const waits = tries.map(({ startedAt, answeredAt }) => answeredAt - startedAt).sort((a, b) => a - b);
  const part = (share: number): number => Math.round(waits[Math.ceil(waits.length * share) - 1] ?? 0);
  const count = (outcome: RushTry['outcome']): number => tries.filter((made) => made.outcome === outcome).length;
  return {
    buyers: tries.length,
    units: stock.stock_total,
    sold: stock.proven_sold,
    oversold: Math.max(0, stock.proven_held + stock.proven_sold - stock.stock_total),
    refused: count('refused'),
    failed: count('failed'),
    seconds: Math.max(0, ...tries.map(({ answeredAt }) => answeredAt)) / 1000,
    p50: part(0.5),
    p99: part(0.99),
  };
}
