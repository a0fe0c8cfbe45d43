import fc from 'fast-check';
import { refundsOf } from '../../support/factories.js';
import { type Answer } from '../../support/service.js';
import { expectAnswer } from '../shop.js';
import { instance, mostly, steps, which } from '../step.js';
import { centsOf, inEuros, leftOf, type Order, pick, pickWhere, wasPaid, type World } from '../world.js';

/** What operators do to orders: cancel them, take units back, and note that buyers have their money. */

const isUnpaid = ({ status }: Order): boolean => status === 'pending_payment';

/** What has ended unpaid stays as it is. */
export const cancel = steps(
  fc.record({ order: which, isUnpaid: mostly, at: instance }),
  ({ order: index, isUnpaid: isOfUnpaid, at }) => ({
    name: `an operator cancels ${isOfUnpaid ? 'unpaid ' : ''}order ${index}`,
    isPossible: ({ orders }) => orders.length > 0,
    take: async ({ orders }, shop) => {
      const order = isOfUnpaid ? pickWhere(orders, isUnpaid, index) : pick(orders, index);
      const answer = await shop.operate('POST', `/api/admin/orders/${order.id}/cancel`, undefined, { at });
      if (wasPaid(order)) return expectAnswer(answer, { status: 409, body: { code: 'ORDER_ALREADY_PAID' } });
      if (isUnpaid(order)) Object.assign(order, { status: 'cancelled', cancelReason: 'operator' });
      const { status, cancelReason: cancel_reason } = order;
      expectAnswer(answer, { status: 200, body: { status, cancel_reason } });
    },
  }),
);

interface Wanted {
  /** Null: all that is left. */
  readonly quantity: number | null;
  /** In cents; null: what the units come to. */
  readonly cents: number | null;
  readonly restock: boolean;
}

function refusalOf(order: Order, { quantity, cents }: Wanted) {
  const { quantitySold: returnable } = order;
  if (!wasPaid(order)) return { status: 409, body: { code: 'ORDER_NOT_PAID' } };
  if (returnable === 0) return { status: 409, body: { code: 'NOTHING_TO_RETURN' } };
  if (quantity !== null && quantity > returnable) {
    return { status: 409, body: { code: 'QUANTITY_NOT_RETURNABLE', returnable } };
  }
  const isNothing = quantity === 0 && (cents ?? 0) === 0;
  const isTooMuch = cents !== null && cents > leftOf(order);
  return isNothing || isTooMuch ? { status: 400, body: { code: 'VALIDATION_FAILED' } } : null;
}

/** The units are there for whoever comes, or, without restock, gone; the money is owed, and no more than was paid. */
function giveUnitsBack(order: Order, { quantity, cents, restock }: Wanted): void {
  const { hold, paidBy, quantitySold } = order;
  const units = quantity ?? quantitySold;
  const left = leftOf(order);
  const owed = cents ?? (units === quantitySold ? left : Math.min(left, units * hold.unitPrice));
  if (owed > 0) order.debts.push({ transaction: paidBy!, cents: owed, cause: 'returned', isBack: false });
  order.quantitySold -= units;
  if (!restock) hold.product.total -= units;
  goByMoney(order);
}

/** Once nothing of its money stays with the shop an order says so; one that cost nothing stays paid. */
function goByMoney(order: Order): void {
  const { status, paidBy, debts } = order;
  const isFree = status === 'paid' && paidBy === null;
  if (isFree || leftOf(order) > 0) return;
  order.status = debts.every(({ isBack }) => isBack) ? 'refunded' : 'refund_due';
}

function expectReturned(answer: Answer, { status, quantitySold, debts }: Order): void {
  const refunds = debts.map(({ cause, cents }) => ({ cause, amount: inEuros(cents) }));
  expectAnswer(answer, { status: 200, body: { status, quantity_sold: quantitySold, refunds } });
}

type Sum = 'untold' | 'a cent' | 'a unit' | 'all' | 'more';

function centsOfSum(sum: Sum, { hold }: Order): number | null {
  switch (sum) {
    case 'untold':
      return null;
    case 'a cent':
      return 1;
    case 'a unit':
      return hold.unitPrice;
    case 'all':
      return centsOf(hold);
    case 'more':
      return centsOf(hold) + 1;
  }
}

const isSold = ({ quantitySold }: Order): boolean => quantitySold > 0;

/** With the same key once, whatever became of the order. */
export const takeBack = steps(
  fc.record({
    order: which,
    isSold: mostly,
    at: instance,
    key: fc.option(fc.nat({ max: 1 })),
    quantity: fc.constantFrom(null, null, 1, 1, 1, 2, 0),
    sum: fc.constantFrom<Sum[]>('untold', 'untold', 'untold', 'a cent', 'a unit', 'all', 'more'),
    restock: mostly,
  }),
  ({ order: index, isSold: isOfSold, at, key, quantity, sum, restock }) => ({
    name: `${quantity ?? 'all'} of ${isOfSold ? 'sold ' : ''}order ${index} come back, sum ${sum}${restock ? '' : ', broken'}${key === null ? '' : `, key ${key}`}`,
    isPossible: ({ orders }) => orders.length > 0,
    take: async (world, shop) => {
      const order = isOfSold ? pickWhere(world.orders, isSold, index) : pick(world.orders, index);
      const wanted: Wanted = { quantity, cents: centsOfSum(sum, order), restock };
      const keyed = key === null ? null : `${world.name}-return-${key}`;
      const path = `/api/admin/orders/${order.id}/return`;
      expectTaken(world, order, wanted, keyed, await shop.operate('POST', path, bodyOf(wanted), { at, key: keyed }));
    },
  }),
);

function bodyOf({ quantity, cents, restock }: Wanted): object {
  return { restock, ...(quantity !== null && { quantity }), ...(cents !== null && { amount: inEuros(cents) }) };
}

function expectTaken(world: World, order: Order, wanted: Wanted, keyed: string | null, answer: Answer): void {
  const content = JSON.stringify([order.id, bodyOf(wanted)]);
  const known = keyed === null ? undefined : world.keys.get(`returns ${keyed}`);
  if (known !== undefined && known.content !== content) {
    return expectAnswer(answer, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  }
  if (known === undefined) {
    const refusal = refusalOf(order, wanted);
    if (refusal !== null) return expectAnswer(answer, refusal);
    giveUnitsBack(order, wanted);
    if (keyed !== null) world.keys.set(`returns ${keyed}`, { content, made: order.hold });
  }
  expectReturned(answer, order);
}

const isOwed = ({ debts }: Order): boolean => debts.length > 0;

/** One that is confirmed already stays so. */
export const confirmRefund = steps(
  fc.record({ order: which, refund: which, at: instance }),
  ({ order: index, refund, at }) => ({
    name: `refund ${refund} of order ${index} is back`,
    isPossible: ({ orders }) => orders.some(isOwed),
    take: async ({ orders }, shop) => {
      const order = pickWhere(orders, isOwed, index);
      const { id } = pick(await refundsOf(order.id), refund);
      const answer = await shop.operate('POST', `/api/admin/refunds/${id}/confirm`, undefined, { at });
      expectAnswer(answer, { status: 200, body: { status: 'confirmed' } });
      pick(order.debts, refund).isBack = true;
      goByMoney(order);
    },
  }),
);
