import type { ItemDto } from '../../holds/dto/hold.dto.js';
import type { AdminOrderDto } from './dto/admin-order.dto.js';

/** Orders as comma-separated values (RFC 4180): a line for each item, with what is said of its order. */

type Figure = string | number | null;
type Row = AdminOrderDto & { readonly item: ItemDto };

/** What we print ourselves: figures, times, ids, and words that are ours. */
const OURS: Readonly<Record<string, (row: Row) => Figure>> = {
  order_id: ({ order_id }) => order_id,
  payment_reference: ({ payment_reference }) => payment_reference,
  created_at: ({ created_at }) => created_at,
  updated_at: ({ updated_at }) => updated_at,
  status: ({ status }) => status,
  cancel_reason: ({ cancel_reason }) => cancel_reason,
  hold_id: ({ hold_id }) => hold_id,
  sale_id: ({ sale_id }) => sale_id,
  amount: ({ amount }) => amount,
  currency: ({ currency }) => currency,
  payment_due_at: ({ payment_due_at }) => payment_due_at,
  quantity_sold: ({ quantity_sold }) => quantity_sold,
  provider: ({ payment }) => payment && payment.provider,
  amount_paid: ({ payment }) => payment && payment.amount,
  amount_refunded: ({ payment }) => payment && payment.amount_refunded,
  reference_by: ({ reference_by }) => reference_by,
  item_product_id: ({ item }) => item.product_id,
  item_quantity: ({ item }) => item.quantity,
  item_unit_price: ({ item }) => item.unit_price,
  item_amount: ({ item }) => item.amount,
};

/** Texts that came from outside. */
const THEIRS: Readonly<Record<string, (row: Row) => string | null>> = {
  transaction_id: ({ payment }) => payment && payment.transaction_id,
  customer_id: ({ customer_id }) => customer_id,
  reference: ({ reference }) => reference,
  metadata: ({ metadata }) => metadata && JSON.stringify(metadata),
  product_name: ({ product_name }) => product_name,
  item_sku: ({ item }) => item.sku,
  // The file was read before there were any: what is new stands behind.
  subtotal: ({ subtotal }) => subtotal,
  adjustments: ({ adjustments }) => (adjustments.length === 0 ? null : JSON.stringify(adjustments)),
  disputed_at: ({ payment }) => payment && payment.disputed_at,
  dispute_status: ({ payment }) => payment && payment.dispute_status,
};

const LINE_END = '\r\n';

/** The lines of all orders, some at a time, below one that names the columns. */
export async function* csvOf(parts: AsyncIterable<readonly AdminOrderDto[]>): AsyncGenerator<string, void> {
  yield [...Object.keys(OURS), ...Object.keys(THEIRS)].join(',') + LINE_END;
  for await (const orders of parts) yield orders.flatMap(linesOf).join('');
}

function linesOf(order: AdminOrderDto): string[] {
  return order.items.map((item) => {
    const row = { ...order, item };
    const ours = Object.values(OURS).map((column) => column(row));
    const theirs = Object.values(THEIRS).map((column) => defused(column(row)));
    return [...ours, ...theirs].map(quoted).join(',') + LINE_END;
  });
}

/** A spreadsheet takes a text that begins so for a formula, and would run it. Figures stay what they are: -5.00 is one. */
function defused(text: string | null): string | null {
  return text !== null && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(cell: Figure): string {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
