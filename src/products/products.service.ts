import { Inject, Injectable } from '@nestjs/common';
import { AMOUNT_MAX, amountOf, decimalsError, inCurrency } from '../common/money.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { Transactions, type Transaction } from '../database/transactions.js';
import { numberOfUuid, uuidOfNumber } from '../database/sql.js';
import { type IdempotencyScope, keyedByOperator, type KeyedRequest } from '../idempotency/idempotency-key.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { PreconditionFailedError, ProductNotFoundError, StockBelowCommittedError } from './products.errors.js';
import { ProductsRepository } from './products.repository.js';
import { StockCache } from './stock-cache.js';
import { StockLedger } from './stock-ledger.js';
import { type NewProduct, type ProductChange, type ProductRow, STOCK_MAX, type StockMove } from './products.types.js';

/** What is on sale, how much of it is left, and the one way to move stock. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly cache: StockCache,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
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

  /** Products that were put on sale last, at most `limit`, newest first. */
  findNewest(limit: number): Promise<ProductRow[]> {
    return this.products.findNewest(limit);
  }

  listProducts(page: PageRequest): Promise<Page<ProductRow>> {
    return readPage(page, (afterId, limit) => this.products.findPage(afterId, limit));
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

  /**
   * Puts a product on sale. Asked for again with the same key, it is the product that was made first, as it is now.
   *
   * @throws ValidationError, IdempotencyKeyReusedError
   */
  createProduct(wanted: NewProduct, idempotencyKey?: string): Promise<ProductRow> {
    const product = { ...wanted, price: this.payablePrice(wanted.price) };
    const keyed = keyedByOperator(idempotencyKey, [product.name, product.price, product.stock_total]);
    return this.changeOnce('products', keyed, async (tx) => this.lockOne(tx, await this.products.insert(tx, product)));
  }

  /**
   * @param isExpected whether the locked product is the one that the change was made for.
   * @throws ProductNotFoundError, PreconditionFailedError, StockBelowCommittedError, ValidationError
   */
  changeProduct(
    id: number,
    wanted: ProductChange,
    isExpected: (row: ProductRow) => boolean = () => true,
  ): Promise<ProductRow> {
    const change = wanted.price === undefined ? wanted : { ...wanted, price: this.payablePrice(wanted.price) };
    return this.changeOnce('products', null, async (tx) => {
      const row = await this.lockOne(tx, id);
      if (!isExpected(row)) throw new PreconditionFailedError();
      return this.changeLocked(tx, row, change);
    });
  }

  /**
   * Adds units to the stock, or takes free ones away. Asked for again with the same key, it changes nothing more.
   *
   * @throws ProductNotFoundError, StockBelowCommittedError, ValidationError, IdempotencyKeyReusedError
   */
  restockProduct(id: number, units: number, idempotencyKey?: string): Promise<ProductRow> {
    return this.changeOnce('restocks', keyedByOperator(idempotencyKey, [id, units]), async (tx) => {
      const row = await this.lockOne(tx, id);
      return this.changeLocked(tx, row, { stock_total: restocked(row, units) });
    });
  }

  /**
   * Runs an operator's change once: again after a lost COMMIT by its mark (`Transactions.run`), and again when the
   * operator repeats it by its key, which is written in the same transaction. Of two that run at the same time in two
   * processes the later one fails by the key's primary key, starts over, and finds what the other made.
   */
  private async changeOnce(
    scope: IdempotencyScope,
    keyed: KeyedRequest | null,
    work: (tx: Transaction) => Promise<ProductRow>,
  ): Promise<ProductRow> {
    const attempt = async (tx: Transaction): Promise<ProductRow> => {
      const earlier = (await this.idempotency.recall(tx, scope, [keyed])).get(keyed);
      if (earlier instanceof Error) throw earlier;
      if (earlier !== undefined) return this.lockOne(tx, numberOfUuid(earlier));
      const row = await work(tx);
      if (keyed !== null) this.idempotency.remember(tx, scope, [{ ...keyed, reference: uuidOfNumber(row.id) }]);
      tx.afterCommit(() => this.cache.put(row));
      return row;
    };
    return this.idempotency.once(scope, keyed, () => this.transactions.run(attempt));
  }

  /**
   * The price with the decimals of its currency. An order's amount must fit its column: refused where the price is set, so
   * that no buyer ever meets it.
   */
  private payablePrice(price: string): string {
    const { payments, holds } = this.config;
    const decimals = decimalsError(price, payments.currency);
    if (decimals !== null) throw invalid('price', decimals);
    if (amountOf(price, holds.quantityMax) !== null) return inCurrency(price, payments.currency);
    const units = `${holds.quantityMax} units (HOLD_QUANTITY_MAX)`;
    throw invalid('price', `is too high: ${units} would cost more than ${AMOUNT_MAX}`);
  }

  private async lockOne(tx: Transaction, id: number): Promise<ProductRow> {
    const { rows } = await this.products.lock(tx, [id]);
    if (rows[0] === undefined) throw new ProductNotFoundError(id);
    return rows[0];
  }

  /** The row lock makes what was held and sold at the decision still true at the write. */
  private changeLocked(tx: Transaction, row: ProductRow, change: ProductChange): ProductRow {
    const committed = row.stock_held + row.stock_sold;
    if (change.stock_total !== undefined && change.stock_total < committed) {
      throw new StockBelowCommittedError(change.stock_total, committed);
    }
    this.products.update(tx, row.id, change);
    return { ...row, ...change, stock_version: row.stock_version + 1 };
  }
}

/** The total after a restock. What would be below nothing is below what is held and sold. */
function restocked({ stock_total, stock_held, stock_sold }: ProductRow, units: number): number {
  const total = stock_total + units;
  if (total < 0) throw new StockBelowCommittedError(total, stock_held + stock_sold);
  if (total <= STOCK_MAX) return total;
  throw invalid('units', `is too high: a product has ${STOCK_MAX} units at most, and this one has ${stock_total}`);
}

function invalid(field: string, message: string): ValidationError {
  return new ValidationError(`The body is not valid: ${field} ${message}.`, [{ field, message }]);
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
