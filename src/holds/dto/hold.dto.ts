import { IsIn, IsInt, IsUUID, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { Caller } from '../../access/caller.js';
import { AMOUNT_MAX, MONEY_PATTERN } from '../../common/money.js';
import { Described } from '../../http/described.decorator.js';
import {
  DATE_TIME,
  DOCUMENTED_KEYWORD,
  type JsonSchema,
  RULE_KEYWORD,
  schemaOf,
  TEXT_OR_NULL,
} from '../../http/json-schema.js';
import { SameAs } from '../../http/same-as.decorator.js';
import type { KeyedCall } from '../../idempotency/idempotency-key.js';
import { isoTime } from '../../database/sql.js';
import { SKU_PATTERN, SKU_RULE } from '../../products/dto/product.dto.js';
import type { Extension } from '../extending/extension-rules.js';
import { type HoldRequest, type HoldStatus, type PricedHoldRow, statusOf } from '../holds.types.js';

/** Ids are JSON numbers, exact up to 2^53. */
const ID_MAX = Number.MAX_SAFE_INTEGER;
const QUANTITY_MAX = 4_294_967_295;

/** A UUID in either case; the database compares lower case. */
export const HOLD_ID_PATTERN = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** What {@link HOLD_ID_PATTERN} asks for. */
export const HOLD_ID_RULE = 'must be the id of a hold: a UUID';

export const HOLD_ID_PARAM: JsonSchema = {
  type: 'string',
  pattern: HOLD_ID_PATTERN.source,
  [RULE_KEYWORD]: HOLD_ID_RULE,
  description: 'UUIDv7 of the hold; who knows it may read, order and give back',
  examples: ['019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11'],
};

/** A product is named by its number or by its SKU; where by both, they are those of one product. */
export const NAMES_A_PRODUCT = { anyOf: [{ required: ['product_id'] }, { required: ['sku'] }] };

/** The fields of which {@link NAMES_A_PRODUCT} asks for one. */
export class ProductNames {
  @ValidateIf((dto: ProductNames) => dto.product_id !== undefined || dto.sku === undefined)
  @IsInt()
  @Min(1)
  @Max(ID_MAX)
  product_id?: number;

  /** In place of its number; with it, of the same product. */
  @ValidateIf((dto: ProductNames) => dto.sku !== undefined)
  @Matches(SKU_PATTERN, { message: SKU_RULE })
  sku?: string;
}

/** `quantity` and `qty` are two names of one field; one of them is needed. */
@JSONSchema({
  allOf: [NAMES_A_PRODUCT, { anyOf: [{ required: ['quantity'] }, { required: ['qty'] }] }],
  // Generated clients make nothing of `anyOf`: they would take a hold without a quantity for a right one.
  [DOCUMENTED_KEYWORD]: { allOf: null, required: ['quantity'] },
  examples: [{ product_id: 1, quantity: 1 }],
})
export class CreateHoldDto extends ProductNames {
  @ValidateIf((dto: CreateHoldDto) => dto.quantity !== undefined || dto.qty === undefined)
  @IsInt()
  @Min(1)
  @Max(QUANTITY_MAX)
  @SameAs('qty')
  @JSONSchema({ description: 'Units to reserve, at most HOLD_QUANTITY_MAX; `qty` alone is taken, too' })
  quantity?: number;

  @ValidateIf((dto: CreateHoldDto) => dto.qty !== undefined)
  @IsInt()
  @Min(1)
  @Max(QUANTITY_MAX)
  @JSONSchema({ description: 'Another name for `quantity`', deprecated: true })
  qty?: number;
}

/** What is held or ordered of one product. */
export class ItemDto {
  @IsInt()
  product_id!: number;

  @Described(() => TEXT_OR_NULL)
  sku!: string | null;

  @IsInt()
  quantity!: number;

  @Matches(MONEY_PATTERN)
  unit_price!: string;

  @Matches(MONEY_PATTERN)
  amount!: string;
}

/** Schema of what is held or ordered: one product today, and several once holds of several are made. */
export const itemsSchema = (): JsonSchema => ({ type: 'array', items: schemaOf(ItemDto) });

/** A hold right after it was made. */
export class HoldDto {
  @IsUUID()
  hold_id!: string;

  @IsInt()
  product_id!: number;

  /** The product's, if it has one. */
  @Described(() => TEXT_OR_NULL)
  sku!: string | null;

  @IsInt()
  quantity!: number;

  /** The price of a unit, fixed when the hold was made. */
  @Matches(MONEY_PATTERN)
  unit_price!: string;

  /** What an order of it costs. */
  @Matches(MONEY_PATTERN)
  amount!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** All that is held, product by product. */
  @Described(itemsSchema)
  items!: ItemDto[];

  /** The sale under which it was made. */
  @Described(() => ({ type: ['integer', 'null'] }))
  sale_id!: number | null;

  @Described(() => DATE_TIME)
  expires_at!: string;

  /** How often more time can be had for it. */
  @IsInt()
  @Min(0)
  extensions_left!: number;

  @IsIn(['active', 'used', 'released'])
  status!: HoldStatus;
}

/** What a hold has once it was extended. */
export class ExtensionDto {
  @Described(() => DATE_TIME)
  expires_at!: string;

  @IsInt()
  @Min(0)
  extensions_left!: number;
}

export function toExtensionDto({ expires_at, extensions_left }: Extension): ExtensionDto {
  return { expires_at: isoTime(expires_at), extensions_left };
}

export function toHoldRequest({ body: dto, headers }: KeyedCall<CreateHoldDto>, caller: Caller): HoldRequest {
  const idempotencyKey = headers['idempotency-key'];
  const { product_id: productId = null, sku = null } = dto;
  return { productId, sku, quantity: (dto.quantity ?? dto.qty)!, caller, idempotencyKey };
}

export function toItemDto(
  { product_id, sku, qty: quantity, unit_price }: Pick<PricedHoldRow, 'product_id' | 'sku' | 'qty' | 'unit_price'>,
  amount: string,
): ItemDto {
  return { product_id, sku, quantity, unit_price, amount };
}

export function toHoldDto(hold: PricedHoldRow): HoldDto {
  const amount = hold.amount ?? AMOUNT_MAX;
  return {
    hold_id: hold.id,
    product_id: hold.product_id,
    sku: hold.sku,
    quantity: hold.qty,
    unit_price: hold.unit_price,
    amount,
    currency: hold.currency,
    items: [toItemDto(hold, amount)],
    sale_id: hold.sale_id,
    expires_at: isoTime(hold.expires_at),
    extensions_left: statusOf(hold) === 'active' ? hold.extensions_left : 0,
    status: statusOf(hold),
  };
}
