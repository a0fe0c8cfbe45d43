import { IsIn, IsInt, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { MONEY_PATTERN, MONEY_RULE } from '../common/money.js';
import { IDEMPOTENCY_KEY_PATTERN, IDEMPOTENCY_KEY_RULE } from '../idempotency/idempotency-key.js';

const isGiven = (name: keyof PaymentNoticeDto) => (dto: PaymentNoticeDto) => dto[name] !== undefined;

/** A payment notice in our own form. Its key: `idempotency_key`, else `transaction_id` and `status` together. */
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
  @Matches(IDEMPOTENCY_KEY_PATTERN, { message: IDEMPOTENCY_KEY_RULE })
  transaction_id!: string;

  @ValidateIf(isGiven('idempotency_key'))
  @IsString()
  @Matches(IDEMPOTENCY_KEY_PATTERN, { message: IDEMPOTENCY_KEY_RULE })
  idempotency_key?: string;

  @ValidateIf(isGiven('amount'))
  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  @JSONSchema({ description: 'Decimal string', examples: ['99.99'] })
  amount?: string;

  @ValidateIf(isGiven('currency'))
  @Matches(/^[A-Z]{3}$/, { message: 'must be a currency of ISO 4217: three capital letters' })
  @JSONSchema({ description: 'ISO 4217', examples: ['EUR'] })
  currency?: string;
}
