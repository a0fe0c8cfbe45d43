export interface RetryOptions {
  /** Tries of one call; 1: none again. Default 5. */
  readonly tries?: number;
  /** After so long since the first try no other one begins. Default 60 s. */
  readonly withinMs?: number;
  /** One try without an answer counts as broken after so long: longer than the feed of events waits. Default 45 s. */
  readonly tryMs?: number;
}

type Send = (request: Request) => Promise<Response>;

/** What tests put in place of time and chance. */
interface Surroundings {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export const REAL: Surroundings = { sleep, now: () => performance.now(), random: () => Math.random() };

/** The pause before the second try is at most this long, and twice as long each time after. */
const PAUSE_MS = 200;
const PAUSE_MS_MAX = 5000;

/** What was asked for by one of these has one effect, however often it comes. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Nothing is known of what became of the request: of 502 and 504 as little as when a connection breaks. */
const UNDECIDED = new Set([502, 503, 504]);

/**
 * Tries a request again while nobody answered it: the connection broke, before or amid the answer, or the answer is 503
 * (502 and 504 come from a proxy whose connection broke). Only where a repetition has no second effect: by its method, or
 * by its `Idempotency-Key`, which is the same each time. 429 was refused before anything was done, so it is repeated
 * whatever it is. Each other answer is final. A `Retry-After` is waited for; where that takes too long its answer is given.
 */
export function retrying(send: Send, options: RetryOptions = {}, { sleep, now, random } = REAL): Send {
  const { tries = 5, withinMs = 60_000, tryMs = 45_000 } = options;
  return async (request) => {
    const startedAt = now();
    const isRepeatable = REPEATABLE.has(request.method) || request.headers.has('idempotency-key');
    for (let count = 1; ; count++) {
      const outcome = await tryOnce(send, request, tryMs);
      const isAsked = outcome.isBroken || UNDECIDED.has(outcome.response.status);
      const isTriedAgain = (isAsked && isRepeatable) || (!outcome.isBroken && outcome.response.status === 429);
      const pauseMs = Math.min(PAUSE_MS * 2 ** (count - 1), PAUSE_MS_MAX) * random() + askedPauseMs(outcome);
      const isInTime = count < tries && now() - startedAt + pauseMs <= withinMs;
      if (isTriedAgain && isInTime) await sleep(pauseMs, request.signal);
      else if (outcome.isBroken) throw outcome.error;
      else return outcome.response;
    }
  };
}

type Outcome =
  { readonly isBroken: true; readonly error: unknown } | { readonly isBroken: false; readonly response: Response };

/** @throws the reason of the caller's signal once that is aborted. */
async function tryOnce(send: Send, request: Request, tryMs: number): Promise<Outcome> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException(`No answer within ${tryMs} ms`, 'TimeoutError')), tryMs);
  try {
    const signal = AbortSignal.any([request.signal, late.signal]);
    return { isBroken: false, response: await whole(await send(new Request(request.clone(), { signal }))) };
  } catch (error) {
    request.signal.throwIfAborted();
    return { isBroken: true, error };
  } finally {
    clearTimeout(timer);
  }
}

/** An answer that is read to its end, since the connection may break before: streams and files alone are left to the caller. */
async function whole(response: Response): Promise<Response> {
  if (!/^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')) return response;
  const { status, statusText, headers } = response;
  return new Response(await response.arrayBuffer(), { status, statusText, headers });
}

/** What the service asks to wait, in milliseconds. */
function askedPauseMs(outcome: Outcome): number {
  const seconds = outcome.isBroken ? 0 : Number(outcome.response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
