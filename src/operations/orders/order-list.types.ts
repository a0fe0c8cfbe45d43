import type { OrderStatus, TaggedOrderRow } from '../../orders/orders.types.js';
import type { DisputeStatus } from '../../payment-providers/payment-provider.js';
import type { RefundOfPayment } from '../../refunds/refunds.types.js';
import type { WebhookLogRow } from '../../webhooks/webhooks.types.js';

/** Which orders are wanted; null: whatever it is. */
export interface OrderFilter {
  readonly status: OrderStatus | null;
  readonly productId: number | null;
  /** The sale under which its hold was made. */
  readonly saleId: number | null;
  readonly customerId: string | null;
  readonly reference: string | null;
  readonly transactionId: string | null;
  readonly holdId: string | null;
  readonly paymentReference: string | null;
  /** Whether a payment of it is disputed; false: whether or not. */
  readonly isDisputed: boolean;
}

/** What paid an order. Sums are decimal strings, null where nobody has told. */
export interface OrderPayment {
  readonly provider: string;
  readonly transactionId: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly amountRefunded: string;
  /** When it was first told that its buyer disputes it, as the database prints it. */
  readonly disputedAt: string | null;
  /** How that stands; null where nobody has told. */
  readonly disputeStatus: DisputeStatus | null;
  /** In the provider's word; null where nobody has told. */
  readonly disputeReason: string | null;
}

/** An order with all that stands elsewhere about it: its hold, its product, its payment. */
export interface OrderView extends Omit<TaggedOrderRow, 'payment_provider' | 'version'> {
  readonly sale_id: number | null;
  readonly updated_at: string;
  readonly quantity_sold: number;
  readonly product_id: number;
  readonly product_name: string;
  readonly sku: string | null;
  readonly qty: number;
  readonly unit_price: string;
  readonly customer_id: string | null;
  /** Null while nothing has paid it. */
  readonly payment: OrderPayment | null;
}

export interface OrderDetail {
  readonly order: OrderView;
  /** What payment providers told of it, and what is owed back of it, oldest first. */
  readonly events: readonly WebhookLogRow[];
  readonly refunds: readonly RefundOfPayment[];
}
