import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../http/described.decorator.js';
import { IDEMPOTENCY_KEY_PATTERN, IDEMPOTENCY_KEY_RULE } from '../idempotency/idempotency-key.js';

/** Senders write null for what they don't tell. */
const OR_NULL = { type: ['string', 'null'] as never };

/** A payment notice in our own form. Its key: `idempotency_key`, else `transaction_id` and `status` together. */
@JSONSchema({ examples: [{ order_id: 1, status: 'success', transaction_id: 'txn_1001' }] })
export class PaymentNoticeDto {
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  order_id!: number;

  @IsIn(['success', 'failed', 'processing'])
  status!: 'success' | 'failed' | 'processing';

  /** The provider's number of the payment. */
  @IsString()
  @Matches(IDEMPOTENCY_KEY_PATTERN, { message: IDEMPOTENCY_KEY_RULE })
  transaction_id!: string;

  @IsOptional()
  @IsString()
  @Matches(IDEMPOTENCY_KEY_PATTERN, { message: IDEMPOTENCY_KEY_RULE })
  @JSONSchema(OR_NULL)
  idempotency_key?: string | null;

  /** The order's `payment_reference`; one that is not the order's is refused. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  @JSONSchema(OR_NULL)
  payment_reference?: string | null;

  /** A decimal string, or a number; none counts as right, and one that can't be read is left to the operator. */
  @IsOptional()
  @Described(() => ({ description: 'Decimal string', examples: ['99.99'] }))
  amount?: unknown;

  /** One that can't be read is left to the operator. */
  @IsOptional()
  @Described(() => ({ description: 'ISO 4217', examples: ['EUR'] }))
  currency?: unknown;
}
