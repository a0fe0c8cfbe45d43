import type { Buyer } from '../../access/caller.js';
import type { Act } from '../../access/operator.js';
import type { DomainError } from '../../common/problem.js';
import type { KeyedRequest } from '../../idempotency/idempotency-key.js';
import type { StockLedger } from '../../products/stock-ledger.js';
import type { CustomerUnits } from '../customer-units.js';
import type { HoldRow } from '../holds.types.js';

/** A hold that is asked for. Its id is made once, so that a repeated transaction finds its own holds. */
export interface NewHold extends Pick<HoldRow, 'id' | 'product_id' | 'qty'> {
  /** The SKU by which its product was named, which is the product's still; null: it was named by its number. */
  readonly sku: string | null;
  readonly keyed: KeyedRequest | null;
  /** Who it is for; null: for nobody that is known. */
  readonly buyer: Buyer | null;
  /** What an operator who makes it says of it; null: it is a buyer's request. */
  readonly byHand: ByHand | null;
}

/** What operators may grant against. An archived product stays archived. */
export const OVERRIDES = ['window', 'limit', 'admission'] as const;
export type Override = (typeof OVERRIDES)[number];

interface ByHand {
  readonly act: Act;
  /** As the database prints it. */
  readonly expiresAt: string;
  readonly override: readonly Override[];
}

/** What the holds of a batch are decided on: read under the locks of their products, and true until COMMIT. */
export interface GrantFacts {
  /** The locked products, and what is left of each once the holds before this one are granted. */
  readonly ledger: StockLedger;
  /** The database's time once all products were locked, as it prints it. */
  readonly now: string;
  /** When a hold expires that lasts so many seconds, or as long as the environment says. */
  endAfter(seconds?: number): string;
  /** How often such holds may be extended. */
  readonly extensions: number;
  /** What the buyers of the batch have, of its products and in sales with a limit. */
  readonly customers: CustomerUnits;
  /** The sales with a limit that are locked, so that what is counted in them stays true. */
  readonly limitedSales: ReadonlySet<number>;
  /** Units of products that may come in a moment: of expired holds that somebody is deciding on. */
  readonly onTheirWay: ReadonlyMap<number, number>;
}

/** One question about a hold that is asked for. It looks at nothing but the facts. */
export interface GrantRule {
  /** Why the hold may not be; null when this rule has nothing against it. It writes nothing. */
  refuse(hold: NewHold, facts: GrantFacts): DomainError | null;
  /** Notes a hold that every rule lets pass, so that the next one of the batch sees it. It refuses nothing. */
  take?(hold: NewHold, facts: GrantFacts): void;
}
