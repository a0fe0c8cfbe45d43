import { isoTime } from '../database/sql.js';
import type { ProductRow, SaleTerms, ShownStock } from '../products/products.types.js';

export type SaleState = 'scheduled' | 'open' | 'paused' | 'ended';

/** What a sale says of its holds and orders; null: what the environment says. */
export interface Terms {
  /** How long a hold lasts. */
  readonly hold_seconds: number | null;
  /** How long after it was made an order is due for payment. */
  readonly payment_seconds: number | null;
  /** How often a hold may be extended. */
  readonly hold_extensions: number | null;
  /** How long a payment that takes days keeps its order. */
  readonly processing_seconds: number | null;
  readonly show_stock: ShownStock | null;
  /** Units that one customer may have over all its products; the environment says nothing of it, so null: no limit. */
  readonly max_per_customer: number | null;
  /** Who may begin before the others, as JSON of {@link EarlyStart}s; null: nobody. */
  readonly early: string | null;
}

/** A group of buyers, as the shop names it in their tokens, and from when on it may hold the products. */
export interface EarlyStart {
  readonly group: string;
  readonly starts_at: string;
}

export const TERMS = [
  'hold_seconds',
  'payment_seconds',
  'hold_extensions',
  'processing_seconds',
  'show_stock',
  'max_per_customer',
  'early',
] as const;

/** The terms that a sale does not have. */
export const NO_TERMS: Terms = {
  hold_seconds: null,
  payment_seconds: null,
  hold_extensions: null,
  processing_seconds: null,
  show_stock: null,
  max_per_customer: null,
  early: null,
};

/** The terms as they count, the environment's where the sale has none of its own. */
export type TermsInForce = Pick<Terms, 'max_per_customer'> & {
  readonly [Term in Exclude<keyof Terms, 'max_per_customer' | 'early'>]: NonNullable<Terms[Term]>;
} & {
  /** Times are UTC as the database prints them. */
  readonly early: readonly EarlyStart[];
};

/** What of a sale changes; times are UTC as the database prints them. */
export interface SaleFields extends Terms {
  readonly name: string;
  readonly starts_at: string;
  /** The first instant at which it is over; null: it goes on until somebody ends it. */
  readonly ends_at: string | null;
  /** When an operator ended it. */
  readonly ended_at: string | null;
  readonly paused_at: string | null;
}

export interface SaleRow extends SaleFields {
  readonly id: number;
  /** Whether its start, or its end, is among the events. */
  readonly is_start_told: 0 | 1;
  readonly is_end_told: 0 | 1;
  /** The database's time when the row was read; of a locked row, once all locks were granted. */
  readonly server_time: string;
}

/** A sale with all of its products, archived ones too, ids ascending. */
export interface SaleWithProducts {
  readonly sale: SaleRow;
  readonly terms: TermsInForce;
  readonly products: readonly ProductRow[];
}

/** What an operator asks for; times are ISO 8601 with their offset. */
export interface NewSale extends Partial<Omit<Terms, 'early'>> {
  readonly name: string;
  /** Not given: now. */
  readonly starts_at?: string;
  readonly ends_at?: string | null;
  readonly early?: readonly EarlyStart[] | null;
}

export type SaleChange = Partial<NewSale>;

/** The window in which something is sold, and whether that is interrupted. */
export type SaleWindow = Pick<SaleTerms, 'on_sale_from' | 'on_sale_until' | 'is_paused' | 'early'>;

/** What stands of a sale on the rows of its products. */
export function termsOf({ id, starts_at, ends_at, ended_at, paused_at, ...terms }: SaleRow): SaleTerms {
  const ends = [ends_at, ended_at].filter((end) => end !== null).sort();
  return {
    sale_id: id,
    on_sale_from: starts_at,
    on_sale_until: ends[0] ?? null,
    is_paused: paused_at === null ? 0 : 1,
    hold_seconds: terms.hold_seconds,
    hold_extensions: terms.hold_extensions,
    show_stock: terms.show_stock,
    sale_max_per_customer: terms.max_per_customer,
    early: terms.early,
  };
}

/** What a sale's `early` says; times are UTC as the database prints them. */
export function earlyStartsOf(early: string | null): readonly EarlyStart[] {
  return early === null ? [] : (JSON.parse(early) as EarlyStart[]);
}

/** As the API prints it. */
export function withIsoTime({ group, starts_at }: EarlyStart): EarlyStart {
  return { group, starts_at: isoTime(starts_at) };
}

/** When a sale that has not started starts for somebody of these groups: the earliest start of any of them counts. */
export function startFor({ on_sale_from, early }: SaleWindow, groups: readonly string[]): string {
  if (early === null || groups.length === 0) return on_sale_from!;
  const starts = earlyStartsOf(early).flatMap(({ group, starts_at }) => (groups.includes(group) ? starts_at : []));
  return [on_sale_from!, ...starts].sort()[0]!;
}

/**
 * The state at an instant of the database's clock, to who is of no group. The window has its start and not its end. A pause counts before the
 * start, too; what has ended is not paused any more.
 */
export function stateOf({ on_sale_from, on_sale_until, is_paused }: SaleWindow, now: string): SaleState {
  if (on_sale_until !== null && on_sale_until <= now) return 'ended';
  if (is_paused === 1) return 'paused';
  return on_sale_from !== null && now < on_sale_from ? 'scheduled' : 'open';
}
