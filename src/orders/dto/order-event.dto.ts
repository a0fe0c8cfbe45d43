import { IsInt, IsOptional, Min } from 'class-validator';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, TEXT_OR_NULL } from '../../http/json-schema.js';
import type { CancelReason } from '../orders.types.js';
import { CANCEL_REASONS, OrderFactsDto } from './order.dto.js';

/** An order as its events show it: its facts, with what the change left. What its buyer pays by concerns him alone. */
export class OrderEventDataDto extends OrderFactsDto {
  @Described(() => ({ type: ['string', 'null'], enum: [...CANCEL_REASONS, null] }))
  cancel_reason!: CancelReason | null;

  /** What paid it. */
  @Described(() => TEXT_OR_NULL)
  transaction_id!: string | null;

  /** What is sold of it, once units came back. */
  @IsOptional()
  @IsInt()
  @Min(0)
  quantity_sold?: number;

  /** Of `payment.failed`, where the payment is made here: how many tries failed, and why the last one did. */
  @IsOptional()
  @IsInt()
  @Min(0)
  attempts?: number;

  @IsOptional()
  @Described(() => TEXT_OR_NULL)
  last_error?: string | null;

  @Described(() => ({ type: ['integer', 'null'] }))
  sale_id!: number | null;

  @Described(() => TEXT_OR_NULL)
  customer_id!: string | null;

  @Described(() => DATE_TIME)
  created_at!: string;
}
