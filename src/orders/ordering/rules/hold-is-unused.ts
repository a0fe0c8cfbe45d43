import { HoldAlreadyUsedError } from '../../orders.errors.js';
import type { OrderRow } from '../../orders.types.js';
import type { OrderRule } from '../order-facts.js';

const alreadyUsed = (order: OrderRow): HoldAlreadyUsedError => new HoldAlreadyUsedError(order.id);

/** A hold is used once: by an order of before, whatever became of it, or by the first request of the batch that may. */
export const holdIsUnused: OrderRule = {
  refuse({ holdId }, { holds, taken }) {
    return holds.get(holdId)!.used || taken.has(holdId) ? alreadyUsed : null;
  },
  take({ holdId }, { taken }) {
    taken.add(holdId);
  },
};
