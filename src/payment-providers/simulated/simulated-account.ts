import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { fromThousandths, toThousandths } from '../../common/money.js';
import { CONFIG, type Config } from '../../config/config.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import { ownOrigin } from '../../http/own-origin.js';
import { RefundRefusedError, type RefundOrder, SessionRefusedError, type SessionRequest } from '../payment-provider.js';
import { SimulatedAccountRepository } from './simulated-account.repository.js';
import { SimulatedNotices } from './simulated-notices.js';
import { type SimulatedAction, type SimulatedPayment, type SimulatedRefund, STEPS } from './simulated-payment.js';

export const PAGES = '/simulated/payments';

/** A busy disk takes its time for new tables. */
const PREPARED_WITHIN_MS = 60_000;

/** How long after its session was ended late money arrives: the order is cancelled by then. */
const LATE_SECONDS = 3;

/** What the simulated provider knows, and what can be done there: each step in a transaction of its own, as on servers of its own. */
@Injectable()
export class SimulatedAccount implements OnModuleInit {
  /** Whether it is there at all. */
  readonly isOn: boolean;
  private readonly publicOrigin: string;

  constructor(
    private readonly payments: SimulatedAccountRepository,
    private readonly notices: SimulatedNotices,
    private readonly transactions: Transactions,
    private readonly host: HttpAdapterHost,
    @Inject(CONFIG) { http, payments: { simulated } }: Config,
  ) {
    this.isOn = simulated.webhookSecrets.length > 0;
    this.publicOrigin = http.publicOrigin;
  }

  async onModuleInit(): Promise<void> {
    if (!this.isOn) return;
    await this.change((tx) => this.payments.prepare(tx));
    const findMissing = () => this.transactions.once((tx) => this.payments.findMissing(tx), PREPARED_WITHIN_MS);
    const missing = await findMissing();
    if (missing.length === 0) return;
    await this.change((tx) => this.payments.addMissing(tx, missing)).catch(async (error: unknown) => {
      // Another instance was at it, too.
      if ((await findMissing()).length > 0) throw error;
    });
  }

  private change(write: (tx: Transaction) => void): Promise<void> {
    return this.transactions.once((tx) => Promise.resolve(write(tx)), PREPARED_WITHIN_MS);
  }

  /**
   * Forgets a step of what was paid here so many days ago, and of what could be told to nobody: there are no books to keep.
   *
   * @returns how many rows were deleted of either.
   */
  async purge(days: number, step: number): Promise<number> {
    if (!this.isOn) return 0;
    const payments = await this.transactions.run(async (tx) => {
      const ids = await this.payments.lockMadeBefore(tx, days, step);
      this.payments.delete(tx, ids);
      return ids.length;
    });
    return payments + (await this.payments.deleteGivenUpBefore(days, step));
  }

  /** Makes a payment once for each attempt. */
  create(request: SessionRequest): Promise<SimulatedPayment> {
    return this.payments.create(`${request.holdId}-${request.attempt}`, request);
  }

  find(id: string): Promise<SimulatedPayment | null> {
    return this.payments.find(id);
  }

  findRefunds(payment: SimulatedPayment): Promise<SimulatedRefund[]> {
    return this.payments.findRefunds(payment);
  }

  findSince(since: string, after: string, limit: number) {
    return this.payments.findSince(since, after, limit);
  }

  /** Where a buyer pays, as buyers reach it. */
  pageOf({ id }: SimulatedPayment): string {
    return `${this.publicOrigin || (ownOrigin(this.host) ?? '')}${PAGES}/${id}`;
  }

  /**
   * Does what the buyer or the buyer's bank wants, where the payment is in a state for it.
   *
   * @returns what the payment is then; null where there is none.
   */
  act(id: string, action: SimulatedAction): Promise<SimulatedPayment | null> {
    const { from, to, tells, declineCode } = STEPS[action];
    return this.transactions.run(async (tx) => {
      const payment = await this.payments.lock(tx, id);
      if (payment === null || payment.state !== from || payment.isLate) return payment;
      if ((to === 'processing' && !payment.isDelayTaken) || payment.isDisputed) return payment;
      const declines = payment.declines + (declineCode === undefined ? 0 : 1);
      const flags = { isLate: action === 'pay_later', isDisputed: action === 'dispute' };
      const changed: SimulatedPayment = { ...payment, ...flags, state: to, declines };
      this.payments.change(tx, id, changed);
      if (tells !== null) this.notices.tell(tx, tells, changed, declineCode === undefined ? {} : { declineCode });
      return changed;
    });
  }

  /**
   * Ends a payment that nobody has made yet. Where the buyer had chosen to pay later it is ended all the same, and then
   * the money comes: nobody at the shop can know of that.
   *
   * @throws SessionRefusedError
   */
  end(id: string): Promise<SimulatedPayment> {
    return this.transactions.run(async (tx) => {
      const payment = await this.payments.lock(tx, id);
      if (payment === null) throw new SessionRefusedError(`No such payment: ${id}`);
      if (payment.state !== 'open') return payment;
      this.payments.change(tx, id, { ...payment, state: payment.isLate ? 'succeeded' : 'cancelled' });
      if (payment.isLate) this.notices.tell(tx, 'payment.succeeded', payment, { delaySeconds: LATE_SECONDS });
      return { ...payment, state: 'cancelled' };
    });
  }

  /**
   * Gives money back, once for each refund of ours.
   *
   * @returns the refund; null where nothing was left.
   * @throws RefundRefusedError
   */
  refund({ id: ownId, transactionId, amount, others }: RefundOrder): Promise<SimulatedRefund | null> {
    return this.transactions.run(async (tx) => {
      const payment = await this.payments.lock(tx, transactionId);
      if (payment?.state !== 'succeeded') throw new RefundRefusedError(`Nothing was paid by ${transactionId}`);
      const made = await this.payments.readRefunds(tx, payment);
      const earlier = made.find((refund) => refund.ownId === ownId && !others.includes(refund.id));
      if (earlier !== undefined) return earlier;
      const left = leftOf(payment, made);
      const sum = amount === null ? left : Math.min(left, toThousandths(amount));
      if (sum === 0) return null;
      const refund = this.payments.insertRefund(tx, payment.id, ownId, fromThousandths(sum));
      this.notices.tell(tx, 'refund.created', payment, { refund });
      return refund;
    });
  }

  /** Gives money back at the provider, which the shop hears of by a notice only; nothing where so much is not left. */
  giveBack(id: string, amount: string): Promise<SimulatedPayment | null> {
    return this.transactions.run(async (tx) => {
      const payment = await this.payments.lock(tx, id);
      if (payment?.state !== 'succeeded') return payment;
      const sum = toThousandths(amount);
      if (sum === 0 || sum > leftOf(payment, await this.payments.readRefunds(tx, payment))) return payment;
      const refund = this.payments.insertRefund(tx, id, null, fromThousandths(sum));
      this.notices.tell(tx, 'refund.created', payment, { refund });
      return payment;
    });
  }
}

/** What has not gone back of a payment, in thousandths. */
export function leftOf({ amount }: SimulatedPayment, refunds: readonly SimulatedRefund[]): number {
  return refunds.reduce((left, refund) => left - toThousandths(refund.amount), toThousandths(amount));
}
