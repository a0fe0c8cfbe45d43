import { availableOf, type ProductRow, type StockMove } from './products.types.js';

interface Account {
  readonly row: ProductRow;
  held: number;
  sold: number;
}

/**
 * The stock of locked products while a batch is being decided: starts from the rows, takes each decision in
 * turn, and at the end tells by how much the counters move. Valid only as long as the locks are held.
 */
export class StockLedger {
  private readonly accounts: Map<number, Account>;

  constructor(rows: readonly ProductRow[]) {
    this.accounts = new Map(rows.map((row) => [row.id, { row, held: 0, sold: 0 }]));
  }

  /** A product as it was locked, whatever has moved since; undefined when there is no such product. */
  product(productId: number): ProductRow | undefined {
    return this.accounts.get(productId)?.row;
  }

  /** Units left for the next decision; undefined when there is no such product. */
  available(productId: number): number | undefined {
    const account = this.accounts.get(productId);
    return account && availableOf(account.row) - account.held - account.sold;
  }

  /** Moves units into held (or, negative, back out of it) and into sold. */
  move({ productId, held, sold }: StockMove): void {
    const account = this.accounts.get(productId);
    if (account === undefined) throw new Error(`Product ${productId} is not locked`);
    account.held += held;
    account.sold += sold;
  }

  moves(): StockMove[] {
    return [...this.changed()].map(({ row, held, sold }) => ({ productId: row.id, held, sold }));
  }

  /** All locked rows as they are once the moves are committed. */
  rowsAfterMoves(): ProductRow[] {
    return [...this.accounts.values()].map(({ row, held, sold }) =>
      held === 0 && sold === 0
        ? row
        : {
            ...row,
            stock_held: row.stock_held + held,
            stock_sold: row.stock_sold + sold,
            stock_version: row.stock_version + 1,
          },
    );
  }

  private *changed(): Iterable<Account> {
    for (const account of this.accounts.values()) if (account.held !== 0 || account.sold !== 0) yield account;
  }
}
