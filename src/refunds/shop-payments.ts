import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../database/transactions.js';
import { Ordering } from '../orders/ordering/ordering.js';
import type { PaymentBook } from '../orders/payment-book.js';
import { PaymentProviders } from '../payment-providers/payment-providers.js';
import { PaymentsRepository } from './payments.repository.js';

/** The provider of what the shop was paid itself. It sends no notices, so nothing else is ever told of it. */
const SHOP = 'shop';

/** Payments that the shop took itself, and told with their orders: kept as those that notices tell. */
@Injectable()
export class ShopPayments implements OnModuleInit, PaymentBook {
  constructor(
    private readonly payments: PaymentsRepository,
    private readonly providers: PaymentProviders,
    private readonly ordering: Ordering,
  ) {}

  onModuleInit(): void {
    this.ordering.keepPaymentsIn(this);
  }

  /** The number may be that of a payment which its provider's notices told before, for another order. */
  findUsed(tx: Transaction, transactionIds: readonly string[]): Promise<Set<string>> {
    const names = [SHOP, ...this.providers.all.map(({ name }) => name)];
    return this.payments.findKnown(
      tx,
      names.flatMap((provider) => transactionIds.map((transactionId) => ({ provider, transactionId }))),
    );
  }

  keep(tx: Transaction, holdIds: readonly string[]): void {
    this.payments.insertOfHolds(tx, SHOP, holdIds);
  }
}
