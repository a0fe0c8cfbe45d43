import { Inject, Injectable } from '@nestjs/common';
import type { AuditFields } from '../access/audit.types.js';
import type { Act } from '../access/operator.js';
import { sumOfAll } from '../common/sum-of-all.js';
import { CONFIG, type Config } from '../config/config.js';
import { addMilliseconds, isoTimeOrNull } from '../database/sql.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { keyedByOperator } from '../idempotency/idempotency-key.js';
import { OperatorChanges } from '../idempotency/operator-changes.js';
import { RedisNews } from '../redis/redis-news.js';
import { PreconditionFailedError, SkuMovedError, SkuTakenError } from '../products/products.errors.js';
import { ProductsService } from '../products/products.service.js';
import {
  type NewProduct,
  NO_SALE,
  type ProductChange,
  type ProductRow,
  type SaleTerms,
} from '../products/products.types.js';
import { changeOf, endingOf, newSale, pauseOf, resumptionOf } from './sale-changes.js';
import { SaleNotFoundError } from './sales.errors.js';
import { SaleCache } from './sale-cache.js';
import { eventsOf } from './sale-events.js';
import { SalesRepository } from './sales.repository.js';
import {
  earlyStartsOf,
  type NewSale,
  type SaleChange,
  type SaleFields,
  type SaleRow,
  type SaleWithProducts,
  TERMS,
  type TermsInForce,
  termsOf,
  withIsoTime,
} from './sales.types.js';

/** The name under which instances tell each other that a sale has changed. */
export const newsOfSale = (id: number): string => `sale:${id}`;

/** Sales whose edges are told in one run; the next one goes on. */
const EDGES_STEP = 100;

/**
 * The windows in which products are sold. A grant looks at its product's row alone, so what a sale says is written there,
 * by the transaction that changes the sale, under the locks of both: after a pause was answered nobody, at any instance,
 * finds a row that lets him pass. Which products are in a sale changes only under that sale's lock.
 * Lock order: sales, products, ids ascending.
 */
