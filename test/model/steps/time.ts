import fc from 'fast-check';
import { beginEarly, expireHolds, moveSale, passDeadline } from '../../support/factories.js';
import { steps, which } from '../step.js';
import { isActive, type Order, pick, pickWhere, type Sale } from '../world.js';

/** Time that passes: the rows' times are moved, as if they had been earlier by so much. */

export const expire = steps(which, (index) => ({
  name: `active hold ${index} expires`,
  isPossible: ({ holds }) => holds.some(isActive),
  take: async ({ holds }) => {
    const hold = pickWhere(holds, isActive, index);
    hold.hasExpired = true;
    await expireHolds(hold.id);
  },
}));

export const releaseExpired = steps(fc.constant(null), () => ({
  name: 'expired holds are released',
  take: async (world, shop) => {
    await shop.releaseExpired();
    for (const hold of world.holds) if (hold.order === null && hold.hasExpired) hold.isGivenBack = true;
  },
}));

const isUnpaid = ({ status }: Order): boolean => status === 'pending_payment';

/** Unless somebody has to look at money for it. */
export const missDeadline = steps(which, (index) => ({
  name: `unpaid order ${index} is due`,
  isPossible: ({ orders }) => orders.some(isUnpaid),
  take: async ({ orders }, shop) => {
    const order = pickWhere(orders, isUnpaid, index);
    await passDeadline(order.id);
    await shop.cancelDue();
    if (!order.isUnderReview) Object.assign(order, { status: 'cancelled', cancelReason: 'payment_expired' });
  },
}));

export const start = steps(which, (index) => ({
  name: `sale ${index} starts`,
  isPossible: ({ sales }) => !pick(sales, index).hasStarted && !pick(sales, index).hasEnded,
  take: async ({ sales }) => {
    const sale = pick(sales, index);
    sale.hasStarted = true;
    await moveSale(sale.id, { startsIn: -1 });
  },
}));

const mayBegin = ({ early, hasStarted, hasEnded }: Sale): boolean => early.length > 0 && !hasStarted && !hasEnded;

export const startEarly = steps(fc.record({ sale: which, group: which }), ({ sale: index, group }) => ({
  name: `sale ${index} starts for early group ${group}`,
  isPossible: ({ sales }) => sales.some(mayBegin),
  take: async ({ sales }) => {
    const { id, early } = pickWhere(sales, mayBegin, index);
    pick(early, group).hasStarted = true;
    await beginEarly(id, group % early.length);
  },
}));

export const end = steps(which, (index) => ({
  name: `sale ${index} is over`,
  isPossible: ({ sales }) => pick(sales, index).hasStarted && !pick(sales, index).hasEnded,
  take: async ({ sales }) => {
    const sale = pick(sales, index);
    sale.hasEnded = true;
    await moveSale(sale.id, { startsIn: -10, endsIn: -1 });
  },
}));
