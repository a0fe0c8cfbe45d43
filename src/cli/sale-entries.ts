import type { FieldError } from '../common/problem.js';

/** What a file asks for of a sale or of a product, each field with the line that it stands in. */
export interface Wanted<Fields> {
  readonly fields: Fields;
  readonly line: number;
  readonly lines: Map<string, number>;
}

/** Fields as they stand in a file, before anything is known of them. */
export type Entry = Wanted<Record<string, unknown>>;

export interface Entries {
  readonly sale: Entry | null;
  readonly products: readonly Entry[];
}

/** Something that is wrong with a file. */
export interface FileFault extends Omit<FieldError, 'field'> {
  readonly line: number;
  readonly field: string | null;
}

/** In words and prices a digit is a letter: neither `00042` nor `12.50` is a number. */
export const TEXTS: ReadonlySet<string> = new Set(['name', 'sku', 'price', 'starts_at', 'ends_at', 'show_stock']);
