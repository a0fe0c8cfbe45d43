import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { AuditChange, AuditFields } from '../access/audit.types.js';
import type { Act } from '../access/operator.js';
import { numberOfUuid, uuidOfNumber } from '../database/sql.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import type { IdempotencyScope, KeyedRequest } from './idempotency-key.js';
import { IdempotencyService } from './idempotency.service.js';

/** What an operator changes: a row that has a number. */
interface Changed {
  readonly id: number;
}

/** What became of it; `before` is null when it is new. */
export interface Change<Row> {
  readonly before: Row | null;
  readonly after: Row;
}

interface OperatorChange<Row extends Changed> extends Pick<AuditChange, 'target' | 'verb'> {
  readonly act: Act;
  /** What of the row the audit log keeps. */
  fieldsOf(row: Row): AuditFields;
  readonly scope: IdempotencyScope;
  /** Null: a repetition is another change. */
  readonly keyed: KeyedRequest | null;
  /** The row that the same request made or changed before, as it is now. */
  find(tx: Transaction, id: number): Promise<Row>;
  work(tx: Transaction): Promise<Change<Row>>;
}

/** Operators' changes, each with one effect and one row in the audit log. */
@Injectable()
export class OperatorChanges {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
  ) {}

  /**
   * Runs an operator's change once: again after a lost COMMIT by its mark (`Transactions.run`), and again when the
   * operator repeats it by its key, which is written in the same transaction. Of two that run at the same time in two
   * processes the later one fails by the key's primary key, starts over, and finds what the other made.
   *
   * @throws IdempotencyKeyReusedError, and what the work throws
   */
  once<Row extends Changed>(change: OperatorChange<Row>): Promise<Row> {
    const { act, target, verb, fieldsOf, scope, keyed, find, work } = change;
    const attempt = async (tx: Transaction): Promise<Row> => {
      const earlier = (await this.idempotency.recall(tx, scope, [keyed])).get(keyed);
      if (earlier instanceof Error) throw earlier;
      if (earlier !== undefined) return find(tx, numberOfUuid(earlier));
      const { before, after } = await work(tx);
      const { id } = after;
      this.audit.record(tx, act, { target, id, verb, before: before && fieldsOf(before), after: fieldsOf(after) });
      if (keyed !== null) this.idempotency.remember(tx, scope, [{ ...keyed, reference: uuidOfNumber(id) }]);
      return after;
    };
    return this.idempotency.once(scope, keyed, () => this.transactions.run(attempt));
  }
}
