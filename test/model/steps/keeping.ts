import { expect } from '@jest/globals';
import fc from 'fast-check';
import { expectAnswer } from '../shop.js';
import { caller, callerOf, instance, steps, which } from '../step.js';
import { amountOf, type Hold, inEuros, isActive, isOf, pick, wasPaid } from '../world.js';

/** What becomes of a hold that is there: looked at, given more time, given back. */

const aboutHold = { hold: which, as: caller, at: instance };
const NOT_FOUND = { status: 404, body: { code: 'HOLD_NOT_FOUND' } };

export const read = steps(fc.record(aboutHold), ({ hold: index, as: who, at }) => ({
  name: `${who} reads hold ${index}`,
  isPossible: ({ holds }) => holds.length > 0,
  take: async ({ holds }, shop) => {
    const hold = pick(holds, index);
    const as = callerOf(who, hold);
    const answer = await shop.call(as, at, 'GET', `/api/holds/${hold.id}`);
    if (!isOf(hold, as)) return expectAnswer(answer, NOT_FOUND);
    const { order, quantity, unitPrice, sale } = hold;
    const shown = order && {
      order_id: order.id,
      status: order.status,
      cancel_reason: order.cancelReason,
      amount: amountOf(hold),
    };
    const body = { quantity, unit_price: inEuros(unitPrice), sale_id: sale?.id ?? null, order: shown };
    expectAnswer(answer, { status: 200, body });
    // What a hold is called whose order was cancelled and paid after all is not promised.
    if (order === null || order.status === 'pending_payment')
      expectAnswer(answer, { status: 200, body: { status: statusOf(hold) } });
  },
}));

function statusOf(hold: Hold): string {
  if (hold.order !== null) return 'used';
  return isActive(hold) ? 'active' : 'released';
}

export const extend = steps(
  fc.record({ ...aboutHold, key: fc.option(fc.nat({ max: 1 })) }),
  ({ hold: index, as: who, at, key }) => ({
    name: `${who} extends hold ${index}${key === null ? '' : ` with key ${key}`}`,
    isPossible: ({ holds }) => holds.length > 0,
    take: async (world, shop) => {
      const hold = pick(world.holds, index);
      const as = callerOf(who, hold);
      const keyed = key === null ? null : `${world.name}-extend-${key}`;
      const answer = await shop.call(as, at, 'POST', `/api/holds/${hold.id}/extend`, undefined, keyed);
      if (!isOf(hold, as)) return expectAnswer(answer, NOT_FOUND);
      const scoped = `extensions ${as} ${keyed}`;
      const known = keyed === null ? undefined : world.keys.get(scoped);
      if (known !== undefined && known.made !== hold) {
        return expectAnswer(answer, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
      }
      const reasons = known === undefined ? refusalsOf(hold) : [];
      if (reasons.length > 0) {
        expectAnswer(answer, { status: 409, body: { code: 'HOLD_NOT_EXTENDABLE' } });
        return expect(reasons).toContain(answer.body.reason);
      }
      if (known === undefined) hold.extensionsLeft--;
      expectAnswer(answer, { status: 200, body: { extensions_left: hold.extensionsLeft } });
      const expiresAt = answer.body.expires_at as string;
      if (known === undefined) expect(expiresAt >= hold.expiresAt).toBe(true);
      hold.expiresAt = expiresAt;
      if (keyed !== null) world.keys.set(scoped, { content: hold.id, made: hold });
    },
  }),
);

/** All that keeps a hold from more time; which of several is told is not promised. */
function refusalsOf(hold: Hold): string[] {
  return [
    ...(hold.order === null ? [] : ['used']),
    ...(hold.order === null && !isActive(hold) ? ['expired'] : []),
    ...(hold.sale?.hasEnded ? ['sale_ended'] : []),
    ...(hold.extensionsLeft > 0 ? [] : ['none_left']),
  ];
}

export const giveBack = steps(fc.record(aboutHold), ({ hold: index, as: who, at }) => ({
  name: `${who} gives hold ${index} back`,
  isPossible: ({ holds }) => holds.length > 0,
  take: async ({ holds }, shop) => {
    const hold = pick(holds, index);
    const as = callerOf(who, hold);
    const answer = await shop.call(as, at, 'DELETE', `/api/holds/${hold.id}`);
    if (!isOf(hold, as)) return expectAnswer(answer, NOT_FOUND);
    const { order } = hold;
    if (order !== null && wasPaid(order)) {
      return expectAnswer(answer, { status: 409, body: { code: 'ORDER_ALREADY_PAID' } });
    }
    expectAnswer(answer, { status: 204 });
    hold.isGivenBack = true;
    if (order?.status === 'pending_payment') Object.assign(order, { status: 'cancelled', cancelReason: 'buyer' });
  },
}));
