import { IsIn, IsInt, IsObject, IsOptional, IsString, IsUUID, Matches, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../../http/described.decorator.js';
import {
  DATE_TIME,
  DOCUMENTED_KEYWORD,
  type JsonSchema,
  nullable,
  schemaOf,
  RULE_KEYWORD,
  TEXT_OR_NULL,
} from '../../http/json-schema.js';
import { MONEY_PATTERN, MONEY_RULE, SIGNED_MONEY_PATTERN } from '../../common/money.js';
import { paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import { isoTime } from '../../database/sql.js';
import {
  HOLD_ID_PATTERN,
  HOLD_ID_RULE,
  HoldDto,
  type ItemDto,
  itemsSchema,
  toHoldDto,
  toItemDto,
} from '../../holds/dto/hold.dto.js';
import type { PricedHoldRow } from '../../holds/holds.types.js';
import type { Caller } from '../../access/caller.js';
import type { Operator } from '../../access/operator.js';
import { IDEMPOTENCY_KEY_PATTERN, IDEMPOTENCY_KEY_RULE, type KeyedCall } from '../../idempotency/idempotency-key.js';
import { PaymentDto, PaymentWishDto, toPaymentDto, toPaymentWish } from '../../payment-sessions/dto/payment.dto.js';
import { type Adjustment, ADJUSTMENT_KINDS, type AdjustmentKind, subtotalOf } from '../adjustments.js';
import {
  type CancelReason,
  type CreatedOrder,
  type HoldWithOrder,
  ORDER_STATUSES,
  type OrderFactsRow,
  type OrderMoney,
  type OrderRow,
  type OrderStatus,
  type OrderTags,
  type ReferenceBy,
  type TaggedOrderRow,
  type WantedOrder,
  wasPaidWhenMade,
} from '../orders.types.js';

export const CANCEL_REASONS: readonly CancelReason[] = ['payment_failed', 'payment_expired', 'buyer', 'operator'];

export const REFERENCE_PATTERN = /^\P{Cc}{1,64}$/u;

/** What {@link REFERENCE_PATTERN} asks for. */
export const REFERENCE_RULE = 'must be 1 to 64 characters, none of them a control character';

/** Not all who read a document know classes of characters. */
export const REFERENCE_DOCUMENTED = { pattern: null, [RULE_KEYWORD]: null, minLength: 1, maxLength: 64 };

/** The document says of other fields already what such a pattern asks for. */
const SAID_BY_PATTERN: JsonSchema = { [DOCUMENTED_KEYWORD]: { [RULE_KEYWORD]: null } };

const METADATA: JsonSchema = {
  type: ['object', 'null'],
  maxProperties: 16,
  propertyNames: { maxLength: 40 },
  additionalProperties: { type: 'string', maxLength: 500 },
};

/** A field that may be left out, and may be null. */
const isThere =
  (name: 'reference' | 'metadata' | 'payment' | 'adjustments' | 'paid') =>
  (dto: CreateOrderDto): boolean =>
    dto[name] != null;

/** What is added to the price of the units, or taken off. */
class AdjustmentDto implements Adjustment {
  @IsIn(ADJUSTMENT_KINDS as AdjustmentKind[])
  kind!: AdjustmentKind;

  @Matches(/^\P{Cc}{1,80}$/u, { message: 'must be 1 to 80 characters, none of them a control character' })
  @JSONSchema({ [DOCUMENTED_KEYWORD]: { ...REFERENCE_DOCUMENTED, maxLength: 80 } })
  label!: string;

  @Matches(SIGNED_MONEY_PATTERN, { message: MONEY_RULE })
  @JSONSchema(SAID_BY_PATTERN)
  amount!: string;
}

const adjustmentsSchema = (): JsonSchema => ({ type: 'array', items: schemaOf(AdjustmentDto) });

/** A payment that the shop took itself. */
class PaidDto {
  @Matches(IDEMPOTENCY_KEY_PATTERN, { message: IDEMPOTENCY_KEY_RULE })
  @JSONSchema(SAID_BY_PATTERN)
  transaction_id!: string;

  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  @JSONSchema(SAID_BY_PATTERN)
  amount!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;
}

@JSONSchema({ examples: [{ hold_id: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11', reference: 'A-1001' }] })
export class CreateOrderDto {
  @Matches(HOLD_ID_PATTERN, { message: HOLD_ID_RULE })
  hold_id!: string;

  /** The shop's own number of the order; nothing here depends on it. */
  @ValidateIf(isThere('reference'))
  @Matches(REFERENCE_PATTERN, { message: REFERENCE_RULE })
  @JSONSchema({ type: ['string', 'null'], [DOCUMENTED_KEYWORD]: REFERENCE_DOCUMENTED })
  reference?: string | null;

  /** What else is to be known of the order: 16 texts at most, together at most 1,024 bytes of JSON. */
  @ValidateIf(isThere('metadata'))
  @IsObject()
  @JSONSchema(METADATA)
  metadata?: Readonly<Record<string, string>> | null;

  @ValidateIf(isThere('payment'))
  @Described(() => nullable(schemaOf(PaymentWishDto)))
  payment?: PaymentWishDto | null;

  /** What is due beside the units' price: with scope `sell` or `orders`. The sum is 0 or more. */
  @ValidateIf(isThere('adjustments'))
  @Described(() => ({ ...adjustmentsSchema(), type: ['array', 'null'], maxItems: 8 }))
  adjustments?: readonly AdjustmentDto[] | null;

  /** What the shop was paid itself: with scope `sell`. */
  @ValidateIf(isThere('paid'))
  @Described(() => nullable(schemaOf(PaidDto)))
  paid?: PaidDto | null;
}

/** What a shop knows an order by, as it was sent with it. */
class OrderTagsDto {
  @Described(() => TEXT_OR_NULL)
  reference!: string | null;

  /** Who sent the reference: what a browser sends is not to be believed. Null without one. */
  @Described(() => ({ type: ['string', 'null'], enum: ['buyer', 'shop', null] }))
  reference_by!: ReferenceBy | null;

  @Described(() => ({ type: ['object', 'null'], additionalProperties: { type: 'string' } }))
  metadata!: Readonly<Record<string, string>> | null;
}

/** What everybody who may see an order is told of it. */
class OrderCoreDto extends OrderTagsDto {
  /** The number that the payment provider's notices name. */
  @IsInt()
  order_id!: number;

  /** What a payment provider that others use too is to be told, as metadata of the same name. */
  @IsString()
  payment_reference!: string;

  /** The price of its units. */
  @Matches(MONEY_PATTERN)
  subtotal!: string;

  @Described(adjustmentsSchema)
  adjustments!: readonly AdjustmentDto[];

  /** What is due. */
  @Matches(MONEY_PATTERN)
  amount!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** All that is ordered, product by product. */
  @Described(itemsSchema)
  items!: ItemDto[];

  @IsIn(ORDER_STATUSES as OrderStatus[])
  status!: OrderStatus;

  /** Null when there was nothing to pay. */
  @Described(() => nullable(DATE_TIME))
  payment_due_at!: string | null;
}

/** An order without what its buyer pays by, which concerns him alone. */
export class OrderFactsDto extends OrderCoreDto {
  @IsUUID()
  hold_id!: string;

  @IsInt()
  product_id!: number;

  @IsInt()
  quantity!: number;
}

/** An order right after it was made. */
export class OrderDto extends OrderFactsDto {
  /** What its buyer pays by; null where the shop makes the payment by itself, or there is nothing to pay. */
  @Described(() => nullable(schemaOf(PaymentDto)))
  payment!: PaymentDto | null;
}

/** What a hold's buyer sees of its order. */
export class HoldOrderDto extends OrderCoreDto {
  @Described(() => ({ type: ['string', 'null'], enum: [...CANCEL_REASONS, null] }))
  cancel_reason!: CancelReason | null;
}

export class HoldWithOrderDto extends HoldDto {
  @Described(() => nullable(schemaOf(HoldOrderDto)))
  order!: HoldOrderDto | null;

  /** Whose it is; told to operators only. */
  @IsOptional()
  @Described(() => TEXT_OR_NULL)
  customer_id?: string | null;

  /** What its buyer pays by; null where the shop makes the payment by itself. */
  @Described(() => nullable(schemaOf(PaymentDto)))
  payment!: PaymentDto | null;
}

/** What an order's facts are told of. */
interface OrderFacts {
  readonly order: Omit<OrderFactsRow, keyof CreatedOrder['hold'] | 'sale_id' | 'customer_id'>;
  readonly hold: CreatedOrder['hold'];
}

export function toWantedOrder({ body, headers }: KeyedCall<CreateOrderDto>, caller: Caller): WantedOrder {
  const { hold_id, reference = null, metadata = null } = body;
  const payment = body.payment == null ? null : toPaymentWish(body.payment);
  const idempotencyKey = headers['idempotency-key'];
  return { holdId: hold_id.toLowerCase(), caller, reference, metadata, payment, money: toMoney(body), idempotencyKey };
}

function toMoney({ adjustments, paid }: CreateOrderDto): OrderMoney | null {
  if ((adjustments == null || adjustments.length === 0) && paid == null) return null;
  return {
    adjustments: (adjustments ?? []).map(({ kind, label, amount }) => ({ kind, label, amount })),
    paid: paid == null ? null : { transactionId: paid.transaction_id, amount: paid.amount, currency: paid.currency },
  };
}

export function toOrderDto(created: CreatedOrder): OrderDto {
  return { ...toOrderFactsDto(created), payment: created.payment && toPaymentDto(created.payment) };
}

export function toOrderFactsDto({ order, hold }: OrderFacts): OrderFactsDto {
  return {
    order_id: order.id,
    payment_reference: paymentReferenceOf(order.id, order.hold_id),
    hold_id: order.hold_id,
    product_id: hold.product_id,
    quantity: hold.qty,
    ...moneyOf(order, hold),
    status: order.status,
    payment_due_at: dueAtOf(order),
    ...tagsOf(order),
  };
}

export function toHoldWithOrderDto({ hold, order, payment }: HoldWithOrder): HoldWithOrderDto {
  return {
    ...toHoldDto(hold),
    order: order === null ? null : toHoldOrderDto(order, hold),
    payment: payment === null ? null : toPaymentDto(payment),
  };
}

/** Who may neither sell nor order has no use for what a buyer pays by. */
export function toOperatorsHoldDto(found: HoldWithOrder, { scopes }: Operator): HoldWithOrderDto {
  const { payment, ...facts } = toHoldWithOrderDto(found);
  const isToldAll = payment === null || scopes.has('sell') || scopes.has('orders');
  return {
    ...facts,
    customer_id: found.hold.customer_id,
    payment: isToldAll ? payment : { ...payment, client_secret: null, url: null },
  };
}

function toHoldOrderDto(order: TaggedOrderRow, hold: PricedHoldRow): HoldOrderDto {
  return {
    order_id: order.id,
    payment_reference: paymentReferenceOf(order.id, order.hold_id),
    status: order.status,
    cancel_reason: order.cancel_reason,
    ...moneyOf(order, hold),
    payment_due_at: dueAtOf(order),
    ...tagsOf(order),
  };
}

function moneyOf(
  { amount, currency, adjustments }: Pick<TaggedOrderRow, 'amount' | 'currency' | 'adjustments'>,
  hold: CreatedOrder['hold'],
): Pick<OrderDto, 'subtotal' | 'adjustments' | 'amount' | 'currency' | 'items'> {
  const subtotal = subtotalOf(amount, currency, adjustments);
  return { subtotal, adjustments, amount, currency, items: [toItemDto(hold, subtotal)] };
}

function tagsOf({ reference, reference_by, metadata }: OrderTags): OrderTagsDto {
  return { reference, reference_by, metadata };
}

function dueAtOf(order: Pick<OrderRow, 'amount' | 'payment_due_at' | 'created_at'>): string | null {
  return wasPaidWhenMade(order) ? null : isoTime(order.payment_due_at);
}
