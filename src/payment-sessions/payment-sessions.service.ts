import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import { firstCharacters } from '../common/first-characters.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import type { MadeSession, SessionKind } from '../payment-providers/payment-provider.js';
import { JobQueue } from '../queue/job-queue.js';
import { PaymentSessionsRepository } from './payment-sessions.repository.js';
import type { NewSession, Payment, PaymentWish, SessionRow, SessionTask } from './payment-sessions.types.js';
import { ProviderLines } from './provider-lines.js';

/** The queue of the outbox. Which job there is says only what to look for: the rows say what is due. */
export const PAYMENT_SESSIONS = 'payment-sessions';

export interface SessionJob {
  readonly task: SessionTask;
}

/** What a buyer is told of a session that is not there: the provider does not answer, or does not make it. */
const UNAVAILABLE = 'provider_unavailable';
const REFUSED = 'session_refused';
/** And of a try that was declined by a provider that does not say why. */
const DECLINED = 'declined';

/** Longest error that is kept, in characters. */
const ERROR_MAX = 100;

/** How long a task waits whose provider did not answer: doubled with each time. */
const PUT_OFF_MS = { first: 1000, max: 300_000 };

/** Sessions of payments as an outbox: rows in the order's own transaction, and what is to be asked of the provider. */
@Injectable()
export class PaymentSessionsService {
  constructor(
    private readonly sessions: PaymentSessionsRepository,
    private readonly lines: ProviderLines,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(PAYMENT_SESSIONS) private readonly queue: JobQueue<SessionJob>,
  ) {}

  /**
   * Whether a buyer can pay like that here. Only the shop's own pages are returned to: any other would make the
   * provider's page one that sends people wherever somebody wants.
   *
   * @throws ValidationError
   */
  check({ provider, kind, returnUrl }: PaymentWish): void {
    const names = this.lines.providers.map(({ name }) => name);
    if (!names.includes(provider)) {
      const isAny = names.length > 0;
      throw invalid(
        'provider',
        isAny ? `must be one of ${names.join(', ')}` : 'must not be given: none makes sessions here',
      );
    }
    if (returnUrl === null) {
      if (needsReturnUrl(kind)) throw invalid('return_url', 'must be given for a page of the provider');
      return;
    }
    const { returnOrigins } = this.config.payments;
    if (!URL.canParse(returnUrl) || !returnOrigins.includes(new URL(returnUrl).origin))
      throw invalid('return_url', 'must be an address of an origin in PAYMENT_RETURN_ORIGINS');
  }

  /** Call it with the orders' inserts. */
  insert(tx: Transaction, sessions: readonly NewSession[]): void {
    if (sessions.length === 0) return;
    this.sessions.insert(tx, sessions);
    this.wakeAfter(tx, 'make');
  }

  find(holdId: string): Promise<Payment | null> {
    return this.sessions.findByHoldId(holdId);
  }

  /** Locks sessions for a decision about them. Lock order: their orders first. */
  lock(tx: Transaction, holdIds: readonly string[]): Promise<SessionRow[]> {
    return this.sessions.lock(tx, holdIds);
  }

  /** Sessions as they are now: who decides by them locks them. */
  async findMany(holdIds: readonly string[]): Promise<SessionRow[]> {
    return holdIds.length === 0 ? [] : this.sessions.findByHoldIds(holdIds);
  }

  /** Makes a locked session anew that failed. */
  renew(tx: Transaction, { holdId, state }: SessionRow): void {
    if (state !== 'failed') return;
    this.sessions.renew(tx, holdId);
    this.wakeAfter(tx, 'make');
  }

  /** The orders of these holds are cancelled: nobody is to pay by their sessions any more. */
  cancel(tx: Transaction, holdIds: readonly string[]): void {
    if (holdIds.length === 0) return;
    this.sessions.follow(tx, holdIds, 'cancelled');
    this.wakeAfter(tx, 'end');
  }

