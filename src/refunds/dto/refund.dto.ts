import { IsIn, IsInt, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, schemaOf } from '../../http/json-schema.js';
import { isoTime } from '../../database/sql.js';
import { REFUND_STATUSES, type RefundRow, type RefundStatus } from '../refunds.types.js';

/** Money that is owed back. */
export class RefundDto {
  @IsInt()
  id!: number;

  @IsInt()
  order_id!: number;

  @IsString()
  provider!: string;

  @IsString()
  transaction_id!: string;

  /** Decimal string; null: all that was paid. */
  @Described(() => ({ type: ['string', 'null'] }))
  amount!: string | null;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  @IsIn(REFUND_STATUSES as RefundStatus[])
  status!: RefundStatus;

  /** Why it failed. */
  @Described(() => ({ type: ['string', 'null'] }))
  reason!: string | null;

  /** The provider's number of the refund; null when it was sent by other means, or not yet. */
  @Described(() => ({ type: ['string', 'null'] }))
  provider_refund_id!: string | null;

  @Described(() => DATE_TIME)
  created_at!: string;

  @Described(() => DATE_TIME)
  updated_at!: string;
}

export class RefundPageDto {
  @Described(() => ({ type: 'array', items: schemaOf(RefundDto) }))
  items!: RefundDto[];

  /** Send it as `cursor` for the next page; null on the last one. */
  @Described(() => ({ type: ['string', 'null'] }))
  next_cursor!: string | null;
}

@JSONSchema({ examples: [{ reason: 'The account is closed' }] })
export class FailRefundDto {
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  reason!: string;
}

export function toRefundDto(refund: RefundRow): RefundDto {
  return {
    id: refund.id,
    order_id: refund.orderId,
    provider: refund.provider,
    transaction_id: refund.transactionId,
    amount: refund.amount,
    currency: refund.currency,
    status: refund.status,
    reason: refund.reason,
    provider_refund_id: refund.providerRefundId,
    created_at: isoTime(refund.createdAt),
    updated_at: isoTime(refund.updatedAt),
  };
}
