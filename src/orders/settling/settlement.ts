import { assertUnreachable } from '../../common/assert-unreachable.js';
import { groupBy } from '../../common/group-by.js';
import type { Account, CustomerUnits, Excess, Limits } from '../../holds/customer-units.js';
import type { HoldRow } from '../../holds/holds.types.js';
import type { StockMove } from '../../products/products.types.js';
import type { StockLedger } from '../../products/stock-ledger.js';
import type { OrderStatus, ReturnedUnits, Settlement, StockedOrderRow } from '../orders.types.js';

/** What a settlement is: which way an order may go, and what that does to the stock. */

/** The only ways an order changes; everything else is refused by the guard of the UPDATE. */
export const ORDER_TRANSITIONS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending_payment: ['paid', 'cancelled'],
  // Money that arrives late takes the units again, or is owed back.
  cancelled: ['paid', 'refund_due'],
  // Money that goes back: all of it is owed, all of it is back, and a bank sends some of it back again.
  paid: ['refund_due', 'refunded'],
  refund_due: ['refunded'],
  refunded: ['refund_due'],
};

type SettledUnits = Pick<StockedOrderRow, 'product_id' | 'qty' | 'status'>;

/** What each settlement does to the counters: this is the one place that says so. */
export function unitsMovedBy({ order, to }: { order: SettledUnits; to: Settlement['to'] }): StockMove {
  const { product_id: productId, qty } = order;
  switch (to) {
    case 'paid':
      // Units of a cancelled order went back when it was cancelled; late money takes them from what is available.
      return { productId, held: order.status === 'pending_payment' ? -qty : 0, sold: qty };
    case 'cancelled':
      return { productId, held: -qty, sold: 0 };
    case 'refund_due':
    case 'refunded':
      // Money that goes back moves no units: what was sold stays sold until it is returned.
      return { productId, held: 0, sold: 0 };
    default:
      return assertUnreachable(to);
  }
}

/** The units of an order that costs nothing: paid as it is made. */
export function unitsSoldOutright({ product_id, qty }: HoldRow): StockMove {
  return unitsMovedBy({ order: { product_id, qty, status: 'pending_payment' }, to: 'paid' });
}

/** What a return does to the counters; units that are not restocked go out of the total. */
export function unitsReturnedBy({ order, quantity, isRestocked }: ReturnedUnits): StockMove {
  return { productId: order.product_id, held: 0, sold: -quantity, total: isRestocked ? 0 : -quantity };
}

/** Whether money comes for an order whose units are gone: it takes them again. */
export function isPaidLate({ order, to }: Settlement): boolean {
  return to === 'paid' && order.status === 'cancelled';
}

/** The locked stock of a batch of settlements that are being decided: each takes its units before the next is. */
export class SettlementStock {
  /**
   * @param customers what the customers of late orders have of products, and in sales.
   * @param accounts by what the limits count of each late order that has a customer, by its hold.
   * @param saleLimits what one customer may have in each locked sale.
   */
  constructor(
    readonly ledger: StockLedger,
    private readonly customers: CustomerUnits,
    private readonly accounts: ReadonlyMap<string, Account>,
    private readonly saleLimits: ReadonlyMap<number, number | null>,
  ) {}

  /** Units of the order's product that nobody holds. */
  available(order: StockedOrderRow): number {
    return this.ledger.available(order.product_id)!;
  }

  /** Whether the customer may have the units of a cancelled order again; of who has no name nobody knows what he has. */
  isWithinLimit(order: StockedOrderRow): boolean {
    return this.excessOf(order) === null;
  }

  /** Whether only holds refuse it that have expired, and that somebody is deciding on. */
  isLimitInDoubt(order: StockedOrderRow): boolean {
    return this.excessOf(order)?.isInDoubt ?? false;
  }

  /** The limits of a late order: of its product as it is, and of the sale under which its hold was made. */
  limitsOf({ product_id, sale_id }: Account): Limits {
    return {
      product: this.ledger.product(product_id)!.max_per_customer,
      sale: sale_id === null ? null : (this.saleLimits.get(sale_id) ?? null),
    };
  }

  take(settlement: Settlement): void {
    const { order, to } = settlement;
    this.ledger.move(unitsMovedBy(settlement));
    const account = this.accounts.get(order.hold_id);
    if (account === undefined) return;
    if (isPaidLate(settlement)) this.customers.move(account, order.qty);
    if (to === 'cancelled') this.customers.move(account, -order.qty);
  }

  private excessOf(order: StockedOrderRow): Excess | null {
    const account = this.accounts.get(order.hold_id);
    return account === undefined ? null : this.customers.excess(account, order.qty, this.limitsOf(account));
  }
}

const STAGES: readonly OrderStatus[] = ['pending_payment', 'cancelled', 'paid', 'refund_due', 'refunded'];

/**
 * Settlements by what is written together: of orders that are in one state and go to the same. A batch may take an order
 * through several states, always onwards in {@link STAGES}: it cancels one, settles it late, and hears that the money went
 * back.
 */
export function inStages(settlements: readonly Settlement[]): Settlement[][] {
  const groups = groupBy(settlements, (settlement) => {
    const reason = settlement.to === 'cancelled' ? settlement.reason : '';
    return `${settlement.order.status} ${settlement.to} ${reason}`;
  });
  return [...groups.values()].sort(([a], [b]) => STAGES.indexOf(a!.order.status) - STAGES.indexOf(b!.order.status));
}
