import { HoldNotFoundError } from '../../../holds/holds.errors.js';
import type { OrderRule } from '../order-facts.js';

/** Only a row that is there could be locked. */
export const holdExists: OrderRule = {
  refuse({ holdId }, { holds }) {
    return holds.has(holdId) ? null : new HoldNotFoundError();
  },
};
