import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transactions.js';
import type { IdempotencyScope, KeyedRequest, StoredKey } from './idempotency-key.js';
import { IdempotencyKeyReusedError } from './idempotency.errors.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** How long a key is remembered at least. */
const KEPT_HOURS = 24;

/** What is known about a request: the UUID of what it made before, or that its key named another request. */
export type Recalled = string | IdempotencyKeyReusedError;

/**
 * Keys by which clients repeat a request without a second effect. A key is stored in the transaction of its
 * effect, so the two exist together or not at all; a request that was refused leaves no key and may be decided
 * anew. Requests without a key cost nothing here, not even a statement.
 */
@Injectable()
export class IdempotencyService {
  private readonly underWay = new Map<string, { readonly content: string; readonly outcome: Promise<unknown> }>();

  constructor(private readonly keys: IdempotencyRepository) {}

  /**
   * Runs `work`, or, while the same request is under way in this process, waits for its outcome and shares it.
   * So no key is twice in one batch; across instances the transaction decides.
   *
   * @throws IdempotencyKeyReusedError
   */
  once<T>(scope: IdempotencyScope, request: KeyedRequest | null, work: () => Promise<T>): Promise<T> {
    if (request === null) return work();
    const name = `${scope} ${request.key}`;
    const running = this.underWay.get(name);
    if (running !== undefined) {
      if (running.content !== request.content) return Promise.reject(new IdempotencyKeyReusedError());
      return running.outcome as Promise<T>;
    }
    const outcome = work().finally(() => this.underWay.delete(name));
    this.underWay.set(name, { content: request.content, outcome });
    return outcome;
  }

  /** What the keys of a batch did before. Call it together with the transaction's locking read, to travel with it. */
  async recall(
    tx: Transaction,
    scope: IdempotencyScope,
    requests: readonly (KeyedRequest | null)[],
  ): Promise<ReadonlyMap<KeyedRequest | null, Recalled>> {
    const keyed = requests.filter((request) => request !== null);
    if (keyed.length === 0) return new Map();
    const rows = await this.keys.findByKeys(
      tx,
      scope,
      keyed.map(({ key }) => key),
    );
    const stored = new Map(rows.map((row) => [row.key, row]));
    return new Map(keyed.flatMap((request) => toRecalled(request, stored.get(request.key))));
  }

  /** Stores keys with what their requests made, in the transaction that makes it. */
  remember(tx: Transaction, scope: IdempotencyScope, keys: readonly StoredKey[]): void {
    this.keys.insert(tx, scope, keys);
  }

  /** Forgets a key before its time: what it names is done, and nobody asks for it again by the key. */
  forget(tx: Transaction, scope: IdempotencyScope, { key }: KeyedRequest): void {
    this.keys.delete(tx, scope, key);
  }

  /**
   * Deletes one step of keys that have been kept for {@link KEPT_HOURS}.
   *
   * @returns how many were deleted.
   */
  purgeKeys(step: number): Promise<number> {
    return this.keys.deleteBefore(KEPT_HOURS, step);
  }
}

function toRecalled(request: KeyedRequest, stored: StoredKey | undefined): [KeyedRequest, Recalled][] {
  if (stored === undefined) return [];
  return [[request, stored.content === request.content ? stored.reference : new IdempotencyKeyReusedError()]];
}
