import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../../../common/customer-id.js';
import { ValidationError } from '../../../common/problem.js';
import { DOCUMENTED_KEYWORD, type JsonSchema, NUMBER_PARAM, RULE_KEYWORD } from '../../../http/json-schema.js';
import { ADMIN_PAGE_QUERY, type PageQuery, statusQuery } from '../../../http/page.js';
import { HOLD_ID_PARAM } from '../../../holds/dto/hold.dto.js';
import { IDEMPOTENCY_KEY_PATTERN, IDEMPOTENCY_KEY_RULE } from '../../../idempotency/idempotency-key.js';
import { REFERENCE_DOCUMENTED, REFERENCE_PATTERN, REFERENCE_RULE } from '../../../orders/dto/order.dto.js';
import { SKU_PARAM } from '../../../products/dto/product.dto.js';
import { ORDER_STATUSES, type OrderStatus } from '../../../orders/orders.types.js';
import type { OrderFilter } from '../order-list.types.js';

/** Query of the list of orders. */
export const ORDER_QUERY: Readonly<Record<string, JsonSchema>> = {
  ...statusQuery(ORDER_STATUSES),
  product_id: { ...NUMBER_PARAM, description: 'Only those of this product' },
  sku: { ...SKU_PARAM, description: 'The same by its SKU' },
  sale_id: { ...NUMBER_PARAM, description: 'Only those under this sale' },
  customer_id: {
    type: 'string',
    pattern: CUSTOMER_ID.source,
    [RULE_KEYWORD]: CUSTOMER_ID_RULE,
    description: 'Only those of this customer, exactly',
  },
  reference: {
    type: 'string',
    pattern: REFERENCE_PATTERN.source,
    [RULE_KEYWORD]: REFERENCE_RULE,
    [DOCUMENTED_KEYWORD]: REFERENCE_DOCUMENTED,
    description: 'Only those with this reference, exactly',
  },
  transaction_id: {
    type: 'string',
    pattern: IDEMPOTENCY_KEY_PATTERN.source,
    [RULE_KEYWORD]: IDEMPOTENCY_KEY_RULE,
    description: 'Only those that this payment is for',
  },
  hold_id: { ...HOLD_ID_PARAM, description: 'Only the one of this hold' },
  payment_reference: {
    type: 'string',
    pattern: '^[1-9][0-9]{0,14}-[a-z2-7]{16}$',
    [RULE_KEYWORD]: 'must be the payment_reference of an order',
    description: 'Only the one with this reference',
  },
  disputed: { type: 'string', enum: ['true'], description: 'Only those of which a payment is disputed' },
  ...ADMIN_PAGE_QUERY,
};

export interface OrderQuery extends PageQuery {
  readonly status?: OrderStatus;
  readonly product_id?: string;
  readonly sku?: string;
  readonly sale_id?: string;
  readonly customer_id?: string;
  readonly reference?: string;
  readonly transaction_id?: string;
  readonly hold_id?: string;
  readonly payment_reference?: string;
  readonly disputed?: 'true';
}

export function toOrderFilter(query: OrderQuery): OrderFilter {
  const { status, product_id, sale_id, customer_id, reference, transaction_id, hold_id, payment_reference } = query;
  return {
    status: status ?? null,
    productId: product_id === undefined ? null : Number(product_id),
    saleId: sale_id === undefined ? null : Number(sale_id),
    customerId: customer_id ?? null,
    reference: reference ?? null,
    transactionId: transaction_id ?? null,
    holdId: hold_id?.toLowerCase() ?? null,
    paymentReference: payment_reference ?? null,
    isDisputed: query.disputed === 'true',
  };
}

/** A file has all orders. @throws ValidationError for a query of one of its pages. */
export function refusePages(query: OrderQuery): void {
  const errors = (['limit', 'cursor'] as const)
    .filter((field) => query[field] !== undefined)
    .map((field) => ({ field, message: 'must be left out of a query for text/csv, which gets all of it' }));
  if (errors.length === 0) return;
  const said = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new ValidationError(`The query is not valid: ${said}.`, errors);
}
