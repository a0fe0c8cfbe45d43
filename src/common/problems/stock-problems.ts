import type { ProblemDefinition } from './problem-definition.js';

/** Why a product, a sale or a hold is not to be had, or not to be changed. */
export const STOCK_PROBLEMS = {
  PRODUCT_NOT_FOUND: {
    status: 404,
    title: 'There is no such product',
    cause: 'No product has this number.',
    remedy: 'Take the number from the list of products.',
  },
  SALE_NOT_FOUND: {
    status: 404,
    title: 'There is no such sale',
    cause: 'No sale has this number.',
    remedy: 'Take the number from the list of sales.',
  },
  HOLD_NOT_FOUND: {
    status: 404,
    title: 'There is no such hold',
    cause: 'No hold has this id, it ended so long ago that it was deleted, or it is another buyer’s.',
    remedy: 'Send the id as the answer to the hold gave it, with a token of the same buyer, or make a new hold.',
  },
  PRODUCT_NOT_ON_SALE: {
    status: 409,
    title: 'The product is on sale no more',
    cause: 'An operator has archived the product. What was held before stays held, and becomes orders as always.',
    remedy: 'Take another product. An operator can put this one back with `"archived": false`.',
  },
  SALE_NOT_STARTED: {
    status: 409,
    title: 'The sale has not started',
    cause: 'The product is sold from `starts_at` on, by the database’s clock.',
    remedy: 'Wait for as many seconds as the header `Retry-After` says. Whoever comes earlier gets the same answer.',
    retryAfterSeconds: 'known',
  },
  SALE_PAUSED: {
    status: 409,
    title: 'The sale is paused',
    cause: 'An operator has interrupted the sale. What was held before stays held, and becomes orders as always.',
    remedy: 'Try again later; `GET /api/sales/{id}` tells when it goes on.',
  },
  HOLD_NOT_EXTENDABLE: {
    status: 409,
    title: 'The hold can not be extended',
    cause:
      'It was extended as often as it may be, is over, has become an order, or its sale has ended: `reason` says which.',
    remedy: 'Order before `expires_at`, or make a new hold.',
  },
  SALE_STARTED: {
    status: 409,
    title: 'The sale has started',
    cause: 'The start of a sale was to be moved, but it has passed.',
    remedy: 'Leave `starts_at` out. A sale that runs can be paused, and ended.',
  },
  SALE_ENDED: {
    status: 409,
    title: 'The sale has ended',
    cause:
      'The sale is over, by its time or by its operator. What was held before stays held, and becomes orders as always.',
    remedy: 'For an operator: only the name of an ended sale can be changed; put its products into another one.',
  },
  SKU_TAKEN: {
    status: 409,
    title: 'Another product has this SKU',
    cause: 'A SKU names one product, and `product_id` says which one has this one already.',
    remedy: 'Choose another SKU, or change the product that has it.',
  },
  INSUFFICIENT_STOCK: {
    status: 409,
    title: 'Not enough units are available',
    cause: 'Fewer units are free than the hold asks for. `available_stock` says how many are.',
    remedy: 'Ask for fewer, or try later: units come back when holds expire or are given back.',
  },
  CUSTOMER_LIMIT_REACHED: {
    status: 409,
    title: 'The customer may not have so many',
    cause: 'What this customer holds, has ordered and has bought would be more than the `limit` for each customer.',
    remedy: 'Ask for `remaining` units at most. What is given back, or expires, counts no more.',
  },
  HOLD_ALREADY_USED: {
    status: 409,
    title: 'An order was already made of this hold',
    cause: 'A hold makes one order, and this one has made the order that `order_id` names.',
    remedy: 'Go on with that order. To buy more, make another hold.',
  },
  STOCK_BELOW_COMMITTED: {
    status: 409,
    title: 'The stock is below what is held and sold',
    cause: 'The new total is less than the units that buyers hold or have bought already.',
    remedy: 'Choose a higher total, or wait until holds expire.',
  },
  HOLD_EXPIRED: {
    status: 410,
    title: 'The hold is no longer active',
    cause: 'The hold’s time is over, or it was given back. Its units are on sale again.',
    remedy: 'Make a new hold, and order within its time.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'It was changed meanwhile',
    cause: 'The change came with an `If-Match` that is not the `ETag` which the product or the sale has now.',
    remedy: 'Read it again, decide anew, and send the change with the new `ETag`.',
  },
} as const satisfies Record<string, ProblemDefinition>;
