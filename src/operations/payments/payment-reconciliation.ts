import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { NUMBER_MAX } from '../../database/row-range.js';
import { databaseTime } from '../../database/sql.js';
import { readAll } from '../../http/page.js';
import {
  type ListedPayment,
  type PaymentListPort,
  type PaymentProvider,
  ProviderUnavailableError,
} from '../../payment-providers/payment-provider.js';
import { PaymentProviders } from '../../payment-providers/payment-providers.js';
import { orderIdOfReference, paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import { compare, type Difference, type OurSide } from './payment-comparison.js';
import { PaymentReconciliationRepository } from './payment-reconciliation.repository.js';

/** Rows of ours that are read at once. */
const STEP = 500;

/** How often a provider is asked once more that says it is asked too often. */
const TRIES = 20;

/** A payment that both sides do not say the same of. */
interface NamedDifference extends Difference {
  readonly provider: string;
  readonly transactionId: string;
  readonly orderId: number | null;
}

/** What came of comparing payments with those of one provider. */
interface Comparison {
  readonly differences: readonly NamedDifference[];
  /** Payments that were compared. */
  readonly compared: number;
  /** Payments of the provider's account that are nobody's here. */
  readonly others: number;
}

export interface Reconciliation extends Comparison {
  /** Who was asked: a provider that is not set up here, or lists nothing, is not. */
  readonly providers: readonly string[];
}

/** Compares what providers know of payments with what is known here, and changes nothing. */
@Injectable()
export class PaymentReconciliation {
  constructor(
    private readonly rows: PaymentReconciliationRepository,
    private readonly webhooks: WebhooksService,
    private readonly providers: PaymentProviders,
  ) {}

  /**
   * All payments that were begun at their providers, or told here, at that time or later.
   *
   * @throws ProviderUnavailableError
   */
  async reconcile(since: Date): Promise<Reconciliation> {
    const underReview = await this.findUnderReview();
    const all: Comparison[] = [];
    const providers: string[] = [];
    for (const { name, payments } of this.providers.all) {
      if (payments === undefined) continue;
      all.push(await new Comparing(this.rows, name, payments, underReview).run(since));
      providers.push(name);
    }
    return {
      providers,
      differences: all.flatMap(({ differences }) => differences),
      compared: all.reduce((sum, { compared }) => sum + compared, 0),
      others: all.reduce((sum, { others }) => sum + others, 0),
    };
  }

  private async findUnderReview(): Promise<ReadonlySet<string>> {
    const events = await readAll((page) => this.webhooks.listPaymentEvents('review', page));
    return new Set(events.map(({ event }) => `${event.provider} ${event.transactionId}`));
  }
}

/** One comparison with one provider. */
class Comparing {
  private readonly differences: NamedDifference[] = [];
  private readonly listed = new Set<string>();
  private compared = 0;
  private others = 0;

  constructor(
    private readonly rows: PaymentReconciliationRepository,
    private readonly provider: PaymentProvider['name'],
    private readonly port: PaymentListPort,
    private readonly underReview: ReadonlySet<string>,
  ) {}

  async run(since: Date): Promise<Comparison> {
    let after: string | null = null;
    do after = await this.comparePage(since, after);
    while (after !== null);
    await this.compareOthersOfOurs(since);
    const { differences, compared, others } = this;
    return { differences, compared, others };
  }

  /** @returns what asks for the page after it; null on the last one. */
  private async comparePage(since: Date, after: string | null): Promise<string | null> {
    const { payments, next } = await patiently(() => this.port.list(since, after));
    const ids = payments.map(({ transactionId }) => transactionId);
    const known = ids.length === 0 ? [] : await this.rows.findByTransactions(this.provider, ids);
    const byId = new Map(known.map((payment) => [payment.transactionId, payment]));
    const orders = await this.findOrders(payments);
    for (const payment of payments) {
      const { transactionId, reference } = payment;
      this.listed.add(transactionId);
      this.take(transactionId, payment, {
        payment: byId.get(transactionId) ?? null,
        order: orders.get(reference) ?? null,
        isUnderReview: this.underReview.has(`${this.provider} ${transactionId}`),
      });
    }
    return next;
  }

  /** Those that were told here since, and were begun there before: each is asked for. */
  private async compareOthersOfOurs(since: Date): Promise<void> {
    const time = { from: databaseTime(since.toISOString()), to: null };
    const all = { above: 0, below: NUMBER_MAX, order: 'ASC', limit: STEP } as const;
    let range = await this.rows.narrow({ ...all, ...time });
    for (;;) {
      const told = await this.rows.findTold(this.provider, range);
      for (const payment of told) {
        const { transactionId } = payment;
        if (this.listed.has(transactionId)) continue;
        const there = await patiently(() => this.port.find(transactionId));
        const order = (there && (await this.findOrders([there])).get(there.reference)) ?? null;
        this.take(transactionId, there, { payment, order, isUnderReview: false });
      }
      if (told.length < STEP) return;
      range = { ...range, above: told.at(-1)!.id };
    }
  }

  private take(transactionId: string, there: ListedPayment | null, ours: OurSide): void {
    const { payment, order } = ours;
    // What was told only to go back, or to be disputed, is another shop's of the same account.
    const isTold = payment !== null && (payment.orderId !== null || payment.amount !== null);
    if (!isTold && order === null) {
      this.others++;
      return;
    }
    this.compared++;
    const orderId = payment?.orderId ?? order?.id ?? null;
    const found = compare(ours, there);
    this.differences.push(...found.map((each) => ({ ...each, provider: this.provider, transactionId, orderId })));
  }

  /** The orders that these payments are for, by their references: a number alone may be another shop's. */
  private async findOrders(payments: readonly ListedPayment[]) {
    const ids = payments.flatMap(({ reference }) => orderIdOfReference(reference) ?? []);
    const orders = ids.length === 0 ? [] : await this.rows.findOrders(ids);
    return new Map<string | null, (typeof orders)[number]>(
      orders.map((order) => [paymentReferenceOf(order.id, order.holdId), order]),
    );
  }
}

/** Asks again, after a while, where the provider is asked too often. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = error instanceof ProviderUnavailableError && error.reason === 'busy';
      if (!isBusy || tries === TRIES) throw error;
      await pause(error.retryAfterMs);
    }
  }
}
