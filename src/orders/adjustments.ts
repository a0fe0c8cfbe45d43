import { AMOUNT_MAX, decimalsError, fromThousandths, inCurrency, toThousandths } from '../common/money.js';

/** What the shop adds to the price of an order's units, or takes off, and what the order then comes to. */

export type AdjustmentKind = 'shipping' | 'tax' | 'discount' | 'fee';

export const ADJUSTMENT_KINDS: readonly AdjustmentKind[] = ['shipping', 'tax', 'discount', 'fee'];

export interface Adjustment {
  readonly kind: AdjustmentKind;
  /** What the buyer reads; at most 80 characters. */
  readonly label: string;
  /** Decimal string, below 0 with a sign. */
  readonly amount: string;
}

/** The same as its column has it: JSON in UTF-8; null where there are none. */
export function adjustmentsFrom(column: Buffer | null): readonly Adjustment[] {
  return column === null ? [] : (JSON.parse(column.toString()) as Adjustment[]);
}

/** Adjustments with the decimals of their currency. */
export function adjustmentsIn(currency: string, adjustments: readonly Adjustment[]): Adjustment[] {
  return adjustments.map(({ kind, label, amount }) => {
    const shown = inCurrency(amount, currency);
    return { kind, label, amount: toThousandths(shown) === 0 ? shown.replace('-', '') : shown };
  });
}

/** What the units cost, of an order that comes to `amount`: so it stands in one place only. */
export function subtotalOf(amount: string, currency: string, adjustments: readonly Adjustment[]): string {
  if (adjustments.length === 0) return amount;
  return inCurrency(fromThousandths(toThousandths(amount) - sumOf(adjustments)), currency);
}

/** What an order comes to whose units cost `subtotal`; it must be what {@link dueError} has nothing against. */
export function dueOf(subtotal: string, currency: string, adjustments: readonly Adjustment[]): string {
  return inCurrency(fromThousandths(toThousandths(subtotal) + sumOf(adjustments)), currency);
}

/** The field that keeps adjustments from being taken, and what is wrong with it; null where nothing is. */
export function dueError(
  subtotal: string,
  currency: string,
  adjustments: readonly Adjustment[],
): { field: string; message: string } | null {
  for (const [index, { amount }] of adjustments.entries()) {
    const decimals = decimalsError(amount, currency);
    if (decimals !== null) return { field: `adjustments.${index}.amount`, message: decimals };
  }
  const due = toThousandths(subtotal) + sumOf(adjustments);
  if (due < 0) return { field: 'adjustments', message: `must come to 0 or more, with a subtotal of ${subtotal}` };
  if (due <= toThousandths(AMOUNT_MAX)) return null;
  return { field: 'adjustments', message: `must come to ${AMOUNT_MAX} at most, with a subtotal of ${subtotal}` };
}

function sumOf(adjustments: readonly Adjustment[]): number {
  return adjustments.reduce((sum, { amount }) => sum + toThousandths(amount), 0);
}
