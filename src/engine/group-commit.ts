import { OverloadedError, UnavailableError } from '../common/problem.js';
import { backoffWithJitterMs, retry } from '../common/retry.js';
import { type RowLocks, SideLane } from './side-lane.js';

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
 *  - its promise settles once the transaction that decided it has ended, or `deadlineMs` after `submit`, whatever it
 *    waits for: then it is rejected (UNAVAILABLE) and its outcome is unknown, as if the answer had been lost;
 *  - an `Error` among the outcomes of a batch rejects that one request and no other;
 *  - a transient failure (deadlock, lost connection) runs the whole transaction again, a bounded number of times;
 *  - an outage rejects the batch and all who wait: nothing can be written, so none of them is kept waiting for it;
 *  - a lock that somebody keeps stops those who need that row, aside and up to their deadline, and nobody else;
 *  - any other failure halves the batch until the one item that causes it stands alone and is rejected;
 *  - past `waitingMax` waiting requests it is refused at once (OVERLOADED), and so it is once draining (UNAVAILABLE).
 */
export interface GroupCommitOptions<Request, Outcome> extends RowLocks<Request> {
  /**
   * Runs one transaction and returns one outcome for each request, in their order. `mayHaveCommitted`: an
   * earlier try of these requests may have committed without its answer reaching us.
   */
  commit(batch: readonly Request[], mayHaveCommitted: boolean): Promise<readonly (Outcome | Error)[]>;
  readonly batchSizeMax: number;
  readonly waitingMax: number;
  /** How long a request may take from `submit` to its answer. */
  readonly deadlineMs: number;
  /** Whether the whole transaction may succeed when run again. */
  isTransient(error: unknown): boolean;
  /** Whether nothing can be written now, by nobody. */
  isOutage(error: unknown): boolean;
  /** Whether somebody else keeps a lock that the batch needs. */
  isLockWait(error: unknown): boolean;
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
  /** So many requests wait aside for a row that somebody keeps locked. */
  setAside?(count: number): void;
  /** So many requests were answered at their deadline instead of by their transaction. */
  overdue?(count: number): void;
}

interface Waiter<Request, Outcome> {
  readonly request: Request;
  /** By `performance.now()`. */
  readonly submittedAt: number;
  /** Whether a try that it was in, before it was set aside, may have committed. */
  mayHaveCommitted: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What is known of a batch over all its tries, and of its halves: a doubt about a commit never goes away. */
interface History {
  mayHaveCommitted: boolean;
  /** Tries that waited for a lock which nobody was found to have. */
  lockWaits: number;
}

/** How much later than its deadline a request may be answered, as a part of it: the clock is looked at so often. */
const CLOCK_PART = 1 / 10;

/** Requests that are enough to start a transaction with, while more may be on their way. */
const EAGER_SIZE = 64;

const TRIES_MAX = 5;

const sleepMs = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

export class GroupCommit<Request, Outcome> {
  private waiting: Waiter<Request, Outcome>[] = [];
  /** The batch whose transaction is in flight, oldest first. */
  private deciding: readonly Waiter<Request, Outcome>[] = [];
  private running: Promise<void> | undefined;
  private isDraining = false;
  private stopGathering: () => void = doNothing;
  private clock: NodeJS.Timeout | undefined;
  private readonly aside: SideLane<Request, Waiter<Request, Outcome>>;

  constructor(private readonly options: GroupCommitOptions<Request, Outcome>) {
    this.aside = new SideLane({
      ...options,
      tryOnce: (batch) => this.tryOnce(batch),
      rejoin: (waiters) => this.rejoin(waiters),
      closed: () => this.stopClock(),
    });
  }

  get waitingCount(): number {
    return this.waiting.length + this.aside.waitingCount;
  }

