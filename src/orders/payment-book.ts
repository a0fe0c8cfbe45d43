import type { Transaction } from '../database/transactions.js';

/** Who keeps payments, as far as orders that are paid as they are made need to know. */
export interface PaymentBook {
  /** Of these transactions, those that are known as a payment, of whatever provider. */
  findUsed(tx: Transaction, transactionIds: readonly string[]): Promise<Set<string>>;
  /**
   * Keeps what the shop was paid itself, of the holds' orders, which this transaction has inserted. Where another one keeps
   * the same payment at the same moment, one of the two fails as a duplicate and starts over.
   */
  keep(tx: Transaction, holdIds: readonly string[]): void;
}
