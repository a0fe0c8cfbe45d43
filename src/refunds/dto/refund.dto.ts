import { IsIn, IsInt, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, TEXT_OR_NULL } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { isoTime } from '../../database/sql.js';
import {
  REFUND_CAUSES,
  REFUND_STATUSES,
  type RefundCause,
  type RefundOfPayment,
  type RefundStatus,
} from '../refunds.types.js';

/** What became of money that is owed back. */
export class RefundFactsDto {
  @IsString()
  provider!: string;

  @IsString()
  transaction_id!: string;

  /** Decimal string; null: all that was paid. */
  @Described(() => TEXT_OR_NULL)
  amount!: string | null;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** The units were gone, the customer has all that the limit lets him, another payment had paid the order, units came back, an operator gave up on matching it, or somebody gave it back at the provider. */
  @IsIn(REFUND_CAUSES as RefundCause[])
  cause!: RefundCause;

  @IsIn(REFUND_STATUSES as RefundStatus[])
  status!: RefundStatus;

  /** Why it failed. */
  @Described(() => TEXT_OR_NULL)
  reason!: string | null;

  /** The provider's number of the refund; null when it was sent by other means, or not yet. */
  @Described(() => TEXT_OR_NULL)
  provider_refund_id!: string | null;
}

/** Money that is owed back. */
export class RefundDto extends RefundFactsDto {
  @IsInt()
  id!: number;

  /** Null when the payment named no order of ours. */
  @Described(() => ({ type: ['integer', 'null'] }))
  order_id!: number | null;

  /** What was paid; null when nobody has told. */
  @Described(() => TEXT_OR_NULL)
  amount_paid!: string | null;

  /** What of the payment has gone back by now, this refund included once it is confirmed. */
  @Described(() => TEXT_OR_NULL)
  amount_refunded!: string | null;

  @Described(() => DATE_TIME)
  created_at!: string;

  @Described(() => DATE_TIME)
  updated_at!: string;
}

export class RefundPageDto extends pageOf(RefundDto) {}

@JSONSchema({ examples: [{ reason: 'The account is closed' }] })
export class FailRefundDto {
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  reason!: string;
}

export function toRefundDto(refund: RefundOfPayment): RefundDto {
  return {
    id: refund.id,
    order_id: refund.orderId,
    provider: refund.provider,
    transaction_id: refund.transactionId,
    amount: refund.amount,
    currency: refund.currency,
    amount_paid: refund.amountPaid,
    amount_refunded: refund.amountRefunded,
    cause: refund.cause,
    status: refund.status,
    reason: refund.reason,
    provider_refund_id: refund.providerRefundId,
    created_at: isoTime(refund.createdAt),
    updated_at: isoTime(refund.updatedAt),
  };
}
