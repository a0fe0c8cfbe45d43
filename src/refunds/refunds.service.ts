import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Act } from '../access/operator.js';
import { firstCharacters } from '../common/first-characters.js';
import { sumOfAll } from '../common/sum-of-all.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { RefundRefusedError } from '../payment-providers/payment-provider.js';
import { PaymentProviders } from '../payment-providers/payment-providers.js';
import type { OrderStatus, Settlement, StockedOrderRow } from '../orders/orders.types.js';
import { Settling } from '../orders/settling/settling.js';
import { PaymentLedger } from './payment-ledger.js';
import { refundNews } from './refund-events.js';
import { PaymentsRepository } from './payments.repository.js';
import { RefundNotFoundError, RefundNotPossibleError, RefundNotSendableError } from './refunds.errors.js';
import { RefundsRepository } from './refunds.repository.js';
import {
  type PaymentName,
  REFUND_TRANSITIONS,
  type RefundNote,
  type RefundOfPayment,
  type RefundRow,
  type RefundStatus,
  type UnreadPayment,
} from './refunds.types.js';

/** Longest reason that is kept, in characters. */
const REASON_MAX = 255;

/** Refunds of one order that are told with it. */
const OF_ONE_ORDER_MAX = 100;

/** Payments whose refunds one run reads, one after the other: providers limit how often they are asked. */
const READ_STEP = 20;

/** After how long a provider's list is asked for again that could not be read. */
const READ_AGAIN_SECONDS = 600;

/** Payments, and money that is owed back of them, from the moment it is due until the buyer has it. */
@Injectable()
export class RefundsService {
  constructor(
    private readonly refunds: RefundsRepository,
    private readonly payments: PaymentsRepository,
    private readonly settling: Settling,
    private readonly providers: PaymentProviders,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
  ) {}

  /** Numbers of the orders that these payments are for, one for each, as of now: to lock them before the payments. */
  async findOrderIds(payments: readonly PaymentName[]): Promise<(number | null)[]> {
    return payments.length === 0 ? [] : this.payments.findOrderIds(payments);
  }

  /**
   * Locks payments and reads what is owed back of them and of these orders, for a decision about them. Ask for it with or
   * after the lock of the orders, and follow it with `writeLedger`. Of the orders in `wholeOrderIds` all payments are
   * read, with what was owed of them before they had an order, so that the ledger can say what their money has come to.
   */
  async lockPayments(
    tx: Transaction,
    payments: readonly PaymentName[],
    orderIds: readonly number[],
    wholeOrderIds: readonly number[],
  ): Promise<PaymentLedger> {
    const findOthers = this.payments.findByOrderIds(tx, wholeOrderIds);
    const [locked, others, refunds] = await Promise.all([
      this.payments.lock(tx, payments),
      findOthers,
      wholeOrderIds.length === 0
        ? this.refunds.findOf(tx, orderIds, payments)
        : findOthers.then((ofOrders) => this.refunds.findOf(tx, orderIds, [...payments, ...ofOrders])),
    ]);
    const byId = new Map([...others, ...locked].map((row) => [row.id, row]));
    return new PaymentLedger([...byId.values()], refunds);
  }

  /** Locks the payments of a locked order, of which something is to go back, with all that is owed of them. */
  async lockPaymentsOf(tx: Transaction, orderId: number): Promise<PaymentLedger> {
    const payments = await this.payments.findByOrderIds(tx, [orderId]);
    return this.lockPayments(tx, payments, [orderId], [orderId]);
  }

  /** Writes what the ledger decided. */
  writeLedger(tx: Transaction, ledger: PaymentLedger): void {
    this.payments.write(tx, ledger.changedPayments());
    this.refunds.insert(tx, ledger.newRefunds());
    for (const correction of ledger.correctedRefunds()) this.refunds.correct(tx, correction);
    for (const change of ledger.changedRefunds()) this.refunds.transition(tx, change);
  }

  /**
   * Deletes one step of what was kept of payments that nobody has told of for more than `days` days.
   *
   * @returns how many were deleted.
   */
  purgeUnmatchedPayments(days: number, step: number): Promise<number> {
    return this.payments.deleteUnmatchedBefore(days, step);
  }

  /** Refunds that wait for a person: not sent yet, or failed. */
  countRefundsDue(): Promise<number> {
    return this.refunds.countByStatus(['due', 'failed']);
  }

