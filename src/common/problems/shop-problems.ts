import type { ProblemDefinition } from './problem-definition.js';

/** Why the shop's server or its operators do not get what they ask of customers, keys, events and endpoints. */
export const SHOP_PROBLEMS = {
  KEY_NOT_FOUND: {
    status: 404,
    title: 'There is no such API key',
    cause: 'No API key has this number.',
    remedy: 'Take the number from the list of keys; it also stands between the underscores of the key.',
  },
  ENDPOINT_NOT_FOUND: {
    status: 404,
    title: 'There is no such endpoint',
    cause: 'No endpoint has this number, or it was deleted.',
    remedy: 'The list of endpoints has the numbers.',
  },
  DELIVERY_NOT_FOUND: {
    status: 404,
    title: 'There is no such delivery',
    cause: 'The endpoint has no delivery of this number, or it was deleted after its time.',
    remedy: 'The list of the endpoint’s deliveries has the numbers.',
  },
  CUSTOMER_IS_ACTIVE: {
    status: 409,
    title: 'The customer has holds or unpaid orders',
    cause: 'A customer was to be forgotten who holds units right now, or whose order waits for its payment.',
    remedy: 'Wait until they have ended, or end them; then send the request again: what was done stays done.',
  },
  EVENTS_GONE: {
    status: 410,
    title: 'Events were deleted that were not read yet',
    cause: 'What comes after `after` is not all kept any more: events are deleted after a number of days.',
    remedy: 'Bring your own data in line by the lists of orders and sales, and read on from `oldest_sequence`.',
  },
} as const satisfies Record<string, ProblemDefinition>;
