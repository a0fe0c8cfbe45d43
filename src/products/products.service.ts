import { Inject, Injectable } from '@nestjs/common';
import type { Act } from '../access/operator.js';
import { AMOUNT_MAX, amountOf, decimalsError, inCurrency } from '../common/money.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { OvertakenError } from '../database/database-errors.js';
import type { Transaction } from '../database/transactions.js';
import { type IdempotencyScope, keyedByOperator, type KeyedRequest } from '../idempotency/idempotency-key.js';
import { type Change, OperatorChanges } from '../idempotency/operator-changes.js';
import {
  PreconditionFailedError,
  ProductNotFoundError,
  SkuTakenError,
  StockBelowCommittedError,
} from './products.errors.js';
import { ProductsRepository } from './products.repository.js';
import { StockCache } from './stock-cache.js';
import { StockLedger } from './stock-ledger.js';
import {
  NO_SALE,
  type NewProduct,
  operatorsFieldsOf,
  type ProductChange,
  type ProductRow,
  type SaleTerms,
  STOCK_MAX,
  type StockMove,
  type TermsLock,
} from './products.types.js';

/** What is on sale, how much of it is left, and the one way to move stock. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly cache: StockCache,
    private readonly changes: OperatorChanges,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * A product with its stock as of at most one second ago, and never older than this instance's last commit: at
   * once when it is known, as it is for nearly all readers of a sale.
   *
   * @throws ProductNotFoundError
   */
  getProductWithStock(id: number): ProductRow | Promise<ProductRow> {
    return this.cache.peek(id) ?? this.loadProduct(id);
  }

  private async loadProduct(id: number): Promise<ProductRow> {
    const row = await this.cache.load(id, () => this.products.findById(id));
    if (row === null) throw new ProductNotFoundError(id);
    return row;
  }

  /** What this instance knows of a product, if it is fresh enough to be told. */
  peekProduct(id: number): ProductRow | undefined {
    return this.cache.fresh(id);
  }

  /** Products that were put on sale last, at most `limit`, newest first. */
  findNewest(limit: number): Promise<ProductRow[]> {
    return this.products.findNewest(limit);
  }

  /** The row, or what this instance knows of it by its own last commits. */
  newerOf(row: ProductRow): ProductRow {
    const known = this.cache.peek(row.id);
    return known !== undefined && known.stock_version > row.stock_version ? known : row;
  }

  listProducts(page: PageRequest): Promise<Page<ProductRow>> {
    return readPage(page, (range) => this.products.findPage(range));
  }

  /** The sales of these products in which customers are limited, by product; they may have others a moment later. */
  findLimitedSales(ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.products.findLimitedSales(ids);
  }

  /**
   * Locks products, ids ascending, so that a batch can be decided on their figures; `now` is the database's
   * time once all locks were granted. Follow it with `writeStock`.
   */
  async lockStock(tx: Transaction, ids: Iterable<number>): Promise<{ ledger: StockLedger; now: string }> {
    const { rows, now } = await this.products.lock(tx, ids);
    return { ledger: new StockLedger(rows), now };
  }

  /** Writes what the ledger decided, once and at the end. After the commit readers of this instance see its figures. */
  writeStock(tx: Transaction, ledger: StockLedger): void {
    this.products.moveStock(tx, ledger.moves());
    tx.afterCommit(() => {
      for (const row of ledger.rowsAfterMoves()) this.cache.put(row);
    });
  }

  /**
   * Moves units whose decision needs no figures: this write is what locks the rows, so it is the last one. After the
   * commit readers of this instance look the new figures up.
   */
  moveStock(tx: Transaction, moves: readonly StockMove[]): void {
    const sums = sumPerProduct(moves);
    this.products.moveStock(tx, sums);
    const forget = (): void => {
      for (const { productId } of sums) this.cache.invalidate(productId);
    };
    tx.afterCommit(forget, { isHarmless: true });
  }

  /** A product as it is now, on sale or not. @throws ProductNotFoundError */
  async findProduct(id: number): Promise<ProductRow> {
    const row = await this.products.findById(id);
    if (row === null) throw new ProductNotFoundError(id);
    return row;
  }

  /** The product that has this SKU as it is now, on sale or not. @throws ProductNotFoundError */
  async findProductWithSku(sku: string): Promise<ProductRow> {
    const [row] = await this.products.findWithSkus([sku]);
    if (row === undefined) throw new ProductNotFoundError(`with the SKU ${sku}`);
    return row;
  }

  /** All products of the sales, archived ones too, as they are now. */
  findOfSales(saleIds: readonly number[]): Promise<ProductRow[]> {
    return this.products.findOfSales(saleIds);
  }

  /** The product on sale that has this SKU; none where there is none. */
  findBySku(sku: string): Promise<ProductRow[]> {
    return this.products.findBySku(sku);
  }

  /** The products that have these SKUs, archived ones too. */
  findWithSkus(skus: readonly string[]): Promise<ProductRow[]> {
    return this.products.findWithSkus(skus);
  }

  /**
   * Makes a product. Asked for again with the same key, it is the product that was made first, as it is now.
   *
   * @throws SkuTakenError, ValidationError, IdempotencyKeyReusedError
   */
  createProduct(
    act: Act,
    wanted: NewProduct,
    idempotencyKey?: string,
    lockTerms: TermsLock = () => Promise.resolve(NO_SALE),
  ): Promise<ProductRow> {
    const product = { ...wanted, price: this.payablePrice(wanted.price) };
    const keyed = keyedByOperator(idempotencyKey, contentOf(product));
    return this.changeOnce(act, { verb: 'create', scope: 'products', keyed }, async (tx) => {
      const terms = await lockTerms(tx, null);
      await this.refuseTakenSku(tx, product.sku);
      const after = await this.lockOne(tx, await this.products.insert(tx, { ...product, ...terms }));
      return { before: null, after };
    });
  }

  /**
   * @param isExpected whether the locked product is the one that the change was made for.
   * @param lockTerms of a product that comes into a sale, or leaves one.
   * @throws ProductNotFoundError, PreconditionFailedError, StockBelowCommittedError, SkuTakenError, ValidationError
   */
  changeProduct(
    act: Act,
    id: number,
    wanted: ProductChange,
    isExpected: (row: ProductRow) => boolean = () => true,
    lockTerms: TermsLock | null = null,
  ): Promise<ProductRow> {
    return this.changeOnce(act, { verb: 'change', scope: 'products', keyed: null }, async (tx) => {
      // Both sales are locked before the product, so the one that it leaves is read first, and compared under the lock.
      const from = lockTerms === null ? null : await this.products.findSaleId(tx, id);
      const terms = await lockTerms?.(tx, from);
      const row = await this.lockOne(tx, id);
      if (lockTerms !== null && row.sale_id !== from)
        throw new OvertakenError('The product has changed its sale meanwhile');
      if (!isExpected(row)) throw new PreconditionFailedError();
      const { price } = wanted;
      const change = price === undefined ? wanted : { ...wanted, price: this.payablePrice(price, row.currency) };
      await this.refuseTakenSku(tx, change.sku, id);
      return this.changeLocked(tx, row, { ...change, ...terms });
    });
  }

  /**
   * Locks the products of a sale, ids ascending, so that its terms can be changed; `now` is the database's time once all
   * locks were granted. Lock order: sale, product. The caller has the sale's lock, so which products they are stays true.
   */
  async lockOfSale(tx: Transaction, saleId: number): Promise<{ rows: ProductRow[]; now: string }> {
    const ids = await this.products.findIdsOfSale(tx, saleId);
    // No product has the number 0: of a sale without products the time alone is asked.
    return this.products.lock(tx, [0, ...ids]);
  }

  /** Writes the terms of their sale onto locked products, with one statement. */
  writeTerms(tx: Transaction, rows: readonly ProductRow[], terms: SaleTerms): void {
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    this.products.update(tx, ids, terms);
    tx.afterCommit(() => {
      for (const row of rows) this.cache.put({ ...row, ...terms, stock_version: row.stock_version + 1 });
    });
  }

  /**
   * Adds units to the stock, or takes free ones away. Asked for again with the same key, it changes nothing more.
   *
   * @throws ProductNotFoundError, StockBelowCommittedError, ValidationError, IdempotencyKeyReusedError
   */
  restockProduct(act: Act, id: number, units: number, idempotencyKey?: string): Promise<ProductRow> {
    const keyed = keyedByOperator(idempotencyKey, [id, units]);
    return this.changeOnce(act, { verb: 'restock', scope: 'restocks', keyed }, async (tx) => {
      const row = await this.lockOne(tx, id);
      return this.changeLocked(tx, row, { stock_total: restocked(row, units) });
    });
  }

  /** Readers of this instance see what was changed at once. */
  private changeOnce(
    act: Act,
    { verb, scope, keyed }: { verb: string; scope: IdempotencyScope; keyed: KeyedRequest | null },
    work: (tx: Transaction) => Promise<Change<ProductRow>>,
  ): Promise<ProductRow> {
    return this.changes.once({
      act,
      verb,
      target: 'product',
      fieldsOf: operatorsFieldsOf,
      scope,
      keyed,
      find: (tx, id) => this.lockOne(tx, id),
      work: async (tx) => {
        const change = await work(tx);
        tx.afterCommit(() => this.cache.put(change.after));
        return change;
      },
    });
  }

  /** Of two that take a SKU at the same moment the unique key refuses one, which starts over and is refused here. */
  private async refuseTakenSku(tx: Transaction, sku: string | null | undefined, ownId?: number): Promise<void> {
    if (sku == null) return;
    const id = await this.products.findIdBySku(tx, sku);
    if (id !== null && id !== ownId) throw new SkuTakenError(sku, id);
  }

  /**
   * The price with the decimals of its currency, which is CURRENCY for what is new. An order's amount must fit its column: refused where the price is set, so
   * that no buyer ever meets it.
   *
   * @throws ValidationError
   */
  payablePrice(price: string, currency = this.config.payments.currency): string {
    const { holds } = this.config;
    const decimals = decimalsError(price, currency);
    if (decimals !== null) throw invalid('price', decimals);
    if (amountOf(price, holds.quantityMax) !== null) return inCurrency(price, currency);
    const units = `${holds.quantityMax} units (HOLD_QUANTITY_MAX)`;
    throw invalid('price', `is too high: ${units} would cost more than ${AMOUNT_MAX}`);
  }

  private async lockOne(tx: Transaction, id: number): Promise<ProductRow> {
    const { rows } = await this.products.lock(tx, [id]);
    if (rows[0] === undefined) throw new ProductNotFoundError(id);
    return rows[0];
  }

  /** The row lock makes what was held and sold at the decision still true at the write. */
  private changeLocked(
    tx: Transaction,
    row: ProductRow,
    change: ProductChange & Partial<SaleTerms>,
  ): Change<ProductRow> {
    const committed = row.stock_held + row.stock_sold;
    if (change.stock_total !== undefined && change.stock_total < committed) {
      throw new StockBelowCommittedError(change.stock_total, committed);
    }
    this.products.update(tx, [row.id], change);
    return { before: row, after: { ...row, ...change, stock_version: row.stock_version + 1 } };
  }
}

