import { assertUnreachable } from '../../common/assert-unreachable.js';
import { groupBy } from '../../common/group-by.js';
import type { HoldRow } from '../../holds/holds.types.js';
import type { StockMove } from '../../products/products.types.js';
import type { StockLedger } from '../../products/stock-ledger.js';
import type { OrderStatus, Settlement, StockedOrderRow } from '../orders.types.js';

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

/** The locked stock of a batch of settlements that are being decided: each takes its units before the next is. */
export class SettlementStock {
  constructor(readonly ledger: StockLedger) {}

  /** Units of the order's product that nobody holds. */
  available(order: StockedOrderRow): number {
    return this.ledger.available(order.product_id)!;
  }

  take(settlement: Settlement): void {
    this.ledger.move(unitsMovedBy(settlement));
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
