import { OverloadedError, UnavailableError } from './problem.js';
import { backoffWithJitterMs, retry } from './retry.js';

/**
 * Group commit: one transaction decides many waiting requests, first come first served.
 *
 * While a transaction is in flight, arriving requests wait; when it ends, all that wait (up to
 * `batchSizeMax`) form the next one. There is no timer: an idle service starts at once. It trades the
 * latency of one transaction for throughput that no longer depends on how long a commit takes.
 *
 * The database and this process work at the same time: the next transaction is sent off before the requests
 * of the last one are answered, and a batch that gathers starts once `EAGER_SIZE` requests are in it.
 * Otherwise all clients would be answered together, ask again together, and wait together.
 *
 * What a caller of `submit` may rely on:
 *  - its promise settles only after the transaction that decided it has ended;
 *  - an `Error` among the outcomes of a batch rejects that one request and no other;
 *  - a transient failure (deadlock, lost connection) runs the whole transaction again, a bounded number of times;
 *  - any other failure halves the batch until the one item that causes it stands alone and is rejected;
 *  - past `waitingMax` waiting requests it is refused at once (OVERLOADED), and so it is once draining (UNAVAILABLE).
 */
export interface GroupCommitOptions<Request, Outcome> {
  /**
   * Runs one transaction and returns one outcome for each request, in their order. `mayHaveCommitted`: an
   * earlier try of these requests may have committed without its answer reaching us.
   */
  commit(batch: readonly Request[], mayHaveCommitted: boolean): Promise<readonly (Outcome | Error)[]>;
  readonly batchSizeMax: number;
  readonly waitingMax: number;
  /** Whether the whole transaction may succeed when run again. */
  isTransient(error: unknown): boolean;
  /** Whether no part of the batch can succeed now, so that halving it would only repeat the failure. */
  isOutage(error: unknown): boolean;
  /** Whether the failed transaction may have committed all the same. */
  isCommitUnknown(error: unknown): boolean;
  readonly triesMax?: number;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly observer?: GroupCommitObserver;
}

/** What a group commit tells about itself; times in milliseconds. */
export interface GroupCommitObserver {
  /** A batch begins; its oldest request has waited for `waitMs`. */
  started?(batchSize: number, waitMs: number): void;
  committed(batchSize: number, commitMs: number): void;
  retried(batchSize: number, error: unknown): void;
  halved(batchSize: number, error: unknown): void;
  refused(): void;
}

interface Waiter<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What is known of a batch over all its tries, and of its halves: a doubt about a commit never goes away. */
interface History {
  mayHaveCommitted: boolean;
}

/** Requests that are enough to start a transaction with, while more may be on their way. */
const EAGER_SIZE = 64;

const sleepMs = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

export class GroupCommit<Request, Outcome> {
  private waiting: Waiter<Request, Outcome>[] = [];
  private running: Promise<void> | undefined;
  private isDraining = false;
  private stopGathering: () => void = doNothing;
  /** Since when the oldest request waits, by `performance.now()`. */
  private waitingSince = 0;

  constructor(private readonly options: GroupCommitOptions<Request, Outcome>) {}

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** @throws OverloadedError, UnavailableError, or what the commit decided for this request. */
  submit(request: Request): Promise<Outcome> {
    if (this.isDraining) return Promise.reject(new UnavailableError('The service is shutting down.'));
    if (this.waiting.length >= this.options.waitingMax) {
      this.options.observer?.refused();
      return Promise.reject(new OverloadedError());
    }
    if (this.waiting.length === 0) this.waitingSince = performance.now();
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      this.running ??= this.run();
      if (this.waiting.length === EAGER_SIZE) this.stopGathering();
    });
  }

  /** Takes no new request and resolves when all that were accepted are settled. */
  async drain(): Promise<void> {
    this.isDraining = true;
    await this.running;
  }

  private async run(): Promise<void> {
    await this.gather();
    let answer = doNothing;
    while (this.waiting.length > 0) {
      const decided = this.decide(this.take());
      // A turn of the loop, in which the transaction's first statement is sent.
      if (answer !== doNothing) await new Promise((turn) => setImmediate(turn));
      answer();
      answer = await decided;
      if (this.waiting.length > 0) continue;
      answer();
      answer = doNothing;
      if (this.waiting.length > 0) await this.gather();
    }
    this.running = undefined;
  }

  /**
   * Lets the event loop finish reading the sockets that are ready, so that requests which arrived together are
   * decided together. It is a turn of the loop, not a delay, and ends early when there is enough to do.
   */
  private gather(): Promise<void> {
    return new Promise((resolve) => {
      this.stopGathering = resolve;
      setImmediate(resolve);
    });
  }

  private take(): Waiter<Request, Outcome>[] {
    const { batchSizeMax, observer } = this.options;
    observer?.started?.(Math.min(this.waiting.length, batchSizeMax), performance.now() - this.waitingSince);
    if (this.waiting.length <= batchSizeMax) {
      const all = this.waiting;
      this.waiting = [];
      return all;
    }
    return this.waiting.splice(0, batchSizeMax);
  }

  /** Runs the batch's transaction. Calling what is returned answers its requests. */
  private async decide(
    batch: Waiter<Request, Outcome>[],
    history: History = { mayHaveCommitted: false },
  ): Promise<() => void> {
    try {
      const requests = batch.map((waiter) => waiter.request);
      const outcomes = await this.commitWithRetry(requests, history);
      return () => answerAll(batch, outcomes);
    } catch (error) {
      return this.decideHalves(batch, history, error);
    }
  }

  private async decideHalves(batch: Waiter<Request, Outcome>[], history: History, error: unknown): Promise<() => void> {
    if (batch.length === 1 || this.options.isOutage(error)) {
      return () => batch.forEach((waiter) => waiter.reject(error));
    }
    this.options.observer?.halved(batch.length, error);
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const answer = await this.decide(half, { ...history });
      answer();
    }
    return doNothing;
  }

  private async commitWithRetry(requests: Request[], history: History): Promise<readonly (Outcome | Error)[]> {
    const { commit, isTransient, isCommitUnknown, triesMax = 5, sleep = sleepMs, observer } = this.options;
    const startedAt = performance.now();
    const outcomes = await retry(
      (previousError) => {
        if (previousError !== undefined) observer?.retried(requests.length, previousError);
        if (isCommitUnknown(previousError)) history.mayHaveCommitted = true;
        return commit(requests, history.mayHaveCommitted);
      },
      { triesMax, isTransient, delayMs: backoffWithJitterMs, sleep },
    );
    if (outcomes.length !== requests.length) {
      throw new Error(`commit returned ${outcomes.length} outcomes for ${requests.length} requests`);
    }
    observer?.committed(requests.length, performance.now() - startedAt);
    return outcomes;
  }
}

function answerAll<Request, Outcome>(batch: Waiter<Request, Outcome>[], outcomes: readonly (Outcome | Error)[]): void {
  batch.forEach((waiter, index) => {
    const outcome = outcomes[index];
    if (outcome instanceof Error) waiter.reject(outcome);
    else waiter.resolve(outcome as Outcome);
  });
}

function doNothing(): void {}
