import { Injectable } from '@nestjs/common';
import { AMOUNT_MAX, amountOf, fromCents, toCents } from '../common/money.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { ValidationError } from '../common/problem.js';
import { Transactions, type Transaction } from '../database/transactions.js';
import { ProductNotFoundError, StockBelowCommittedError } from './products.errors.js';
import { ProductsRepository } from './products.repository.js';
import { StockCache } from './stock-cache.js';
import { StockLedger } from './stock-ledger.js';
import type { NewProduct, ProductChange, ProductRow, StockMove } from './products.types.js';

/** What is on sale, how much of it is left, and the one way to move stock. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly cache: StockCache,
    private readonly transactions: Transactions,
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

  /** Products that were put on sale last, at most `limit`, newest first. */
  findNewest(limit: number): Promise<ProductRow[]> {
    return this.products.findNewest(limit);
  }

  /** How often a stock figure was read, by where it was found. */
  get cacheReads(): Readonly<Record<string, number>> {
    return this.cache.reads;
  }

  listProducts(page: PageRequest): Promise<Page<ProductRow>> {
    return readPage(page, (afterId, limit) => this.products.findPage(afterId, limit));
  }

  /**
   * Locks products, ids ascending, so that a batch can be decided on their figures; `now` is the database's
   * time once all locks were granted. Follow it with `writeStock`, and after the commit `stockCommitted`.
   */
  async lockStock(tx: Transaction, ids: Iterable<number>): Promise<{ ledger: StockLedger; now: string }> {
    const { rows, now } = await this.products.lock(tx, ids);
    return { ledger: new StockLedger(rows), now };
  }

  /** Writes what the ledger decided. */
  writeStock(tx: Transaction, ledger: StockLedger): void {
    this.products.moveStock(tx, ledger.moves());
  }

  /** Call after the commit: readers of this instance see the new figures from here on. */
  stockCommitted(ledger: StockLedger): void {
    for (const row of ledger.rowsAfterMoves()) this.cache.put(row);
  }

  /** Moves units whose decision needs no figures: this write is what locks the rows. Then `stockMoved`. */
  moveStock(tx: Transaction, moves: readonly StockMove[]): void {
    this.products.moveStock(tx, sumPerProduct(moves));
  }

  /** Call after the commit of `moveStock`: readers of this instance look the new figures up. */
  stockMoved(moves: readonly StockMove[]): void {
    for (const { productId } of moves) this.cache.invalidate(productId);
  }

  async createProduct(product: NewProduct, quantityMax: number): Promise<ProductRow> {
    const id = await this.products.insert({ ...product, price: payablePrice(product.price, quantityMax) });
    return this.getProductWithStock(id);
  }

  /** @throws ProductNotFoundError, StockBelowCommittedError */
  changeProduct(id: number, wanted: ProductChange, quantityMax: number): Promise<ProductRow> {
    const change = wanted.price === undefined ? wanted : { ...wanted, price: payablePrice(wanted.price, quantityMax) };
    return this.changeLocked(id, () => change);
  }

  /** Adds units to the stock. @throws ProductNotFoundError */
  restockProduct(id: number, units: number): Promise<ProductRow> {
    return this.changeLocked(id, (row) => ({ stock_total: row.stock_total + units }));
  }

  /** The row lock makes what was held and sold at the decision still true at the write. */
  private async changeLocked(id: number, changeOf: (row: ProductRow) => ProductChange): Promise<ProductRow> {
    const changed = await this.transactions.run(async (tx) => {
      const {
        rows: [row],
      } = await this.products.lock(tx, [id]);
      if (row === undefined) throw new ProductNotFoundError(id);
      const change = changeOf(row);
      const committed = row.stock_held + row.stock_sold;
      if (change.stock_total !== undefined && change.stock_total < committed) {
        throw new StockBelowCommittedError(change.stock_total, committed);
      }
      this.products.update(tx, id, change);
      return { ...row, ...change, stock_version: row.stock_version + 1 };
    });
    this.cache.put(changed);
    return changed;
  }
}

/**
 * The price with two digits. An order's amount must fit its column: refused where the price is set, so that
 * no buyer ever meets it.
 */
function payablePrice(price: string, quantityMax: number): string {
  if (amountOf(price, quantityMax) !== null) return fromCents(toCents(price));
  const message = `is too high: ${quantityMax} units (HOLD_QUANTITY_MAX) would cost more than ${AMOUNT_MAX}`;
  throw new ValidationError(`The body is not valid: price ${message}.`, [{ field: 'price', message }]);
}

/** One move a product, ids ascending, without those that cancel out. */
function sumPerProduct(moves: readonly StockMove[]): StockMove[] {
  const sums = new Map<number, { productId: number; held: number; sold: number }>();
  for (const { productId, held, sold } of moves) {
    const sum = sums.get(productId) ?? { productId, held: 0, sold: 0 };
    sums.set(productId, { productId, held: sum.held + held, sold: sum.sold + sold });
  }
  return [...sums.values()]
    .filter(({ held, sold }) => held !== 0 || sold !== 0)
    .sort((a, b) => a.productId - b.productId);
}
