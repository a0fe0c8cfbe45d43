import type { StockProof } from '../stock-audit.repository.js';
import type { Answer, SaleClient } from './sale-client.js';

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
  /** Why he has none: the code of a refusal, or what stands for one; null: he has. */
  readonly code: string | null;
}

export interface RushPlan {
  readonly productId: number;
  readonly buyers: number;
}

/** What comes of it while it goes on. */
export interface RushWatch {
  /** Called as each buyer is done. */
  readonly onTry?: (made: RushTry) => void;
  /** Nobody comes any more once it is aborted; who is under way goes on. */
  readonly signal?: AbortSignal;
}

type Buyer = Pick<SaleClient, 'createHold' | 'createOrder' | 'notify'>;

/** The counters and the rows of a product as they are now. */
type Prove = (productId: number) => Promise<StockProof>;

/** What a rush came to. */
export interface RushOutcome {
  readonly buyers: number;
  /** That could be had as it began. */
  readonly units: number;
  /** Of the database: what orders count as sold since it began, and by how much held and sold are more than there is. */
  readonly sold: number;
  readonly oversold: number;
  /** Of the buyers: who was told no, who was told neither, and why, by code. */
  readonly refused: number;
  readonly failed: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** How long they waited to know, in milliseconds: half of them at most so long, and all but one in a hundred. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * So many buyers want one unit each, as many at once as the service is measured with: each holds, orders, and has his payment
 * told. What they saw is put beside what the database has: what was sold is for its rows to say.
 */
export async function rush(
  client: Buyer,
  plan: RushPlan,
  prove: Prove,
  watch: RushWatch = {},
): Promise<{ outcome: RushOutcome; tries: RushTry[] }> {
  const before = await prove(plan.productId);
  const tries = await crowd(client, plan, watch);
  return { outcome: outcomeOf(tries, before, await prove(plan.productId)), tries };
}

async function crowd(client: Buyer, { productId, buyers }: RushPlan, { onTry, signal }: RushWatch): Promise<RushTry[]> {
  const tries: RushTry[] = [];
  const began = performance.now();
  let coming = buyers;
  const comeInTurn = async (): Promise<void> => {
    while (coming-- > 0 && signal?.aborted !== true) {
      const made = await buy();
      tries.push(made);
      onTry?.(made);
    }
  };
  const buy = async (): Promise<RushTry> => {
    const startedAt = performance.now() - began;
    const hold = await client.createHold(productId, 1).catch(() => null);
    const times = { startedAt, answeredAt: performance.now() - began };
    if (hold?.status !== 201) return { ...times, ...refusalOf(hold) };
    const isPaid = await pay(client, String(hold.body.hold_id)).catch(() => false);
    return isPaid ? { ...times, outcome: 'paid', code: null } : { ...times, outcome: 'failed', code: 'NOT_PAID' };
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, buyers) }, comeInTurn));
  return tries;
}

async function pay(client: Buyer, holdId: string): Promise<boolean> {
  const { status, body } = await client.createOrder(holdId);
  if (status !== 201) return false;
  const order_id = body.order_id as number;
  const paid = await client.notify({ order_id, status: 'success', transaction_id: `rush-${holdId}` });
  return paid.body.order_status === 'paid';
}

/** Who is told to come again later was told neither yes nor no. */
function refusalOf(answer: Answer | null): Pick<RushTry, 'outcome' | 'code'> {
  if (answer === null) return { outcome: 'failed', code: 'NO_ANSWER' };
  const isNo = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  return { outcome: isNo ? 'refused' : 'failed', code: String(answer.body.code) };
}

function outcomeOf(tries: readonly RushTry[], before: StockProof, after: StockProof): RushOutcome {
  const waits = tries.map(({ startedAt, answeredAt }) => answeredAt - startedAt).sort((a, b) => a - b);
  const part = (share: number): number => Math.round(waits[Math.ceil(waits.length * share) - 1] ?? 0);
  const count = (outcome: RushTry['outcome']): number => tries.filter((made) => made.outcome === outcome).length;
  const reasons: Record<string, number> = {};
  for (const { code } of tries) if (code !== null) reasons[code] = (reasons[code] ?? 0) + 1;
  return {
    buyers: tries.length,
    units: before.stock_total - before.proven_held - before.proven_sold,
    sold: after.proven_sold - before.proven_sold,
    oversold: Math.max(0, after.proven_held + after.proven_sold - after.stock_total),
    refused: count('refused'),
    failed: count('failed'),
    reasons,
    seconds: Math.max(0, ...tries.map(({ answeredAt }) => answeredAt)) / 1000,
    p50: part(0.5),
    p99: part(0.99),
  };
}
