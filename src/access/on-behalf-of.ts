import type { IncomingHttpHeaders } from 'node:http';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../common/customer-id.js';
import { ValidationError } from '../common/problem.js';
import { type Buyer, BUYER_GROUP, BUYER_GROUPS_MAX } from './caller.js';

/** Names the customer for whom a shop's server makes a buyers' call; the other two say more of him. */
export const ON_BEHALF_OF = 'on-behalf-of';
const LIMIT_KEY = 'buyer-limit-key';
const GROUPS = 'buyer-groups';

/**
 * The customer whom the headers name; null: none. They are to be believed of a shop's server alone.
 *
 * @throws ValidationError
 */
export function buyerOf(headers: IncomingHttpHeaders): Buyer | null {
  const customerId = nameIn(headers, ON_BEHALF_OF);
  const limitKey = nameIn(headers, LIMIT_KEY);
  const groups = groupsIn(headers);
  if (customerId !== undefined) return { customerId, limitKey: limitKey ?? customerId, groups: groups ?? [] };
  // Left alone, they would be passed over in silence: no early access, and a limit that counts somebody else.
  if (limitKey !== undefined || groups !== undefined)
    throw refusal(ON_BEHALF_OF, 'is required by what else is said of a buyer');
  return null;
}

function nameIn(headers: IncomingHttpHeaders, field: string): string | undefined {
  const text = textIn(headers, field);
  if (text !== undefined && !CUSTOMER_ID.test(text)) throw refusal(field, CUSTOMER_ID_RULE);
  return text;
}

function groupsIn(headers: IncomingHttpHeaders): string[] | undefined {
  const groups = textIn(headers, GROUPS)
    ?.split(',')
    .map((group) => group.trim());
  if (groups === undefined || (groups.length <= BUYER_GROUPS_MAX && groups.every((group) => BUYER_GROUP.test(group))))
    return groups;
  throw refusal(
    GROUPS,
    `must be 1 to ${BUYER_GROUPS_MAX} groups with commas between, each of 1 to 64 visible ASCII characters`,
  );
}

/** A header that comes twice is one text, with a comma and a blank between. */
function textIn(headers: IncomingHttpHeaders, field: string): string | undefined {
  return headers[field] as string | undefined;
}

function refusal(field: string, message: string): ValidationError {
  return new ValidationError(`The header is not valid: ${field} ${message}.`, [{ field, message }]);
}
