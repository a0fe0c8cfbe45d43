import { IsIn, IsInt, IsString, IsUUID, Matches } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, nullable, schemaOf } from '../../http/json-schema.js';
import { isSameAmount, MONEY_PATTERN } from '../../common/money.js';
import { paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import { isoTime } from '../../database/sql.js';
import { HOLD_ID_PATTERN, HOLD_ID_RULE, HoldDto, toHoldDto } from '../../holds/dto/hold.dto.js';
import {
  type CancelReason,
  type CreatedOrder,
  type HoldWithOrder,
  ORDER_STATUSES,
  type OrderRow,
  type OrderStatus,
} from '../orders.types.js';

const CANCEL_REASONS: readonly CancelReason[] = ['payment_failed', 'payment_expired', 'buyer', 'operator'];

@JSONSchema({ examples: [{ hold_id: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11' }] })
export class CreateOrderDto {
  @Matches(HOLD_ID_PATTERN, { message: HOLD_ID_RULE })
  hold_id!: string;
}

/** An order right after it was made. */
export class OrderDto {
  /** The number that the payment provider's notices name. */
  @IsInt()
  order_id!: number;

  /** What a payment provider that others use too is to be told, as metadata of the same name. */
  @IsString()
  payment_reference!: string;

  @IsUUID()
  hold_id!: string;

  @IsInt()
  product_id!: number;

  @IsInt()
  quantity!: number;

  @Matches(MONEY_PATTERN)
  amount!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  @IsIn(ORDER_STATUSES as OrderStatus[])
  status!: OrderStatus;

  /** Null when there was nothing to pay. */
  @Described(() => nullable(DATE_TIME))
  payment_due_at!: string | null;
}

/** What a hold's buyer sees of its order. */
export class HoldOrderDto {
  @IsInt()
  order_id!: number;

  @IsString()
  payment_reference!: string;

  @IsIn(ORDER_STATUSES as OrderStatus[])
  status!: OrderStatus;

  @Described(() => ({ type: ['string', 'null'], enum: [...CANCEL_REASONS, null] }))
  cancel_reason!: CancelReason | null;

  @Matches(MONEY_PATTERN)
  amount!: string;

  /** Null when there was nothing to pay. */
  @Described(() => nullable(DATE_TIME))
  payment_due_at!: string | null;
}

export class HoldWithOrderDto extends HoldDto {
  @Described(() => nullable(schemaOf(HoldOrderDto)))
  order!: HoldOrderDto | null;
}

export function toOrderDto({ order, hold }: CreatedOrder): OrderDto {
  return {
    order_id: order.id,
    payment_reference: paymentReferenceOf(order.id, order.hold_id),
    hold_id: order.hold_id,
    product_id: hold.product_id,
    quantity: hold.qty,
    amount: order.amount,
    currency: hold.currency,
    status: order.status,
    payment_due_at: dueAtOf(order),
  };
}

export function toHoldWithOrderDto({ hold, order }: HoldWithOrder): HoldWithOrderDto {
  return { ...toHoldDto(hold), order: order === null ? null : toHoldOrderDto(order) };
}

function toHoldOrderDto(order: OrderRow): HoldOrderDto {
  return {
    order_id: order.id,
    payment_reference: paymentReferenceOf(order.id, order.hold_id),
    status: order.status,
    cancel_reason: order.cancel_reason,
    amount: order.amount,
    payment_due_at: dueAtOf(order),
  };
}

function dueAtOf({ amount, payment_due_at }: OrderRow): string | null {
  return isSameAmount(amount, '0') ? null : isoTime(payment_due_at);
}