  /** Payments of orders that are disputed at the bank, which has not decided. */
  countOpenDisputes(): Promise<number> {
    return this.payments.countOpenDisputes();
  }

  /** A page of refunds, in one state or any. */
  listRefunds(status: RefundStatus | null, page: PageRequest): Promise<Page<RefundOfPayment>> {
    return readPage(page, (range) => this.refunds.findPage(status, range));
  }

  /** The refunds of an order, oldest first, 100 at most. */
  findRefundsOf(orderId: number): Promise<RefundOfPayment[]> {
    return this.refunds.findByOrderId(orderId, OF_ONE_ORDER_MAX);
  }

  /** @throws RefundNotFoundError */
  async getRefund(id: number): Promise<RefundOfPayment> {
    const refund = await this.refunds.findById(id);
    if (refund === null) throw new RefundNotFoundError(id);
    return refund;
  }

  /**
   * Sends a refund through its provider. The provider is asked before anything is noted, outside of a transaction: a
   * crash in between leaves the refund due, and sending it again gives the money back only once. What the provider
   * refuses becomes `failed`.
   *
   * @throws RefundNotFoundError, RefundNotPossibleError, RefundNotSendableError, UnavailableError
   */
  async sendRefund(act: Act, id: number): Promise<RefundOfPayment> {
    const refund = await this.getRefund(id);
    if (refund.status === 'sent') return refund;
    if (!REFUND_TRANSITIONS[refund.status].includes('sent')) throw new RefundNotPossibleError(refund.status, 'sent');
    const provider = this.providers.find(refund.provider);
    if (provider?.sendRefund === undefined) throw new RefundNotSendableError(refund.provider);
    try {
      const others = await this.refunds.findNumbersBeside(refund);
      const made = await provider.sendRefund({ ...refund, paid: refund.amountPaid, others });
      const note = { providerRefundId: made?.refundId ?? null };
      const sent = { verb: 'send', to: 'sent', note, amount: made?.amount ?? null } as const;
      return await this.transition(act, id, sent, refund);
    } catch (error) {
      if (error instanceof RefundRefusedError) return this.noteFailure(act, id, error.message, refund);
      throw error;
    }
  }

  /** Notes that the money was given back by other means. @throws RefundNotFoundError, RefundNotPossibleError */
  markRefundSent(act: Act, id: number): Promise<RefundOfPayment> {
    return this.transition(act, id, { verb: 'mark_sent', to: 'sent', note: { providerRefundId: null } });
  }

  /** Notes that the buyer has the money. @throws RefundNotFoundError, RefundNotPossibleError */
  confirmRefund(act: Act, id: number): Promise<RefundOfPayment> {
    return this.transition(act, id, { verb: 'confirm', to: 'confirmed', note: {} });
  }

  /** Notes that a refund did not reach the buyer, and why. @throws RefundNotFoundError, RefundNotPossibleError */
  failRefund(act: Act, id: number, reason: string): Promise<RefundOfPayment> {
    return this.noteFailure(act, id, reason);
  }

  private noteFailure(act: Act, id: number, reason: string, asked?: AskedFor): Promise<RefundOfPayment> {
    const note = { reason: firstCharacters(reason, REASON_MAX) };
    return this.transition(act, id, { verb: 'fail', to: 'failed', note }, asked);
  }

  /**
   * Reads the refunds of those payments off their providers' lists of which more went back than is known here by the
   * numbers of refunds, and notes those that began outside. One that can't be read stops none of the others, and is
   * tried again after a while.
   *
   * @returns of how many payments the refunds were read.
   * @throws PartlyDoneError at the end, with the payments that could not be read.
   */
  async readOutsideRefunds(): Promise<number> {
    const readable = this.providers.all.filter(({ findRefunds }) => findRefunds !== undefined);
    const unread = await this.payments.findUnread(
      readable.map(({ name }) => name),
      READ_STEP,
    );
    const nameOf = ({ transactionId }: UnreadPayment): string => `payment ${transactionId}`;
    return sumOfAll(unread, nameOf, (payment) => this.readRefundsOf(payment));
  }