@Injectable()
export class SalesService {
  constructor(
    private readonly sales: SalesRepository,
    private readonly products: ProductsService,
    private readonly changes: OperatorChanges,
    private readonly cache: SaleCache,
    private readonly news: RedisNews,
    private readonly events: EventsService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A sale as it is now. @throws SaleNotFoundError */
  async getSale(id: number): Promise<SaleWithProducts> {
    const sale = await this.sales.findById(id);
    if (sale === null) throw new SaleNotFoundError(id);
    return this.withProducts(sale);
  }

  /**
   * A sale as the public sees it: read once for all who ask within a moment, at most a second old, and never older than
   * the last commit of this instance. Its time goes on meanwhile, and its state with it.
   *
   * @throws SaleNotFoundError
   */
  async getRecentSale(id: number): Promise<SaleWithProducts> {
    const { found, readAt } = await this.cache.read(id, () => this.getSale(id));
    const server_time = addMilliseconds(found.sale.server_time, performance.now() - readAt);
    const products = found.products.map((row) => this.products.newerOf(row));
    return { ...found, sale: { ...found.sale, server_time }, products };
  }

  /** All sales, or those that have not ended over a day ago. */
  async listSales(page: PageRequest, which: 'all' | 'current'): Promise<Page<SaleWithProducts>> {
    const { rows, nextCursor } = await readPage(page, (range) =>
      which === 'all' ? this.sales.findPage(range) : this.sales.findCurrentPage(range),
    );
    const products = await this.products.findOfSales(rows.map(({ id }) => id));
    const withProducts = rows.map((sale) => ({
      sale,
      terms: this.termsInForce(sale),
      products: products.filter((row) => row.sale_id === sale.id),
    }));
    return { rows: withProducts, nextCursor };
  }

  /**
   * Makes a sale without products. Asked for again with the same key, it is the sale that was made first, as it is now.
   *
   * @throws ValidationError, IdempotencyKeyReusedError
   */
  async createSale(act: Act, wanted: NewSale, idempotencyKey?: string): Promise<SaleWithProducts> {
    const { name, starts_at = null, ends_at = null } = wanted;
    const terms = TERMS.map((term) => wanted[term] ?? null);
    const sale = await this.changes.once<SaleRow>({
      act,
      target: 'sale',
      verb: 'create',
      fieldsOf: auditFieldsOf,
      scope: 'sales',
      keyed: keyedByOperator(idempotencyKey, [name, starts_at, ends_at, ...terms]),
      find: (tx, id) => this.lockOne(tx, id),
      work: async (tx) => {
        const server_time = await this.sales.now(tx);
        const fields = newSale(wanted, server_time);
        const id = await this.sales.insert(tx, fields);
        return { before: null, after: { id, ...fields, server_time, is_start_told: 0, is_end_told: 0 } };
      },
    });
    return this.withProducts(sale);
  }

  /**
   * @param isExpected whether the locked sale is the one that the change was made for.
   * @throws SaleNotFoundError, PreconditionFailedError, SaleStartedError, SaleEndedError, ValidationError
   */
  changeSale(
    act: Act,
    id: number,
    change: SaleChange,
    isExpected: (sale: SaleRow) => boolean = () => true,
  ): Promise<SaleWithProducts> {
    return this.change(act, 'change', id, (sale) => {
      if (!isExpected(sale)) throw new PreconditionFailedError('sale');
      return changeOf(sale, change);
    });
  }

  /** Once this was answered no hold is granted, until `resumeSale`. @throws SaleNotFoundError, SaleEndedError */
  pauseSale(act: Act, id: number): Promise<SaleWithProducts> {
    return this.change(act, 'pause', id, pauseOf);
  }

  /** @throws SaleNotFoundError, SaleEndedError */
  resumeSale(act: Act, id: number): Promise<SaleWithProducts> {
    return this.change(act, 'resume', id, resumptionOf);
  }

  /** Once this was answered no hold is granted, ever. @throws SaleNotFoundError */
  endSale(act: Act, id: number): Promise<SaleWithProducts> {
    return this.change(act, 'end', id, endingOf);
  }

  /** Locks the sales of products in which customers are limited, and tells their numbers; see the repository. */
  async lockLimitedOf(tx: Transaction, productIds: Iterable<number>): Promise<number[]> {
    const ids = await this.sales.lockLimitedOf(tx, productIds);
    this.sales.lockEverywhere(tx, ids);
    return ids;
  }

  /**
   * Locks sales, limited or not, and tells what one customer may have over each: so that a limit which an operator sets
   * meanwhile finds what is decided without it.
   */
  async lockLimits(tx: Transaction, ids: ReadonlySet<number>): Promise<ReadonlyMap<number, number | null>> {
    const sales = ids.size === 0 ? [] : await this.sales.lock(tx, ids);
    this.sales.lockEverywhere(
      tx,
      sales.filter(({ max_per_customer }) => max_per_customer !== null).map(({ id }) => id),
    );
    return new Map(sales.map(({ id, max_per_customer }) => [id, max_per_customer]));
  }

  /**
   * Puts a product on sale, in its sale if it names one; see `ProductsService.createProduct`.
   *
   * @throws SaleNotFoundError
   */
  createProduct(act: Act, wanted: NewProduct, idempotencyKey?: string): Promise<ProductRow> {
    const saleId = wanted.sale_id ?? null;
    return this.products.createProduct(act, wanted, idempotencyKey, (tx, from) => this.lockTerms(tx, from, saleId));
  }

  /**
   * Makes the product that has this SKU, or changes it where there is one; what is not said stays as it is then. Of two who
   * make it at the same moment one does, and the other one changes it. One whose SKU is another by the time that it is
   * locked is not changed: it is looked for again.
   *
   * @param isExpected whether the locked product is the one that the change was made for; asked of none where it is made.
   * @throws SaleNotFoundError, StockBelowCommittedError, PreconditionFailedError, ValidationError
   */
  async putProduct(
    act: Act,
    wanted: NewProduct & { readonly sku: string },
    isExpected: (row: ProductRow | null) => boolean = () => true,
  ): Promise<{ product: ProductRow; isMade: boolean }> {
    const [known] = await this.products.findWithSkus([wanted.sku]);
    if (known === undefined && !isExpected(null)) throw new PreconditionFailedError();
    const isStillExpected = (row: ProductRow): boolean => {
      if (row.sku !== wanted.sku) throw new SkuMovedError();
      return isExpected(row);
    };
    try {
      const product =
        known === undefined
          ? await this.createProduct(act, wanted)
          : await this.changeProduct(act, known.id, wanted, isStillExpected);
      return { product, isMade: known === undefined };
    } catch (error) {
      if (!(error instanceof SkuTakenError || error instanceof SkuMovedError)) throw error;
      return this.putProduct(act, wanted, isExpected);
    }
  }

  /**
   * Changes a product, and the sale that it is in; see `ProductsService.changeProduct`.
   *
   * @throws SaleNotFoundError
   */
  changeProduct(
    act: Act,
    id: number,
    { sale_id: to, ...change }: ProductChange & { readonly sale_id?: number | null },
    isExpected?: (row: ProductRow) => boolean,
  ): Promise<ProductRow> {
    if (to === undefined) return this.products.changeProduct(act, id, change, isExpected);
    return this.products.changeProduct(act, id, change, isExpected, (tx, from) => this.lockTerms(tx, from, to));
  }

  /**
   * Tells of the starts and ends that have passed, each once: under the sale's lock, where it is noted with the event. An
   * edge passes without any transaction, so this is asked for by the clock. A sale that somebody keeps locked is left to the
   * next look, and keeps no other one waiting.
   *
   * @returns how many sales had something to tell.
   * @throws PartlyDoneError at the end, with the sales of which it could not be told.
   */
  async tellEdges(): Promise<number> {
    const ids = await this.sales.findUntold(EDGES_STEP);
    return sumOfAll(
      ids,
      (id) => `sale ${id}`,
      (id) => this.tellEdgesOf(id),
    );
  }

  private tellEdgesOf(id: number): Promise<number> {
    return this.transactions.run(async (tx) => {
      const sale = await this.lockOne(tx, id);
      this.tell(tx, sale, sale);
      return 1;
    }, isNeverTriedAgain);
  }

  private tell(tx: Transaction, before: SaleRow, after: SaleRow): void {
    const { events, told } = eventsOf(before, after, this.termsInForce(after));
    if (told !== null) this.sales.markTold(tx, after.id, told);
    this.events.record(tx, events);
  }

  private async change(
    act: Act,
    verb: string,
    id: number,
    decide: (sale: SaleRow) => Partial<SaleFields>,
  ): Promise<SaleWithProducts> {
    const sale = await this.changes.once<SaleRow>({
      act,
      target: 'sale',
      verb,
      fieldsOf: auditFieldsOf,
      scope: 'sales',
      keyed: null,
      find: (tx) => this.lockOne(tx, id),
      work: async (tx) => {
        const locked = await this.lockOne(tx, id);
        // A grant of this instant has ended or comes later: whether the sale has started is decided on one clock.
        const { rows, now } = await this.products.lockOfSale(tx, id);
        const before = { ...locked, server_time: now };
        const change = decide(before);
        if (Object.keys(change).length === 0) return { before, after: before };
        const after = { ...before, ...change };
        this.sales.update(tx, id, change);
        this.tell(tx, before, after);
        this.tellAfterCommit(tx, [id]);
        if (!isSameTerms(termsOf(before), termsOf(after))) this.products.writeTerms(tx, rows, termsOf(after));
        return { before, after };
      },
    });
    return this.withProducts(sale);
  }

  private async withProducts(sale: SaleRow): Promise<SaleWithProducts> {
    return { sale, terms: this.termsInForce(sale), products: await this.products.findOfSales([sale.id]) };
  }

  private termsInForce(sale: SaleRow): TermsInForce {
    const { hold_seconds, payment_seconds, hold_extensions, processing_seconds, show_stock, max_per_customer } = sale;
    const { holds, orders } = this.config;
    return {
      hold_seconds: hold_seconds ?? holds.ttlSeconds,
      payment_seconds: payment_seconds ?? orders.paymentTtlSeconds,
      hold_extensions: hold_extensions ?? holds.extensions,
      processing_seconds: processing_seconds ?? orders.processingSeconds,
      show_stock: show_stock ?? 'exact',
      max_per_customer,
      early: earlyStartsOf(sale.early),
    };
  }

  /** What readers know of these sales is old: those of this instance ask anew, those who listen, at any, hear of it. */
  private tellAfterCommit(tx: Transaction, ids: readonly number[]): void {
    const tell = (): void => {
      for (const id of ids) this.cache.forget(id);
      void this.news.tell(ids.map(newsOfSale), '');
    };
    tx.afterCommit(tell, { isHarmless: true });
  }

  private async lockOne(tx: Transaction, id: number): Promise<SaleRow> {
    const [sale] = await this.sales.lock(tx, [id]);
    if (sale === undefined) throw new SaleNotFoundError(id);
    return sale;
  }

  /** Locks the sales that a product leaves and comes into. */
  private async lockTerms(tx: Transaction, from: number | null, to: number | null): Promise<SaleTerms> {
    const ids = [from, to].filter((id) => id !== null);
    this.tellAfterCommit(tx, ids);
    const sales = ids.length === 0 ? [] : await this.sales.lock(tx, ids);
    if (to === null) return NO_SALE;
    const sale = sales.find(({ id }) => id === to);
    if (sale === undefined) throw new SaleNotFoundError(to);
    return termsOf(sale);
  }
}

/** Times as the API prints them. */
function auditFieldsOf({ name, ...times }: SaleFields): AuditFields {
  const { starts_at, ends_at, ended_at, paused_at } = times;
  const shown = Object.entries({ starts_at, ends_at, ended_at, paused_at });
  const early = times.early === null ? null : earlyStartsOf(times.early).map(withIsoTime);
  const terms = Object.fromEntries(TERMS.map((term) => [term, term === 'early' ? early : times[term]]));
  return {
    name,
    ...Object.fromEntries(shown.map(([field, at]) => [field, isoTimeOrNull(at)])),
    ...terms,
  };
}

function isSameTerms(one: SaleTerms, other: SaleTerms): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
