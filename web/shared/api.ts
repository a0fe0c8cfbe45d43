import { now, setServerTime } from './clock.js';

/** Longer than the service takes for anything: what it did not answer by then is sent again. */
const ANSWERED_WITHIN_MS = 15_000;

/** What the header `Date` may be off by. */
const DATE_STEP_MS = 1000;

/** What the service said no with: a problem document (RFC 9457). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** Stable, such as `INSUFFICIENT_STOCK`; `HTTP_502` where something between had no problem document. */
    readonly code: string,
    readonly problem: Readonly<Record<string, unknown>>,
    /** Null where the service names no pause. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(typeof problem.detail === 'string' ? problem.detail : code);
  }
}

/** No answer came: the network or the service is away, and nobody knows what became of the request. */
export class Unreachable extends Error {}

/** Whether the service is away, or something before it says so: what is asked later may be answered. */
export function isAway(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refusal && error.status >= 500);
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent again with the same key, a request has its effect once. */
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Passes the browser's cache by. */
  readonly isFresh?: boolean;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/**
 * Calls the API.
 *
 * @throws Refusal what the service said no with; Unreachable without an answer
 */
export async function call<Body>(method: string, path: string, options: CallOptions = {}): Promise<Answer<Body>> {
  const { body, idempotencyKey, headers, isFresh } = options;
  const response = await send(path, {
    method,
    ...(isFresh && { cache: 'no-store' }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const parsed = await parse(response);
  goByTheClockOf(response);
  if (response.ok) return { status: response.status, body: parsed as Body, headers: response.headers };
  const { code } = parsed;
  const retryAfter = response.headers.get('retry-after');
  throw new Refusal(
    response.status,
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    parsed,
    retryAfter === null ? null : Number(retryAfter),
  );
}

/** A key for a request that must have its effect once, however often it is sent. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
  } catch (error) {
    throw new Unreachable('No answer came.', { cause: error });
  }
}

async function parse(response: Response): Promise<Record<string, unknown>> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return {};
  try {
    return (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw new Unreachable('The answer broke off.', { cause: error });
  }
}

/** An answer that no cache may have kept says what time it is, to the second: good enough where we are off by more. */
function goByTheClockOf({ headers }: Response): void {
  const instant = Date.parse(headers.get('date') ?? '') + DATE_STEP_MS / 2;
  if (headers.get('cache-control') !== 'no-store' || Number.isNaN(instant)) return;
  if (Math.abs(instant - now.peek()) > DATE_STEP_MS) setServerTime(instant);
}
