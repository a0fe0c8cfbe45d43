import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Answer } from '../../support/service.js';
import { expectAnswer } from '../shop.js';
import { caller, callerOf, instance, mostly, steps, which } from '../step.js';
import { amountOf, type Hold, isActive, isOf, type Order, pick, pickWhere, type World } from '../world.js';
import { decide } from './paying.js';

function refusalOf({ order, ...hold }: Hold, answered: { isOwn: boolean }) {
  if (!answered.isOwn) return { status: 404, body: { code: 'HOLD_NOT_FOUND' } };
  if (order !== null) return { status: 409, body: { code: 'HOLD_ALREADY_USED', order_id: order.id } };
  return isActive({ ...hold, order }) ? null : { status: 410, body: { code: 'HOLD_EXPIRED' } };
}

function answerOf(hold: Hold): object {
  const amount = amountOf(hold);
  return { hold_id: hold.id, quantity: hold.quantity, amount, status: amount === '0.00' ? 'paid' : 'pending_payment' };
}

/** What costs nothing is paid as it is made. */
function addOrder(world: World, hold: Hold, { body }: Answer): void {
  const isFree = hold.unitPrice === 0;
  const order: Order = {
    id: body.order_id as number,
    hold,
    status: isFree ? 'paid' : 'pending_payment',
    cancelReason: null,
    quantitySold: isFree ? hold.quantity : 0,
    paidBy: null,
    debts: [],
    isUnderReview: false,
  };
  hold.order = order;
  world.orders.push(order);
}

const meant = (holds: readonly Hold[], isOfActive: boolean, index: number): Hold =>
  isOfActive ? pickWhere(holds, isActive, index) : pick(holds, index);

/** With the same key the same order; it is answered as it was first. */
export const order = steps(
  fc.record({ hold: which, isActive: mostly, as: caller, at: instance, key: fc.option(fc.nat({ max: 1 })) }),
  ({ hold: index, isActive: isOfActive, as: who, at, key }) => ({
    name: `${who} orders ${isOfActive ? 'active ' : ''}hold ${index}${key === null ? '' : ` with key ${key}`}`,
    // What money for an order that costs nothing becomes is not promised.
    isPossible: ({ holds, early }) =>
      holds.length > 0 && (early.length === 0 || meant(holds, isOfActive, index).unitPrice > 0),
    take: async (world, shop) => {
      const hold = meant(world.holds, isOfActive, index);
      const as = callerOf(who, hold);
      const keyed = key === null ? null : `${world.name}-order-${key}`;
      const answer = await shop.call(as, at, 'POST', '/api/orders', { hold_id: hold.id }, keyed);
      const scoped = `orders ${as} ${keyed}`;
      const known = keyed === null ? undefined : world.keys.get(scoped);
      if (known !== undefined && known.made !== hold) {
        return expectAnswer(answer, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
      }
      if (known !== undefined) {
        return expectAnswer(answer, { status: 201, body: { ...answerOf(hold), order_id: hold.order!.id } });
      }
      const refusal = refusalOf(hold, { isOwn: isOf(hold, as) });
      if (refusal !== null) return expectAnswer(answer, refusal);
      expectAnswer(answer, { status: 201, body: answerOf(hold) });
      addOrder(world, hold, answer);
      if (keyed !== null) world.keys.set(scoped, { content: hold.id, made: hold });
      if (world.early.length === 0) return;
      expect(answer.body.order_id).toBe(world.early[0]!.orderId);
      await shop.reconcile();
      for (const notice of world.early.splice(0)) decide(world, notice);
    },
  }),
);
