import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { availableOf } from '../../src/products/products.types.js';
import { StockLedger } from '../../src/products/stock-ledger.js';
import { productRow } from '../support/decisions.js';

describe('StockLedger', () => {
  it('starts from what is neither held nor sold', () => {
    expect(new StockLedger([productRow({ stock_held: 3, stock_sold: 2 })]).available(1)).toBe(5);
  });

  it('knows nothing of a product that is not locked, and refuses to move its units', () => {
    const ledger = new StockLedger([productRow()]);
    expect([ledger.product(2), ledger.available(2)]).toEqual([undefined, undefined]);
    expect(() => ledger.move({ productId: 2, held: 1, sold: 0 })).toThrow('Product 2 is not locked');
  });

  it('takes each decision into account for the next one', () => {
    const ledger = new StockLedger([productRow(), productRow({ id: 2 })]);
    ledger.move({ productId: 1, held: 4, sold: 0 });
    ledger.move({ productId: 1, held: -1, sold: 1 });
    ledger.move({ productId: 2, held: 0, sold: 3 });
    expect([ledger.available(1), ledger.available(2)]).toEqual([6, 7]);
    expect(ledger.moves()).toEqual([
      { productId: 1, held: 3, sold: 1 },
      { productId: 2, held: 0, sold: 3 },
    ]);
  });

  it('has no move for a product whose units did not move, and leaves its version alone', () => {
    const ledger = new StockLedger([productRow(), productRow({ id: 2 })]);
    ledger.move({ productId: 1, held: 2, sold: 0 });
    ledger.move({ productId: 1, held: -2, sold: 0 });
    expect(ledger.moves()).toEqual([]);
    expect(ledger.rowsAfterMoves().map((row) => row.stock_version)).toEqual([7, 7]);
  });

  it('tells each row as the database has it after the moves: one version on, total unchanged', () => {
    const ledger = new StockLedger([productRow({ stock_held: 1 })]);
    ledger.move({ productId: 1, held: 2, sold: 1 });
    expect(ledger.rowsAfterMoves()).toEqual([productRow({ stock_held: 3, stock_sold: 1, stock_version: 8 })]);
  });

  it('keeps total = available + held + sold through any sequence of grants and sales', () => {
    const step = fc.record({ productId: fc.integer({ min: 1, max: 3 }), qty: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new StockLedger([1, 2, 3].map((id) => productRow({ id })));
        for (const { productId, qty } of steps) {
          if (ledger.available(productId)! >= qty) ledger.move({ productId, held: qty, sold: 0 });
        }
        for (const row of ledger.rowsAfterMoves()) {
          expect(availableOf(row)).toBe(ledger.available(row.id));
          expect(availableOf(row)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