  /**
   * The provider is asked before the locks are taken. Where there was news meanwhile nothing is noted, and the list is read
   * again: a refund that stands in it may have come back, and nobody would tell a second time that it failed.
   */
  private async readRefundsOf(payment: UnreadPayment): Promise<number> {
    try {
      const made = await this.providers.find(payment.provider)!.findRefunds!(payment.transactionId);
      const isNoted = await this.decide(payment, async (ledger, tx) => {
        if (!(await this.payments.markRead(tx, payment))) return false;
        ledger.noteList(payment, made);
        return true;
      });
      return isNoted ? 1 : 0;
    } catch (error) {
      await this.payments.readLater(payment, READ_AGAIN_SECONDS);
      throw error;
    }
  }

  /**
   * A refund that is in that state already stays as it is. So does one that has changed since its provider was asked for it:
   * its answer says nothing of another attempt, nor of money that somebody has given back otherwise, and the provider's own
   * notice of what became of it may have come first.
   */
  private async transition(
    act: Act,
    id: number,
    { verb, to, note, amount = null }: { verb: string; to: RefundStatus; note: RefundNote; amount?: string | null },
    asked?: AskedFor,
  ): Promise<RefundOfPayment> {
    const known = await this.getRefund(id);
    await this.decide(known, (ledger, tx) => {
      const refund = ledger.findRefund(known);
      if (asked === undefined ? refund.status === to : !isAsItWas(refund, asked)) return false;
      if (!REFUND_TRANSITIONS[refund.status].includes(to)) throw new RefundNotPossibleError(refund.status, to);
      const noted = ledger.move(refund, to, note, amount, asked !== undefined);
      const { status, reason, providerRefundId } = refund;
      this.audit.record(tx, act, {
        target: 'refund',
        id,
        verb,
        before: auditFieldsOf({ status, reason, providerRefundId }),
        after: auditFieldsOf({ providerRefundId, reason: null, ...noted, status: to }),
      });
      return true;
    });
    return this.getRefund(id);
  }

  /**
   * Decides about the refunds of a payment under the locks of its order and of itself, in this order, as notices take
   * them, and writes what was decided; nothing where `isDecided` is false. What was owed before the payment had an order
   * names none: the payment does.
   */
  private async decide(
    payment: Pick<RefundRow, keyof PaymentName | 'orderId'>,
    isDecided: (ledger: PaymentLedger, tx: Transaction) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const orderId = payment.orderId ?? (await this.findOrderIds([payment]))[0]!;
    const isDone = await this.transactions.run(async (tx) => {
      const orderIds = orderId === null ? [] : [orderId];
      const [[order], ledger] = await Promise.all([
        this.settling.lockOrders(tx, orderIds),
        this.lockPayments(tx, [payment], orderIds, orderIds),
      ]);
      // It was given an order meanwhile, which is to be locked before it.
      if (orderId === null && (ledger.find(payment)?.orderId ?? null) !== null) return null;
      if (!(await isDecided(ledger, tx))) return false;
      this.writeLedger(tx, ledger);
      if (order === undefined) return true;
      const settlement = settlementByMoney(order, ledger);
      // It moves no units, so nobody has to be told of other figures.
      this.settling.settle(tx, {
        settlements: settlement === null ? [] : [settlement],
        news: refundNews(ledger, [order]),
      });
      return true;
    });
    return isDone ?? this.decide(payment, isDecided);
  }
}

/** A refund as its provider was asked for it. */
type AskedFor = Pick<RefundRow, 'attempt' | 'status'>;

function isAsItWas(refund: RefundRow, asked: AskedFor): boolean {
  return refund.attempt === asked.attempt && refund.status === asked.status;
}

function auditFieldsOf({
  status,
  reason,
  providerRefundId,
}: Pick<RefundRow, 'status' | 'reason' | 'providerRefundId'>) {
  return { status, reason, provider_refund_id: providerRefundId };
}

const MAY_GO_BACK: ReadonlySet<OrderStatus> = new Set(['paid', 'refund_due', 'refunded']);

/** Where a locked order goes by what its money has come to; null where it stays. Its units stay what they are. */
export function settlementByMoney(order: StockedOrderRow, ledger: PaymentLedger): Settlement | null {
  // What cost nothing stays paid, whatever money comes for it and goes.
  const isFree = order.status === 'paid' && order.paid_transaction_id === null;
  if (isFree || !MAY_GO_BACK.has(order.status)) return null;
  const to = ledger.stateOf(order.id, order.paid_transaction_id);
  return to === null || to === order.status ? null : { order, to };
}
