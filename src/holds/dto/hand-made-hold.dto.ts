import { ArrayUnique, IsArray, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../../common/customer-id.js';
import { TIME_PATTERN, TIME_RULE } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DOCUMENTED_KEYWORD, TEXT_OR_NULL } from '../../http/json-schema.js';
import { type Override, OVERRIDES } from '../granting/grant-facts.js';
import type { WantedByHand } from '../granting/hand-made-holds.js';
import type { PricedHoldRow } from '../holds.types.js';
import { HoldDto, NAMES_A_PRODUCT, ProductNames, toHoldDto } from './hold.dto.js';

/** HOLD_QUANTITY_MAX is for buyers. */
const QUANTITY_MAX = 10_000;

@JSONSchema({
  ...NAMES_A_PRODUCT,
  [DOCUMENTED_KEYWORD]: { anyOf: null },
  examples: [{ product_id: 1, quantity: 2, customer_id: 'c_42', expires_at: '2026-11-28T12:00:00.000Z' }],
})
export class CreateHandMadeHoldDto extends ProductNames {
  @IsInt()
  @Min(1)
  @Max(QUANTITY_MAX)
  quantity!: number;

  /** Whose it will be; without it, of whoever knows its id. */
  @IsOptional()
  @Matches(CUSTOMER_ID, { message: CUSTOMER_ID_RULE })
  customer_id?: string;

  /** When it ends, at most 7 days from now. It gets no more time. */
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  expires_at!: string;

  /** What is not asked: the window of its sale, the limit of its customer, whether it is his turn. */
  @IsOptional()
  @IsArray()
  @IsIn(OVERRIDES, { each: true })
  @ArrayUnique()
  override?: Override[];
}

/** A hold as operators see it. */
export class HandMadeHoldDto extends HoldDto {
  @Described(() => TEXT_OR_NULL)
  customer_id!: string | null;
}

export function toWantedByHand(dto: CreateHandMadeHoldDto): WantedByHand {
  const { product_id = null, sku = null, quantity, customer_id = null, expires_at: expiresAt, override = [] } = dto;
  return { productId: product_id, sku, quantity, customerId: customer_id, expiresAt, override };
}

export function toHandMadeHoldDto(hold: PricedHoldRow): HandMadeHoldDto {
  return { ...toHoldDto(hold), customer_id: hold.customer_id };
}
