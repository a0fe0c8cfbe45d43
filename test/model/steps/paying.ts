import fc from 'fast-check';
import { expect } from '@jest/globals';
import { type Shop, expectAnswer } from '../shop.js';
import { steps, which } from '../step.js';
import { allowancesOf } from './limiting.js';
import {
  amountOf,
  centsOf,
  type Debt,
  type Notice,
  type Order,
  type OrderStatus,
  pickWhere,
  type World,
} from '../world.js';

/** What is told of payments, and what it does: once, whatever its order, its repetition and its lateness. */

type Result = 'applied' | 'ignored' | 'review';

/** What a notice that is new does to its order. */
export function decide(world: World, notice: Notice): Result {
  const order = world.orders.find(({ id }) => id === notice.orderId)!;
  const result = notice.status === 'success' ? takeMoney(world, order, notice) : takeFailure(order, notice);
  if (notice.status !== 'success') return result;
  if (result !== 'review') world.payments.set(notice.transaction, order);
  else keepForReview(world, order, notice);
  return result;
}

function takeMoney(world: World, order: Order, notice: Notice): Result {
  const { transaction } = notice;
  // A payment pays one order, and is given back once.
  if ((world.payments.get(transaction) ?? order) !== order) return 'review';
  if (order.debts.some((debt) => debt.transaction === transaction) || order.paidBy === transaction) return 'ignored';
  if (!isWhatIsDue(order, notice)) return 'review';
  const refusal = order.status === 'cancelled' ? refusalOfLate(world, order) : null;
  if (order.status === 'pending_payment' || (order.status === 'cancelled' && refusal === null)) {
    Object.assign(order, {
      status: 'paid',
      cancelReason: null,
      quantitySold: order.hold.quantity,
      paidBy: transaction,
    });
    return 'applied';
  }
  const cause = refusal ?? (order.paidBy === null ? 'late' : 'duplicate');
  if (order.status !== 'paid') order.status = 'refund_due';
  order.debts.push({ transaction, cents: centsOf(order.hold), cause, isBack: false });
  return 'applied';
}

/** Late money asks for limits and for units, and not whether anything is on sale. */
function refusalOfLate(world: World, { hold: { product, quantity, limitKey, sale } }: Order): Debt['cause'] | null {
  const allowances = limitKey === null ? [] : allowancesOf(world, product, sale, limitKey);
  if (allowances.some(({ remaining }) => remaining < quantity)) return 'customer_limit';
  return world.available(product) < quantity ? 'late' : null;
}

function takeFailure(order: Order, notice: Notice): Result {
  if (notice.status === 'processing' || order.status !== 'pending_payment') return 'ignored';
  if (!isWhatIsDue(order, notice)) return 'review';
  if (order.isUnderReview) return 'ignored';
  Object.assign(order, { status: 'cancelled', cancelReason: 'payment_failed' });
  return 'applied';
}

function isWhatIsDue(order: Order, { amount }: Notice): boolean {
  return amount === null || amount === amountOf(order.hold);
}

/** Money that somebody has to look at keeps its order from the deadline; money that another order has does not. */
function keepForReview(world: World, order: Order, { transaction }: Notice): void {
  if (order.status === 'pending_payment' && (world.payments.get(transaction) ?? order) === order)
    order.isUnderReview = true;
}

const keyOf = ({ key, status, transaction }: Notice): string => key ?? `${status} ${transaction}`;
const contentOf = ({ key: _key, ...content }: Notice): string => JSON.stringify(content);

/** What the first of equal notices is answered, and each further one. */
function arrive(world: World, notice: Notice): { first: object; again: object } {
  const known = world.notices.get(keyOf(notice));
  if (known !== undefined && contentOf(known) !== contentOf(notice)) return contradict(world, notice);
  const order = world.orders.find(({ id }) => id === notice.orderId);
  if (order === undefined) {
    if (known === undefined) world.early.push(notice);
    world.notices.set(keyOf(notice), notice);
    const waiting = { status: 202, body: { result: 'pending_order' } };
    return { first: waiting, again: waiting };
  }
  const again = answered('duplicate', notice);
  if (known !== undefined) return { first: again, again };
  world.notices.set(keyOf(notice), notice);
  const first = answered(decide(world, notice), notice);
  return { first: { ...first, body: { ...first.body, order_status: order.status } }, again };
}