  /** The orders of these holds are paid; a session that is not what paid its order is ended. */
  succeed(tx: Transaction, paid: readonly { readonly holdId: string; readonly transactionId: string }[]): void {
    if (paid.length === 0) return;
    const holdIds = paid.map(({ holdId }) => holdId);
    const transactionIds = paid.map(({ transactionId }) => transactionId);
    this.sessions.follow(tx, holdIds, 'succeeded', transactionIds);
    this.wakeAfter(tx, 'end');
  }

  /** Their providers say that nobody pays by these locked sessions any more, so nobody has to end them. */
  noteOver(tx: Transaction, holdIds: readonly string[]): void {
    if (holdIds.length > 0) this.sessions.noteOver(tx, holdIds);
  }

  /** Whether their providers say if somebody has paid by these locked sessions. */
  noteReach(tx: Transaction, holdIds: readonly string[], isReached: boolean): void {
    if (holdIds.length > 0) this.sessions.noteReach(tx, holdIds, isReached);
  }

  /** Payments are under way by these locked sessions that take days. */
  noteProcessing(tx: Transaction, holdIds: readonly string[]): void {
    if (holdIds.length > 0) this.sessions.noteProcessing(tx, holdIds);
  }

  /** Notes that a try of the buyer was declined, and tells the locked session as it then is. */
  noteDecline(tx: Transaction, session: SessionRow, code: string | null): SessionRow {
    if (session.state !== 'open') return session;
    const lastError = firstCharacters(code ?? DECLINED, ERROR_MAX);
    this.sessions.noteDecline(tx, session.holdId, lastError);
    return { ...session, attempts: session.attempts + 1, lastError };
  }

  findDueTasks(): Promise<SessionTask[]> {
    return this.sessions.findDueTasks();
  }

  countTasks(): Promise<Readonly<Record<SessionTask, number>>> {
    return this.sessions.countTasks();
  }

  /** Takes due tasks of one provider for a while: nobody else has them meanwhile. */
  claim(provider: string, task: SessionTask, limit: number): Promise<SessionRow[]> {
    return this.transactions.run((tx) => this.sessions.claim(tx, provider, task, limit));
  }

  /** Leaves a provider that is away alone for so long, and says so to those who wait. */
  putOffDue(provider: string, task: SessionTask, ms: number): Promise<void> {
    return this.sessions.putOffDue(provider, task, ms, UNAVAILABLE);
  }

  /** Nobody knows what the provider did; the same is asked again, or, with `isNewTry`, as another try. */
  putOff(row: SessionRow, isNewTry = false): Promise<void> {
    const ms = Math.min(PUT_OFF_MS.first * 2 ** row.taskTries, PUT_OFF_MS.max);
    return this.sessions.putOff(row, ms, UNAVAILABLE, isNewTry);
  }

  /** The provider was asked too often, and did nothing. */
  putOffFor(row: SessionRow, ms: number): Promise<void> {
    return this.sessions.putOff(row, ms, null, false);
  }

  fail(row: SessionRow): Promise<void> {
    return this.sessions.fail(row, REFUSED);
  }

  finishEnd(row: SessionRow): Promise<void> {
    return this.sessions.finishEnd(row);
  }

  /** Notes what the provider made of a locked session: for the buyer, or, where nobody wants it any more, to be ended. */
  noteMade(tx: Transaction, { holdId }: SessionRow, made: MadeSession, isWanted: boolean): void {
    this.sessions.noteMade(tx, holdId, made, isWanted);
    if (!isWanted) this.wakeAfter(tx, 'end');
  }

  /** The schedule finds what a job would have, should this one be lost. */
  private wakeAfter(tx: Transaction, task: SessionTask): void {
    tx.afterCommit(() => void this.queue.enqueue([{ id: task, data: { task } }], tx.span), { isHarmless: true });
  }
}

/** A form of the shop's own is on its own page already. */
function needsReturnUrl(kind: SessionKind): boolean {
  return kind === 'checkout';
}

function invalid(name: string, message: string): ValidationError {
  const field = `payment.${name}`;
  return new ValidationError(`The body is not valid: ${field} ${message}.`, [{ field, message }]);
}