  /** @throws OverloadedError, UnavailableError, or what the commit decided for this request. */
  submit(request: Request): Promise<Outcome> {
    if (this.isDraining) return Promise.reject(new UnavailableError('The service is shutting down.'));
    if (this.waiting.length >= this.options.waitingMax) {
      this.options.observer?.refused();
      return Promise.reject(new OverloadedError());
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, submittedAt: performance.now(), mayHaveCommitted: false, resolve, reject });
      this.running ??= this.run();
      if (this.waiting.length === EAGER_SIZE) this.stopGathering();
    });
  }

  /** Takes no new request and resolves when all that were accepted are settled. */
  async drain(): Promise<void> {
    this.isDraining = true;
    // Who waits aside may come back into the line.
    while (this.running !== undefined || this.aside.running !== undefined) {
      await Promise.all([this.running, this.aside.running]);
    }
  }

  private async run(): Promise<void> {
    this.clock ??= setInterval(() => this.answerOverdue(), this.options.deadlineMs * CLOCK_PART);
    await this.gather();
    let answer = doNothing;
    while (this.waiting.length > 0) {
      this.deciding = this.take();
      const decided = this.aside.running === undefined ? this.decide(this.deciding) : this.decideOthers();
      // A turn of the loop, in which the transaction's first statement is sent.
      if (answer !== doNothing) await new Promise((turn) => setImmediate(turn));
      answer();
      answer = await decided;
      if (this.waiting.length > 0) continue;
      answer();
      answer = doNothing;
      if (this.waiting.length > 0) await this.gather();
    }
    this.deciding = [];
    this.running = undefined;
    this.stopClock();
  }

  private stopClock(): void {
    if (this.running !== undefined || this.aside.running !== undefined) return;
    clearInterval(this.clock);
    this.clock = undefined;
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
    observer?.started?.(Math.min(this.waiting.length, batchSizeMax), performance.now() - this.waiting[0]!.submittedAt);
    if (this.waiting.length <= batchSizeMax) {
      const all = this.waiting;
      this.waiting = [];
      return all;
    }
    return this.waiting.splice(0, batchSizeMax);
  }

  /** Runs the batch's transaction. Calling what is returned answers its requests. */
  private async decide(batch: readonly Waiter<Request, Outcome>[], history = historyOf(batch)): Promise<() => void> {
    try {
      const outcomes = await this.commitWithRetry(batch, history);
      return () => answerAll(batch, outcomes);
    } catch (error) {
      return this.options.isLockWait(error)
        ? this.decideUnlocked(batch, history, error)
        : this.decideHalves(batch, history, error);
    }
  }

  /** While rows are known to be locked: decides those of the batch that need none of them. */
  private async decideOthers(): Promise<() => void> {
    const others = await this.aside.divert(this.deciding);
    this.options.observer?.setAside?.(this.deciding.length - others.length);
    return others.length === 0 ? doNothing : this.decide(others);
  }

  /** Sets those aside whose rows are locked, and decides the others. */
  private async decideUnlocked(
    batch: readonly Waiter<Request, Outcome>[],
    history: History,
    error: unknown,
  ): Promise<() => void> {
    const { triesMax = TRIES_MAX, observer } = this.options;
    observer?.retried(batch.length, error);
    noteDoubt(batch, history);
    const others = await this.aside.divertLocked(batch);
    const count = batch.length - others.length;
    if (count > 0) observer?.setAside?.(count);
    else history.lockWaits++;
    if (others.length === 0) return doNothing;
    if (history.lockWaits >= triesMax || this.areOverdue(others)) return () => rejectAll(others, error);
    return this.decide(others, history);
  }

  /** One try for requests that wait aside. @returns false if a lock was waited for in vain. */
  private async tryOnce(batch: readonly Waiter<Request, Outcome>[]): Promise<boolean> {
    const history = historyOf(batch);
    try {
      answerAll(batch, await this.commitWithRetry(batch, history));
      return true;
    } catch (error) {
      if (this.options.isLockWait(error)) {
        this.options.observer?.retried(batch.length, error);
        noteDoubt(batch, history);
        return false;
      }
      const answer = await this.decideHalves(batch, history, error);
      answer();
      return true;
    }
  }

  /** By the time they came. */
  private rejoin(waiters: readonly Waiter<Request, Outcome>[]): void {
    this.waiting = [...waiters, ...this.waiting].sort((a, b) => a.submittedAt - b.submittedAt);
    this.running ??= this.run();
  }

  private async decideHalves(
    batch: readonly Waiter<Request, Outcome>[],
    history: History,
    error: unknown,
  ): Promise<() => void> {
    const isOutage = this.options.isOutage(error);
    if (isOutage) this.failWaiting();
    if (batch.length === 1 || isOutage || this.areOverdue(batch)) return () => rejectAll(batch, error);
    this.options.observer?.halved(batch.length, error);
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const answer = await this.decide(half, { ...history });
      answer();
    }
    return doNothing;
  }

  private failWaiting(): void {
    const waiting = [...this.waiting, ...this.aside.takeWaiting()];
    this.waiting = [];
    // The batch that failed tells why; these only that it is no use to wait.
    for (const waiter of waiting) waiter.reject(new UnavailableError('The database does not answer; try again later.'));
  }

  /** Rejects the requests that are past their deadline; what their transaction says later, nobody hears any more. */
  private answerOverdue(): void {
    const isOverdue = this.overdueNow();
    const firstInTime = this.waiting.findIndex((waiter) => !isOverdue(waiter));
    const left = this.waiting.splice(0, firstInTime === -1 ? this.waiting.length : firstInTime);
    const late = this.deciding.filter(isOverdue);
    this.deciding = this.deciding.slice(late.length);
    // Who was set aside is still in the batch that he came with.
    const overdue = new Set([...late, ...left, ...this.aside.leave(isOverdue)]);
    for (const waiter of overdue) {
      waiter.reject(new UnavailableError('The database did not answer in time; try again in a moment.'));
    }
    if (overdue.size > 0) this.options.observer?.overdue?.(overdue.size);
  }

  private areOverdue(batch: readonly Waiter<Request, Outcome>[]): boolean {
    return this.overdueNow()(batch.at(-1)!);
  }

  private overdueNow(): (waiter: Waiter<Request, Outcome>) => boolean {
    const latest = performance.now() - this.options.deadlineMs;
    return ({ submittedAt }) => submittedAt <= latest;
  }

  private async commitWithRetry(
    batch: readonly Waiter<Request, Outcome>[],
    history: History,
  ): Promise<readonly (Outcome | Error)[]> {
    const { commit, isTransient, isLockWait, isCommitUnknown, observer } = this.options;
    const { triesMax = TRIES_MAX, sleep = sleepMs } = this.options;
    const requests = batch.map((waiter) => waiter.request);
    const startedAt = performance.now();
    const outcomes = await retry(
      (previousError) => {
        if (previousError !== undefined) observer?.retried(requests.length, previousError);
        if (isCommitUnknown(previousError)) history.mayHaveCommitted = true;
        return commit(requests, history.mayHaveCommitted);
      },
      {
        triesMax,
        // Once all were answered at their deadline, nobody waits for another try.
        isTransient: (error) => isTransient(error) && !isLockWait(error) && !this.areOverdue(batch),
        delayMs: backoffWithJitterMs,
        sleep,
      },
    );
    if (outcomes.length !== requests.length) {
      throw new Error(`commit returned ${outcomes.length} outcomes for ${requests.length} requests`);
    }
    observer?.committed(requests.length, performance.now() - startedAt);
    return outcomes;
  }
}

function answerAll<Request, Outcome>(
  batch: readonly Waiter<Request, Outcome>[],
  outcomes: readonly (Outcome | Error)[],
): void {
  batch.forEach((waiter, index) => {
    const outcome = outcomes[index];
    if (outcome instanceof Error) waiter.reject(outcome);
    else waiter.resolve(outcome as Outcome);
  });
}

function rejectAll<Request, Outcome>(batch: readonly Waiter<Request, Outcome>[], error: unknown): void {
  for (const waiter of batch) waiter.reject(error);
}

function historyOf<Request, Outcome>(batch: readonly Waiter<Request, Outcome>[]): History {
  return { mayHaveCommitted: batch.some((waiter) => waiter.mayHaveCommitted), lockWaits: 0 };
}

/** Of requests that leave the batch in which it came about. */
function noteDoubt<Request, Outcome>(batch: readonly Waiter<Request, Outcome>[], { mayHaveCommitted }: History): void {
  if (mayHaveCommitted) for (const waiter of batch) waiter.mayHaveCommitted = true;
}

function doNothing(): void {}
