import { HoldExpiredError } from '../../../holds/holds.errors.js';
import { statusOf } from '../../../holds/holds.types.js';
import type { OrderRule } from '../order-facts.js';

/** A hold that was given back, or is past its time, has no units any more. */
export const holdIsActive: OrderRule = {
  refuse({ holdId }, { holds }) {
    return statusOf(holds.get(holdId)!) === 'active' ? null : new HoldExpiredError();
  },
};
