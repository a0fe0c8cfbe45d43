import { Injectable } from '@nestjs/common';
import { BuyerTokenRequiredError } from '../../access/access.errors.js';
import type { Act } from '../../access/operator.js';
import { ValidationError } from '../../common/problem.js';
import { addSeconds, databaseTime, faultOfTime, newUuid } from '../../database/sql.js';
import { keyedByOperators } from '../../idempotency/idempotency-key.js';
import { IdempotencyService } from '../../idempotency/idempotency.service.js';
import { SkuNumbers } from '../../products/sku-numbers.js';
import { HoldsRepository } from '../holds.repository.js';
import type { PricedHoldRow } from '../holds.types.js';
import type { Override } from './grant-facts.js';
import { Granting } from './granting.js';

/** How far away the end of such a hold may be. */
const LASTS_SECONDS_MAX = 7 * 86_400;

export interface WantedByHand {
  /** Null where its SKU says it. */
  readonly productId: number | null;
  readonly sku: string | null;
  readonly quantity: number;
  /** Whose it will be; null: of whoever knows its id. */
  readonly customerId: string | null;
  /** ISO 8601 with its offset. */
  readonly expiresAt: string;
  readonly override: readonly Override[];
}

/** Holds that operators make: for support, and to put units aside. They are granted in the batches of all others. */
@Injectable()
export class HandMadeHolds {
  constructor(
    private readonly holds: HoldsRepository,
    private readonly granting: Granting,
    private readonly skus: SkuNumbers,
    private readonly idempotency: IdempotencyService,
  ) {}

  /**
   * Asked for again with the same key, it is the hold that was made first, as it was then.
   *
   * @throws ProductNotFoundError, ProductNotOnSaleError, SaleNotStartedError, SalePausedError, SaleEndedError,
   *   CustomerLimitReachedError, InsufficientStockError, IdempotencyKeyReusedError, ValidationError
   */
  create(act: Act, wanted: WantedByHand, idempotencyKey?: string): Promise<PricedHoldRow> {
    const { productId, sku } = wanted;
    const make = (id: number): Promise<PricedHoldRow> => this.make(act, id, wanted, idempotencyKey);
    return sku === null ? make(productId!) : this.skus.use({ productId, sku }, make);
  }

  private make(
    act: Act,
    productId: number,
    wanted: WantedByHand,
    idempotencyKey: string | undefined,
  ): Promise<PricedHoldRow> {
    const { sku, quantity, customerId, override } = wanted;
    const words = [...new Set(override)].sort();
    const fault = faultOfTime(wanted.expiresAt);
    if (fault !== null) throw endRefused(fault);
    const expiresAt = databaseTime(wanted.expiresAt)!;
    const keyed = keyedByOperators(idempotencyKey, [productId, quantity, customerId, expiresAt, words]);
    const buyer = customerId === null ? null : { customerId, limitKey: customerId, groups: [] };
    const byHand = { act, expiresAt, override: words };
    const hold = { id: newUuid(), product_id: productId, sku, qty: quantity, keyed, buyer, byHand };
    return this.idempotency.once('holds', keyed, async () => {
      // The key is asked first: what was made before may have ended by now.
      const earlier = keyed === null ? null : await this.granting.recall(hold);
      if (earlier !== null) return earlier;
      await this.refuseWrongEnd(expiresAt);
      return this.granting.submit(hold).catch(refusalOf);
    });
  }

  /** A millisecond more or less does not matter, so it is not asked under a lock. */
  private async refuseWrongEnd(expiresAt: string): Promise<void> {
    const now = await this.holds.readClock();
    if (expiresAt <= now) throw endRefused('must be in the future');
    if (expiresAt > addSeconds(now, LASTS_SECONDS_MAX)) throw endRefused('must be at most 7 days away');
  }
}

/** An operator has no token to send. */
function refusalOf(error: unknown): never {
  if (!(error instanceof BuyerTokenRequiredError)) throw error;
  throw refused('customer_id', 'is required: customers have a limit there, unless "limit" is among `override`');
}

function endRefused(message: string): ValidationError {
  return refused('expires_at', message);
}

function refused(field: string, message: string): ValidationError {
  return new ValidationError(`The body is not valid: ${field} ${message}.`, [{ field, message }]);
}