/**
 * What makes a product that is asked for the same; of one without SKU, sale, limit and archive what it was before there
 * were any.
 */
function contentOf(product: NewProduct): unknown[] {
  const { name, price, stock_total, sku, sale_id, max_per_customer, is_archived } = product;
  const more = sku == null && sale_id == null ? [] : [sku ?? null, sale_id ?? null];
  const limit = max_per_customer == null ? [] : [{ max_per_customer }];
  return [name, price, stock_total, ...more, ...limit, ...(is_archived ? ['archived'] : [])];
}

/** The total after a restock. What would be below nothing is below what is held and sold, where it is written. */
function restocked({ stock_total }: ProductRow, units: number): number {
  const total = stock_total + units;
  if (total <= STOCK_MAX) return total;
  throw invalid('units', `is too high: a product has ${STOCK_MAX} units at most, and this one has ${stock_total}`);
}

function invalid(field: string, message: string): ValidationError {
  return new ValidationError(`The body is not valid: ${field} ${message}.`, [{ field, message }]);
}

/** One move a product, ids ascending, without those that cancel out. */
function sumPerProduct(moves: readonly StockMove[]): StockMove[] {
  const sums = new Map<number, Required<StockMove>>();
  for (const { productId, held, sold, total = 0 } of moves) {
    const sum = sums.get(productId) ?? { productId, held: 0, sold: 0, total: 0 };
    sums.set(productId, { productId, held: sum.held + held, sold: sum.sold + sold, total: sum.total + total });
  }
  return [...sums.values()]
    .filter(({ held, sold, total }) => held !== 0 || sold !== 0 || total !== 0)
    .sort((a, b) => a.productId - b.productId);
}
