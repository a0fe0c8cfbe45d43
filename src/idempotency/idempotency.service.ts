import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transactions.js';
import type { IdempotencyScope, KeyedRequest, StoredKey } from './idempotency-key.js';
import { OvertakenError } from '../database/database-errors.js';
import { IdempotencyKeyReusedError } from './idempotency.errors.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { RecentKeys } from './recent-keys.js';

/** How long a key is remembered at least. */
export const KEPT_HOURS = 24;

/** What is known about a request: the UUID of what it made before, or that its key named another request. */
export type Recalled = string | IdempotencyKeyReusedError;

interface UnderWay {
  readonly content: string;
  readonly outcome: Promise<unknown>;
}

/**
 * Keys by which clients repeat a request without a second effect. A key is stored in the transaction of its
 * effect, so the two exist together or not at all; a request that was refused leaves no key and may be decided
 * anew. Requests without a key cost nothing here, not even a statement.
 *
 * Nearly every key is new, so one that this process has not seen is taken for new without looking. If it is not,
 * its insert fails at the unique key, or, where the request is to be refused and nothing would be inserted, it is
 * looked up after all: either way the transaction rolls back and runs again, and recalls it. What is kept in mind
 * of keys decides about speed alone.
 */
@Injectable()
export class IdempotencyService {
  private readonly underWay = { holds: new Map<string, UnderWay>(), orders: new Map<string, UnderWay>() };
  private readonly seen = { holds: new RecentKeys(), orders: new RecentKeys() };

  constructor(private readonly keys: IdempotencyRepository) {}

  /**
   * Runs `work`, or, while the same request is under way in this process, waits for its outcome and shares it.
   * So no key is twice in one batch; across instances the transaction decides.
   *
   * @throws IdempotencyKeyReusedError
   */
  once<T>(scope: IdempotencyScope, request: KeyedRequest | null, work: () => Promise<T>): Promise<T> {
    if (request === null) return work();
    const underWay = this.underWay[scope];
    const running = underWay.get(request.key);
    if (running !== undefined) {
      if (running.content !== request.content) return Promise.reject(new IdempotencyKeyReusedError());
      return running.outcome as Promise<T>;
    }
    const outcome = work();
    const end = (): void => void underWay.delete(request.key);
    outcome.then(end, end);
    underWay.set(request.key, { content: request.content, outcome });
    return outcome;
  }

  /** What the keys of a batch did before. Call it together with the transaction's locking read, to travel with it. */
  async recall(
    tx: Transaction,
    scope: IdempotencyScope,
    requests: readonly (KeyedRequest | null)[],
  ): Promise<ReadonlyMap<KeyedRequest | null, Recalled>> {
    const seen = this.seen[scope];
    const repeated = requests.filter((request) => request !== null && seen.has(request.key)) as KeyedRequest[];
    const stored = await this.find(tx, scope, repeated);
    return new Map(repeated.flatMap((request) => toRecalled(request, stored.get(request.key))));
  }

  /**
   * Call it with requests that are to be refused, before COMMIT: one whose key has had its effect must be answered
   * with that.
   *
   * @throws OvertakenError when a key was taken for new and is not.
   */
  async expectNew(tx: Transaction, scope: IdempotencyScope, refused: readonly (KeyedRequest | null)[]): Promise<void> {
    const seen = this.seen[scope];
    const taken = refused.filter((request) => request !== null && !seen.has(request.key)) as KeyedRequest[];
    const stored = await this.find(tx, scope, taken);
    if (stored.size === 0) return;
    for (const key of stored.keys()) seen.add(key);
    throw new OvertakenError('A key that was taken for new has had its effect');
  }

  /**
   * Stores keys with what their requests made, in the transaction that makes it. One that exists already fails the
   * transaction; run again, it recalls them.
   */
  remember(tx: Transaction, scope: IdempotencyScope, keys: readonly StoredKey[]): void {
    this.keys.insert(tx, scope, keys);
    for (const { key } of keys) this.seen[scope].add(key);
  }

  /**
   * Deletes one step of keys that have been kept for {@link KEPT_HOURS}.
   *
   * @returns how many were deleted.
   */
  purgeKeys(step: number): Promise<number> {
    return this.keys.deleteBefore(KEPT_HOURS, step);
  }

  private async find(
    tx: Transaction,
    scope: IdempotencyScope,
    requests: readonly KeyedRequest[],
  ): Promise<ReadonlyMap<string, StoredKey>> {
    if (requests.length === 0) return new Map();
    const rows = await this.keys.findByKeys(
      tx,
      scope,
      requests.map(({ key }) => key),
    );
    return new Map(rows.map((row) => [row.key, row]));
  }
}

function toRecalled(request: KeyedRequest, stored: StoredKey | undefined): [KeyedRequest, Recalled][] {
  if (stored === undefined) return [];
  return [[request, stored.content === request.content ? stored.reference : new IdempotencyKeyReusedError()]];
}
