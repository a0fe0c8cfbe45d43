/**
 * Every error code the service can answer with: its HTTP status, its title, and what the page of the code says of its
 * cause and of what helps. `retryAfterSeconds` marks what the same request may get over: the `Retry-After` header is a
 * random number of that range, so that clients that were refused together do not come back together; where it is 'known',
 * it is the time to a certain instant. `challenge` is the
 * header `WWW-Authenticate`. A code is never reused. The form of the answers is RFC 9457 (problem details).
 */
export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    title: 'The request is not valid',
    cause: 'A field is missing, unknown or has a value that is not allowed, or the request could not be read at all.',
    remedy: 'Mend the fields that `errors` names. The same request gets the same answer again.',
  },
  UNAUTHORIZED: {
    status: 401,
    title: 'A valid API key is needed',
    cause: 'An operator’s call came without an API key or the admin token, or with one that is wrong or revoked.',
    remedy: 'Send the header "Authorization: Bearer <key>" with an API key, or with the service’s ADMIN_TOKEN.',
    challenge: 'Bearer',
  },
  BUYER_TOKEN_REQUIRED: {
    status: 401,
    title: 'A token of the buyer is needed',
    cause: 'The shop sells this to customers only that are signed in, and the call names none.',
    remedy: 'Sign in at the shop, and send the token that it gives: "Authorization: Bearer <token>".',
    challenge: 'Bearer',
  },
  BUYER_TOKEN_INVALID: {
    status: 401,
    title: 'The token of the buyer is not valid',
    cause: 'The token has expired, is signed by nobody that is known here, or says something that it must not.',
    remedy: 'Get a new token from the shop. Without any token a call counts as one of nobody in particular.',
    challenge: 'Bearer error="invalid_token"',
  },
  SIGNATURE_INVALID: {
    status: 401,
    title: 'The notice is not authentic',
    cause: 'The signature of a payment notice is missing, made with another secret or over other bytes, or too old.',
    remedy:
      'Sign the body’s bytes as they are sent, with the shared secret, and mind the clock: five minutes are allowed.',
    challenge: 'Signature',
  },
  SCOPE_MISSING: {
    status: 403,
    title: 'The API key may not do this',
    cause: 'The key is valid, but has not the scope that the call needs, or that it wants to give to another key.',
    remedy: 'Use a key with the scope that `scope` names. Scopes of a key never change: make another key.',
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    title: 'The call is none of the console’s own page',
    cause: 'A call came with the session of the console, but from another page, or from no page that says where it is.',
    remedy: 'Use the console itself; a program sends its key as `Authorization: Bearer`.',
  },
  ADJUSTMENTS_NOT_TRUSTED: {
    status: 403,
    title: 'This caller may not say what an order costs',
    cause: 'An order came with `adjustments` from a buyer, or from nobody that is known.',
    remedy:
      "Have the shop's server order, with an API key of scope `sell` or `orders`; buyers order without adjustments.",
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    title: 'There is no such route',
    cause: 'No call has this path.',
    remedy: 'Look the path up in the documentation at /docs; paths are in lower case.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The path does not take this method',
    cause: 'There is such a path, but not with this method.',
    remedy: 'Send one of the methods that the header `Allow` lists.',
  },
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
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request did not arrive in time',
    cause: 'The connection was open for too long before the request was there as a whole. It is closed now.',
    remedy: 'Send the request again on a new connection, all at once. Nothing of it was carried out.',
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
  CUSTOMER_IS_ACTIVE: {
    status: 409,
    title: 'The customer has holds or unpaid orders',
    cause: 'A customer was to be forgotten who holds units right now, or whose order waits for its payment.',
    remedy: 'Wait until they have ended, or end them; then send the request again: what was done stays done.',
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
  EVENTS_GONE: {
    status: 410,
    title: 'Events were deleted that were not read yet',
    cause: 'What comes after `after` is not all kept any more: events are deleted after a number of days.',
    remedy: 'Bring your own data in line by the lists of orders and sales, and read on from `oldest_sequence`.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'It was changed meanwhile',
    cause: 'The change came with an `If-Match` that is not the `ETag` which the product or the sale has now.',
    remedy: 'Read it again, decide anew, and send the change with the new `ETag`.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    cause: 'The body has more bytes than this call takes.',
    remedy: 'Send less. `detail` says how many bytes the call takes.',
  },
  URI_TOO_LONG: {
    status: 414,
    title: 'The URL is too long',
    cause: 'The URL alone has more than 16 KiB.',
    remedy: 'Shorten it: no call of the service has a URL of more than some hundred characters.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The body must be application/json',
    cause: 'The body has another type than JSON, another encoding than UTF-8, or is packed (`Content-Encoding`).',
    remedy: 'Send JSON in UTF-8 as it is, with "Content-Type: application/json".',
  },
  EXPECTATION_FAILED: {
    status: 417,
    title: 'The expectation can not be met',
    cause: 'The header `Expect` asks for something else than "100-continue".',
    remedy: 'Leave the header out.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used with other content',
    cause: 'A key names one request, and this one came before with another body.',
    remedy: 'Make a new key for each new request, and send a key again only with the very same body.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    cause: 'This address, or this API key, has sent more requests of this kind than it may in a minute.',
    remedy: 'Wait for as many seconds as the header `Retry-After` says.',
    retryAfterSeconds: { min: 60, max: 60 },
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The URL and the headers are too large',
    cause: 'The request’s URL and headers together have more than 16 KiB.',
    remedy: 'Leave out cookies and other headers that are not meant for this service.',
  },
  INTERNAL_ERROR: {
    status: 500,
    title: 'Something went wrong on our side',
    cause: 'A fault of the service. It is in the log under the answer’s `X-Request-Id`, and nothing was committed.',
    remedy: 'Try once more. If it stays, tell the operator the `X-Request-Id`.',
  },
  OVERLOADED: {
    status: 503,
    title: 'Too many requests are waiting',
    cause: 'More requests wait than the service can answer in good time.',
    remedy: 'Wait for as many seconds as the header `Retry-After` says, and send the same request again.',
    retryAfterSeconds: { min: 1, max: 5 },
  },
  UNAVAILABLE: {
    status: 503,
    title: 'The service can not answer right now',
    cause: 'The database did not answer, or the service is shutting down.',
    remedy: 'Wait for as many seconds as `Retry-After` says, and send the same request with the same idempotency key.',
    retryAfterSeconds: { min: 1, max: 5 },
  },
} as const satisfies Record<string, ProblemDefinition>;

export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  readonly retryAfterSeconds?: { readonly min: number; readonly max: number } | 'known';
  readonly challenge?: string;
}

export type ProblemCode = keyof typeof PROBLEMS;
