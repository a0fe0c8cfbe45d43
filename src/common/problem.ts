import { type ProblemCode, PROBLEMS } from './problem-catalogue.js';

export { type ProblemCode, PROBLEMS };

export interface FieldError {
  /** Name of the field, nested ones joined by a dot; empty for the body as a whole. */
  readonly field: string;
  readonly message: string;
}

/**
 * An answer that says no. Features derive a class per code; `detail` is public text and `extensions` are
 * public members of the problem document; `retryAfterSeconds` is given where the instant is known at which the same request
 * may be granted.
 */
export class DomainError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extensions?: Readonly<Record<string, unknown>>,
    readonly retryAfterSeconds?: number,
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
  constructor(
    detail: string,
    readonly errors: readonly FieldError[],
  ) {
    super('VALIDATION_FAILED', detail, { errors });
  }
}

/** The body comes in a form that is not read here. */
export class UnsupportedMediaTypeError extends DomainError {
  constructor(detail = 'Send the body as JSON with "Content-Type: application/json".') {
    super('UNSUPPORTED_MEDIA_TYPE', detail);
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

/** This instance is not to be asked now: it ends, or what it needs is gone. Balancers ask another one. */
export class NotReadyError extends UnavailableError {}

/** Where the error codes are documented; each code's page is the `type` of its problem documents. */
export const ERROR_PAGES = '/docs/errors';

const TYPES = new Map(Object.keys(PROBLEMS).map((code) => [code, `${ERROR_PAGES}/${code}`]));

/** The problem document of RFC 9457 for an error code. */
export function problemDocument(
  code: ProblemCode,
  detail: string,
  extensions?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return { type: TYPES.get(code), title, status, detail, code, ...extensions };
}
