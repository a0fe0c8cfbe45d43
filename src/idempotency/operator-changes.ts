import { Injectable } from '@nestjs/common';
import { numberOfUuid, uuidOfNumber } from '../database/sql.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import type { IdempotencyScope, KeyedRequest } from './idempotency-key.js';
import { IdempotencyService } from './idempotency.service.js';

/** What an operator changes: a row that has a number. */
interface Changed {
  readonly id: number;
}

interface OperatorChange<Row extends Changed> {
  readonly scope: IdempotencyScope;
  /** Null: a repetition is another change. */
  readonly keyed: KeyedRequest | null;
  /** The row that the same request made or changed before, as it is now. */
  find(tx: Transaction, id: number): Promise<Row>;
  work(tx: Transaction): Promise<Row>;
}

/** Operators' changes, each with one effect. */
@Injectable()
export class OperatorChanges {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Runs an operator's change once: again after a lost COMMIT by its mark (`Transactions.run`), and again when the
   * operator repeats it by its key, which is written in the same transaction. Of two that run at the same time in two
   * processes the later one fails by the key's primary key, starts over, and finds what the other made.
   *
   * @throws IdempotencyKeyReusedError, and what the work throws
   */
  once<Row extends Changed>({ scope, keyed, find, work }: OperatorChange<Row>): Promise<Row> {
    const attempt = async (tx: Transaction): Promise<Row> => {
      const earlier = (await this.idempotency.recall(tx, scope, [keyed])).get(keyed);
      if (earlier instanceof Error) throw earlier;
      if (earlier !== undefined) return find(tx, numberOfUuid(earlier));
      const row = await work(tx);
      if (keyed !== null) this.idempotency.remember(tx, scope, [{ ...keyed, reference: uuidOfNumber(row.id) }]);
      return row;
    };
    return this.idempotency.once(scope, keyed, () => this.transactions.run(attempt));
  }
}