/** Other content: a sender who chose the key is told; where the key is ours both are true, and somebody has to look. */
function contradict(world: World, notice: Notice): { first: object; again: object } {
  if (notice.key !== null) {
    const refused = { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } };
    return { first: refused, again: refused };
  }
  const again = answered('duplicate', notice);
  const key = `${keyOf(notice)} ${contentOf(notice)}`;
  if (world.notices.has(key)) return { first: again, again };
  world.notices.set(key, notice);
  const order = world.orders.find(({ id }) => id === notice.orderId);
  if (order !== undefined && notice.status === 'success') keepForReview(world, order, notice);
  return { first: answered('review', notice), again };
}

function answered(result: string, { orderId }: Notice) {
  return { status: 200, body: { result, order_id: orderId } };
}

/** Sends it several times at once, through both instances: one of them does it. */
async function send(world: World, shop: Shop, notice: Notice, times: number): Promise<void> {
  const { orderId: order_id, status, transaction: transaction_id, amount, key: idempotency_key } = notice;
  const body = {
    order_id,
    status,
    transaction_id,
    ...(amount !== null && { amount }),
    ...(idempotency_key !== null && { idempotency_key }),
  };
  const { first, again } = arrive(world, notice);
  const answers = await Promise.all(
    Array.from({ length: times }, (_, n) => shop.call(null, n % 2, 'POST', '/api/payments/webhook', body)),
  );
  const isFirst = (answer: (typeof answers)[number]): boolean => answer.body.result !== 'duplicate';
  const [decided = answers[0]!, ...others] = answers.filter(isFirst);
  expectAnswer(decided, first as { status: number });
  for (const answer of answers.filter((one) => one !== decided)) {
    expectAnswer(answer, again as { status: number });
  }
  if (decided.status === 200) expect(others).toEqual([]);
}

const aboutNotice = {
  status: fc.constantFrom<Notice['status'][]>('success', 'success', 'success', 'failed', 'processing'),
  transaction: fc.nat({ max: 3 }),
  amount: fc.constantFrom<AboutNotice['amount'][]>('untold', 'untold', 'right', 'wrong'),
  key: fc.constantFrom(null, null, null, null, null, null, null, 0),
  times: fc.constantFrom(1, 1, 1, 3),
};

interface AboutNotice {
  readonly status: Notice['status'];
  readonly transaction: number;
  readonly amount: 'untold' | 'right' | 'wrong';
  readonly key: number | null;
  readonly times: number;
}

const said = ({ status, transaction, amount, key, times }: AboutNotice): string =>
  `payment ${transaction} ${status}, amount ${amount}${key === null ? '' : `, key ${key}`}${times === 1 ? '' : `, ${times} times`}`;

function noticeOf(
  world: World,
  { status, transaction, amount, key }: AboutNotice,
  orderId: number,
  due: string,
): Notice {
  return {
    orderId,
    status,
    transaction: `${world.name}-${transaction}`,
    amount: amount === 'untold' ? null : amount === 'right' ? due : '0.01',
    key: key === null ? null : `${world.name}-notice-${key}`,
  };
}

const states = fc.constantFrom<(OrderStatus | 'any')[]>('pending_payment', 'cancelled', 'cancelled', 'paid', 'any');

export const pay = steps(
  fc.record({ order: which, state: states, ...aboutNotice }),
  ({ order: index, state, ...about }) => ({
    name: `${state} order ${index}: ${said(about)}`,
    // What money for an order that costs nothing becomes is not promised.
    isPossible: ({ orders }) => orders.length > 0 && meant(orders, state, index).hold.unitPrice > 0,
    take: (world, shop) => {
      const order = meant(world.orders, state, index);
      return send(world, shop, noticeOf(world, about, order.id, amountOf(order.hold)), about.times);
    },
  }),
);

const meant = (orders: readonly Order[], state: OrderStatus | 'any', index: number): Order =>
  pickWhere(orders, ({ status, hold }) => hold.unitPrice > 0 && (state === 'any' || status === state), index);

export const payEarly = steps(fc.record(aboutNotice), (about) => ({
  name: `the next order: ${said(about)}`,
  take: async (world, shop) =>
    send(world, shop, noticeOf(world, about, await shop.nextOrderId(), '10.00'), about.times),
}));
