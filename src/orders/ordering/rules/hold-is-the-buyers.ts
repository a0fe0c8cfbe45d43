import { HoldNotFoundError } from '../../../holds/holds.errors.js';
import { isOf } from '../../../holds/holds.types.js';
import type { OrderRule } from '../order-facts.js';

/** Whose hold it is not learns nothing of it, not even that it is there. */
export const holdIsTheBuyers: OrderRule = {
  refuse({ holdId, caller }, { holds }) {
    return isOf(holds.get(holdId)!, caller) ? null : new HoldNotFoundError();
  },
};
