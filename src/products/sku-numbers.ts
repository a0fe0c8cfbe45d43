import { Injectable } from '@nestjs/common';
import { ExpiringCache } from '../access/expiring-cache.js';
import { ValidationError } from '../common/problem.js';
import { backoffWithJitterMs, retry, type RetryPolicy } from '../common/retry.js';
import { ProductNotFoundError, SkuMovedError } from './products.errors.js';
import { ProductsRepository } from './products.repository.js';

/** How long the number of a SKU is believed, in milliseconds: an old one is noticed under the product's lock. */
const BELIEVED_MS = 60_000;
const ENTRIES_MAX = 10_000;

const ASKED_AGAIN: RetryPolicy = {
  triesMax: 5,
  isTransient: (error) => error instanceof SkuMovedError,
  delayMs: backoffWithJitterMs,
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
};

/** A product as a request names it: by its SKU, and perhaps by its number, too. */
interface NamedProduct {
  readonly productId: number | null;
  readonly sku: string;
}

/** Which product has a SKU, as of a while ago: who decides by it compares the SKU of the row that he has locked. */
@Injectable()
export class SkuNumbers {
  private readonly known = new ExpiringCache<Promise<number>>(ENTRIES_MAX);

  constructor(private readonly products: ProductsRepository) {}

  /**
   * Does something with the product that is named, by its number; again where SkuMovedError says that the SKU is another
   * product's by now.
   *
   * @throws ProductNotFoundError, ValidationError where the two names are not of one product, and whatever the work throws.
   */
  use<T>(named: NamedProduct, work: (productId: number) => Promise<T>): Promise<T> {
    return retry(async (previousError) => {
      if (previousError !== undefined) this.forget(named.sku);
      return work(await this.believed(named));
    }, ASKED_AGAIN);
  }

  /** The number of the product that is named, as of now. @throws ProductNotFoundError, ValidationError */
  find(named: NamedProduct): Promise<number> {
    this.forget(named.sku);
    return this.believed(named);
  }

  private async believed({ productId, sku }: NamedProduct): Promise<number> {
    const believed = await this.look(sku);
    if (productId === null || productId === believed) return believed;
    this.forget(sku);
    if ((await this.look(sku)) === productId) return productId;
    const message = `is not that of product ${productId}`;
    throw new ValidationError(`The request is not valid: sku ${message}.`, [{ field: 'sku', message }]);
  }

  /** All who ask for one SKU share a look. That no product has it is not kept: one that is made this moment counts at once. */
  private look(sku: string): Promise<number> {
    const known = this.known.get(sku, performance.now());
    if (known !== null) return known;
    const found = this.products.findWithSkus([sku]).then(([row]) => {
      if (row === undefined) throw new ProductNotFoundError(`with the SKU ${sku}`);
      return row.id;
    });
    this.known.set(sku, found, performance.now() + BELIEVED_MS);
    found.catch(() => this.forget(sku));
    return found;
  }

  private forget(sku: string): void {
    this.known.delete(sku);
  }
}
