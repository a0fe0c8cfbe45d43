import type { Caller } from '../../access/caller.js';
import type { DomainError } from '../../common/problem.js';
import type { LockedHoldRow } from '../../holds/holds.types.js';
import type { KeyedRequest } from '../../idempotency/idempotency-key.js';
import type { PaymentWish } from '../../payment-sessions/payment-sessions.types.js';
import type { OrderMoney, OrderRow, OrderTags } from '../orders.types.js';

/** A request for the order of a hold. */
export interface OrderRequest {
  readonly holdId: string;
  readonly caller: Caller;
  /** How its buyer wants to pay; null: the shop sees to it. */
  readonly payment: PaymentWish | null;
  /** What a trusted caller says of its money; null: the price of its units is due. */
  readonly money: OrderMoney | null;
  readonly keyed: KeyedRequest | null;
  readonly tags: OrderTags;
}

/** What the orders of a batch are decided on: read under the locks of their holds, and true until COMMIT. */
export interface OrderFacts {
  /** The locked holds, with their prices, by their ids. */
  readonly holds: ReadonlyMap<string, LockedHoldRow>;
  /** Holds of which requests of this batch make an order. */
  readonly taken: Set<string>;
  /** Transactions that are known as payments, or pay an order of this batch. */
  readonly usedPayments: Set<string>;
}

/** Why a request gets no order; one that names the order of the hold is made once that is read, with COMMIT. */
export type OrderRefusal = DomainError | ((order: OrderRow) => DomainError);

/** One question about an order that is asked for. It looks at nothing but the facts. */
export interface OrderRule {
  /** Why the order may not be; null when this rule has nothing against it. It writes nothing. */
  refuse(request: OrderRequest, facts: OrderFacts): OrderRefusal | null;
  /** Notes an order that every rule lets pass, so that the next request of the batch sees it. It refuses nothing. */
  take?(request: OrderRequest, facts: OrderFacts): void;
}
