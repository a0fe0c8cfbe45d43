import { IsIn, IsInt, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { MONEY_PATTERN } from '../../common/money.js';
import type { OrderStatus } from '../../orders/orders.types.js';
import type { PaymentAnswer, PaymentEvent } from '../webhooks.types.js';

/** Visible ASCII, as the draft of the Idempotency-Key header asks for. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

const isGiven = (name: keyof PaymentNoticeDto) => (dto: PaymentNoticeDto) => dto[name] !== undefined;

/** A payment notice in our own form. Its key: the header `Idempotency-Key`, else `idempotency_key`, else `transaction_id`. */
@JSONSchema({ examples: [{ order_id: 1, status: 'success', transaction_id: 'txn_1001' }] })
export class PaymentNoticeDto {
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  order_id!: number;

  @IsIn(['success', 'failed'])
  status!: 'success' | 'failed';

  /** The provider's number of the payment. */
  @IsString()
  @Matches(IDEMPOTENCY_KEY_PATTERN)
  transaction_id!: string;

  @ValidateIf(isGiven('idempotency_key'))
  @IsString()
  @Matches(IDEMPOTENCY_KEY_PATTERN)
  idempotency_key?: string;

  @ValidateIf(isGiven('amount'))
  @Matches(MONEY_PATTERN)
  @JSONSchema({ description: 'Decimal string', examples: ['99.99'] })
  amount?: string;

  @ValidateIf(isGiven('currency'))
  @Matches(/^[A-Z]{3}$/)
  @JSONSchema({ description: 'ISO 4217', examples: ['EUR'] })
  currency?: string;
}

export class PaymentAnswerDto {
  @IsIn(['applied', 'duplicate', 'ignored'])
  result!: 'applied' | 'duplicate' | 'ignored';

  @IsInt()
  order_id!: number;

  @IsIn(['pending_payment', 'paid', 'cancelled', 'refund_due'])
  order_status!: OrderStatus;
}

export class PendingPaymentDto {
  @IsIn(['pending_order'])
  result!: 'pending_order';
}

export function toPaymentEvent(dto: PaymentNoticeDto, keyHeader: string | undefined): PaymentEvent {
  return {
    key: keyHeader ?? dto.idempotency_key ?? dto.transaction_id,
    orderId: dto.order_id,
    status: dto.status,
    transactionId: dto.transaction_id,
    amount: dto.amount ?? null,
    currency: dto.currency ?? null,
  };
}

export function toAnswerDto(answer: PaymentAnswer): PaymentAnswerDto | PendingPaymentDto {
  return answer.result === 'pending_order'
    ? { result: answer.result }
    : { result: answer.result, order_id: answer.orderId, order_status: answer.orderStatus };
}
