/**
 * Every error code the service can answer with: its HTTP status, its title, and whether the same request
 * may succeed later (`retryAfterSeconds` becomes the `Retry-After` header). A code is never reused.
 * The form of the answer is RFC 9457 (problem details).
 */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 400, title: 'The request is not valid' },
  UNAUTHORIZED: { status: 401, title: 'A valid admin token is needed' },
  SIGNATURE_INVALID: { status: 401, title: 'The notice is not authentic' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route' },
  PRODUCT_NOT_FOUND: { status: 404, title: 'There is no such product' },
  HOLD_NOT_FOUND: { status: 404, title: 'There is no such hold' },
  PROVIDER_NOT_FOUND: { status: 404, title: 'There is no such payment provider' },
  REFUND_NOT_FOUND: { status: 404, title: 'There is no such refund' },
  PAYMENT_EVENT_NOT_FOUND: { status: 404, title: 'There is no such payment event' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time' },
  INSUFFICIENT_STOCK: { status: 409, title: 'Not enough units are available' },
  HOLD_ALREADY_USED: { status: 409, title: 'An order was already made of this hold' },
  ORDER_ALREADY_PAID: { status: 409, title: 'The order is already paid' },
  REFUND_STATUS_CONFLICT: { status: 409, title: 'The refund is in another state' },
  PAYMENT_EVENT_NOT_OWED: { status: 409, title: 'The payment event is about no money that could be owed back' },
  STOCK_BELOW_COMMITTED: { status: 409, title: 'The stock is below what is held and sold' },
  HOLD_EXPIRED: { status: 410, title: 'The hold is no longer active' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be application/json' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used with other content' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The URL and the headers are too large' },
  RATE_LIMITED: { status: 429, title: 'Too many requests', retryAfterSeconds: 60 },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong on our side' },
  OVERLOADED: { status: 503, title: 'Too many requests are waiting', retryAfterSeconds: 1 },
  UNAVAILABLE: { status: 503, title: 'The service can not answer right now', retryAfterSeconds: 2 },
} as const satisfies Record<string, ProblemDefinition>;

export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  readonly retryAfterSeconds?: number;
}

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldError {
  /** Name of the field, nested ones joined by a dot; empty for the body as a whole. */
  readonly field: string;
  readonly message: string;
}

/**
 * An answer that says no. Features derive a class per code; `detail` is public text and `extensions` are
 * public members of the problem document.
 */
export class DomainError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extensions?: Readonly<Record<string, unknown>>,
  ) {
    // A refusal is an outcome, not a fault: nobody reads its stack, and when a sale is sold out
    // capturing one would cost more than the rest of the answer.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = limit;
    this.name = new.target.name;
  }
}

/** The request breaks a rule that its schema can't state. */
export class ValidationError extends DomainError {
  constructor(detail: string, errors: readonly FieldError[]) {
    super('VALIDATION_FAILED', detail, { errors });
  }
}

/** More requests wait than the service is willing to keep. */
export class OverloadedError extends DomainError {
  constructor(detail = 'Too many requests are waiting; try again in a moment.') {
    super('OVERLOADED', detail);
  }
}

/** Something the answer depends on is away. `cause` is for the log only. */
export class UnavailableError extends DomainError {
  constructor(detail: string, cause?: unknown) {
    super('UNAVAILABLE', detail);
    this.cause = cause;
  }
}

const TYPES = new Map(
  Object.keys(PROBLEMS).map((code) => [code, `urn:problem:${code.toLowerCase().replaceAll('_', '-')}`]),
);

/** The problem document of RFC 9457 for an error code. */
export function problemDocument(
  code: ProblemCode,
  detail: string,
  extensions?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return { type: TYPES.get(code), title, status, detail, code, ...extensions };
}
