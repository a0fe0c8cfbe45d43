import type { ProblemDefinition } from './problem-definition.js';

/** Why money does not move as it was asked to: of orders, payments and refunds. */
export const MONEY_PROBLEMS = {
  SIGNATURE_INVALID: {
    status: 401,
    title: 'The notice is not authentic',
    cause: 'The signature of a payment notice is missing, made with another secret or over other bytes, or too old.',
    remedy:
      'Sign the body’s bytes as they are sent, with the shared secret, and mind the clock: five minutes are allowed.',
    challenge: 'Signature',
  },
  ADJUSTMENTS_NOT_TRUSTED: {
    status: 403,
    title: 'This caller may not say what an order costs',
    cause: 'An order came with `adjustments` from a buyer, or from nobody that is known.',
    remedy:
      "Have the shop's server order, with an API key of scope `sell` or `orders`; buyers order without adjustments.",
  },
  PROVIDER_NOT_FOUND: {
    status: 404,
    title: 'There is no such payment provider',
    cause: 'A notice came to the address of a payment provider that the service does not know.',
    remedy: 'Mend the address at the provider. It sends again what was refused.',
  },
  REFUND_NOT_FOUND: {
    status: 404,
    title: 'There is no such refund',
    cause: 'No refund has this number.',
    remedy: 'Take the number from the list of refunds.',
  },
  ORDER_NOT_FOUND: {
    status: 404,
    title: 'There is no such order',
    cause: 'No order has this number, or it ended unpaid so long ago that it was deleted.',
    remedy: 'Take the number from the list of orders.',
  },
  PAYMENT_EVENT_NOT_FOUND: {
    status: 404,
    title: 'There is no such payment event',
    cause: 'No payment event has this number, or it was deleted after its time.',
    remedy: 'Take the number from the list of payment events.',
  },
  ORDER_ALREADY_PAID: {
    status: 409,
    title: 'The order is already paid',
    cause: 'A hold was to be given back, or an order cancelled, but the order is paid.',
    remedy: 'Ask the shop for a refund. An operator returns its units.',
  },
  ORDER_NOT_PAID: {
    status: 409,
    title: 'The order was never paid',
    cause: 'Units of an order were to be returned, but it was never paid: it waits for its payment, or ended without.',
    remedy: 'Cancel it instead, if it still waits.',
  },
  NOTHING_TO_RETURN: {
    status: 409,
    title: 'All units of the order have come back',
    cause: 'Units of an order were to be returned, and none of it counts as sold any more.',
    remedy: 'Read the order: `quantity_sold` tells how many can be returned, `refunds` what was given back.',
  },
  QUANTITY_NOT_RETURNABLE: {
    status: 409,
    title: 'So many units can not be returned',
    cause: 'More units were to be returned than the order counts as sold. `returnable` says how many that are.',
    remedy: 'Return at most `returnable` units.',
  },
  AMOUNT_MISMATCH: {
    status: 409,
    title: 'What was paid is not what is due',
    cause: 'An order came as `paid` with another amount or currency than it comes to. `amount` says what is due.',
    remedy: 'Look at adjustments and price. Order it with what is due, or give the money back.',
  },
  PAYMENT_ALREADY_USED: {
    status: 409,
    title: 'The payment is known already',
    cause: 'An order came as `paid` by a transaction that is known as a payment, of another order or of none.',
    remedy: 'One payment pays one order. Look for the order that has it by `transaction_id`.',
  },
  PAYMENT_NOT_POSSIBLE: {
    status: 409,
    title: 'The order has no payment to be made',
    cause:
      'The payment of a hold was to be made anew that has no order, or one that has ended, or whose shop makes it.',
    remedy: 'Look at the hold: `order` and `payment` tell what has become of it.',
  },
  REFUND_STATUS_CONFLICT: {
    status: 409,
    title: 'The refund is in another state',
    cause: 'The refund was sent, confirmed or failed meanwhile, and this step does not follow on that.',
    remedy: 'Read the refund again and decide anew.',
  },
  PAYMENT_EVENT_NOT_ACCEPTABLE: {
    status: 409,
    title: 'The payment event can not be accepted',
    cause: 'It is no payment that waits for review, names no order that is there, or is in another currency.',
    remedy: 'Read the payment event again. Money that no order can have is given back instead.',
  },
  REFUND_NOT_SENDABLE: {
    status: 409,
    title: 'The provider of the payment can not send refunds',
    cause: 'The payment came through a provider that has no interface for refunds, or none is set up in the service.',
    remedy: 'Give the money back by other means, then note the refund as sent.',
  },
  PAYMENT_EVENT_NOT_OWED: {
    status: 409,
    title: 'The payment event is about no money that could be owed back',
    cause: 'Only a payment that succeeded and was not applied to an order can be owed back.',
    remedy: 'Read the payment event again: it failed, or its order has the money.',
  },
} as const satisfies Record<string, ProblemDefinition>;
