import { Injectable } from '@nestjs/common';
import { firstCharacters } from '../common/first-characters.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { RefundRefusedError } from '../payment-providers/payment-provider.js';
import { PaymentProviders } from '../payment-providers/payment-providers.js';
import { RefundLedger } from './refund-ledger.js';
import { RefundNotFoundError, RefundNotPossibleError, RefundNotSendableError } from './refunds.errors.js';
import { RefundsRepository } from './refunds.repository.js';
import { REFUND_TRANSITIONS, type RefundNote, type RefundRow, type RefundStatus } from './refunds.types.js';

/** Longest reason that is kept, in characters. */
const REASON_MAX = 255;

/** Money that is owed back, from the moment it is due until the buyer has it. */
@Injectable()
export class RefundsService {
  constructor(
    private readonly refunds: RefundsRepository,
    private readonly providers: PaymentProviders,
    private readonly transactions: Transactions,
  ) {}

  /** The refunds of locked orders, for a decision about them. Follow it with `writeRefunds`. */
  async readRefunds(tx: Transaction, orderIds: readonly number[]): Promise<RefundLedger> {
    return new RefundLedger(orderIds.length === 0 ? [] : await this.refunds.findByOrderIds(tx, orderIds));
  }

  /** Writes what the ledger decided. */
  writeRefunds(tx: Transaction, ledger: RefundLedger): void {
    this.refunds.insert(tx, ledger.owed());
    for (const row of ledger.confirmed()) this.refunds.transition(tx, row, 'confirmed');
  }

  /** Refunds that wait for a person: not sent yet, or failed. */
  countRefundsDue(): Promise<number> {
    return this.refunds.countByStatus(['due', 'failed']);
  }

  /** A page of refunds, in one state or any. */
  listRefunds(status: RefundStatus | null, page: PageRequest): Promise<Page<RefundRow>> {
    return readPage(page, (afterId, limit) => this.refunds.findPage(status, afterId, limit));
  }

  /** @throws RefundNotFoundError */
  async getRefund(id: number): Promise<RefundRow> {
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
  async sendRefund(id: number): Promise<RefundRow> {
    const refund = await this.getRefund(id);
    if (refund.status === 'sent') return refund;
    if (!REFUND_TRANSITIONS[refund.status].includes('sent')) throw new RefundNotPossibleError(refund.status, 'sent');
    const provider = this.providers.find(refund.provider);
    if (provider?.sendRefund === undefined) throw new RefundNotSendableError(refund.provider);
    try {
      return await this.transition(id, 'sent', { providerRefundId: await provider.sendRefund(refund) });
    } catch (error) {
      // Of an attempt that somebody else has given up meanwhile, the refusal says nothing about the present one.
      if (error instanceof RefundRefusedError) return this.noteFailure(id, error.message, refund.attempt);
      // The provider's own notice may have come first.
      if (error instanceof RefundNotPossibleError) return this.getRefund(id);
      throw error;
    }
  }

  /** Notes that the money was given back by other means. @throws RefundNotFoundError, RefundNotPossibleError */
  markRefundSent(id: number): Promise<RefundRow> {
    return this.transition(id, 'sent');
  }

  /** Notes that the buyer has the money. @throws RefundNotFoundError, RefundNotPossibleError */
  confirmRefund(id: number): Promise<RefundRow> {
    return this.transition(id, 'confirmed');
  }

  /** Notes that a refund did not reach the buyer, and why. @throws RefundNotFoundError, RefundNotPossibleError */
  failRefund(id: number, reason: string): Promise<RefundRow> {
    return this.noteFailure(id, reason);
  }

  private noteFailure(id: number, reason: string, attempt?: number): Promise<RefundRow> {
    return this.transition(id, 'failed', { reason: firstCharacters(reason, REASON_MAX) }, attempt);
  }

  /**
   * Changes the state under the row's lock; a refund that is in that state already stays as it is, and so does one that
   * has left the attempt that this is about.
   */
  private async transition(id: number, to: RefundStatus, note?: RefundNote, attempt?: number): Promise<RefundRow> {
    await this.transactions.run(async (tx) => {
      const refund = await this.refunds.lock(tx, id);
      if (refund === null) throw new RefundNotFoundError(id);
      if (attempt === undefined ? refund.status === to : refund.attempt !== attempt) return;
      if (!REFUND_TRANSITIONS[refund.status].includes(to)) throw new RefundNotPossibleError(refund.status, to);
      this.refunds.transition(tx, refund, to, note);
    });
    return this.getRefund(id);
  }
}
