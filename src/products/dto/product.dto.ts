import { applyDecorators } from '@nestjs/common';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  NotEquals,
  ValidateIf,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { MONEY_PATTERN, MONEY_RULE } from '../../common/money.js';
import { Described } from '../../http/described.decorator.js';
import { type JsonSchema, NUMBER_PARAM, RULE_KEYWORD, TEXT_OR_NULL } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import {
  AVAILABILITIES,
  type Availability,
  availabilityOf,
  availableOf,
  type ProductRow,
  STOCK_MAX,
} from '../products.types.js';

/** A product id in a path. */
export const PRODUCT_ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the product', examples: [1] };

/** Visible ASCII, compared exactly. */
export const SKU_PATTERN = /^[\x21-\x7e]{1,64}$/;
export const SKU_RULE = 'must be 1 to 64 visible ASCII characters without blanks';

/** A SKU in a path or a query. */
export const SKU_PARAM: JsonSchema = {
  type: 'string',
  pattern: SKU_PATTERN.source,
  [RULE_KEYWORD]: SKU_RULE,
  description: 'The SKU of the product, exactly',
};

/** A product as buyers see it. */
export class ProductDto {
  @IsInt()
  @Min(1)
  id!: number;

  @IsString()
  @MinLength(1)
  @MaxLength(255)
  name!: string;

  /** Decimal string, with the decimals of its currency. */
  @Matches(MONEY_PATTERN)
  @JSONSchema({ examples: ['99.99'] })
  price!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** The shop's own name of the product, if it gave one. */
  @Described(() => TEXT_OR_NULL)
  sku!: string | null;

  /** The sale that it is part of; null: it is sold at any time. */
  @Described(() => ({ type: ['integer', 'null'] }))
  sale_id!: number | null;

  /** Null where its sale doesn't show figures. */
  @Described(() => ({ type: ['integer', 'null'], minimum: 0 }))
  stock_total!: number | null;

  /** Units that can be held right now; null where its sale doesn't show figures. */
  @Described(() => ({ type: ['integer', 'null'], minimum: 0 }))
  available_stock!: number | null;

  /** In place of the figures. */
  @ValidateIf((dto: ProductDto) => dto.availability !== undefined)
  @IsIn(AVAILABILITIES)
  availability?: Availability;

  /** Units that one customer may have of it, held, ordered and bought together; null: as many as there are. */
  @Described(() => ({ type: ['integer', 'null'] }))
  max_per_customer!: number | null;

  /** Whether it is on sale no more. */
  @IsBoolean()
  archived!: boolean;
}

export class ProductPageDto extends pageOf(ProductDto) {}

/** A name that buyers see: blanks alone are none. */
export function IsShownName(): PropertyDecorator {
  return applyDecorators(
    IsString(),
    Matches(/\S/, { message: 'must be more than blanks' }),
    MinLength(1),
    MaxLength(255),
  );
}

const isGiven = (name: keyof ChangeProductDto) => (dto: ChangeProductDto) => dto[name] !== undefined;

/** A field that may be left out, and may be null. */
const isThere = (name: 'sku' | 'sale_id' | 'max_per_customer') => (dto: ChangeProductDto) => dto[name] != null;

@JSONSchema({ minProperties: 1, examples: [{ stock_total: 150 }] })
export class ChangeProductDto {
  @ValidateIf(isGiven('name'))
  @IsShownName()
  name?: string;

  @ValidateIf(isGiven('price'))
  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  @JSONSchema({ description: 'Decimal string', examples: ['99.99'] })
  price?: string;

  @ValidateIf(isGiven('stock_total'))
  @IsInt()
  @Min(0)
  @Max(STOCK_MAX)
  stock_total?: number;

  /** The shop's own name of the product; no two have the same. Null: none. */
  @ValidateIf(isThere('sku'))
  @Matches(SKU_PATTERN, { message: SKU_RULE })
  @JSONSchema({ type: ['string', 'null'] })
  sku?: string | null;

  /** Number of the sale that the product is part of; null: of none, and it is sold at any time. */
  @ValidateIf(isThere('sale_id'))
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  @JSONSchema({ type: ['integer', 'null'] })
  sale_id?: number | null;

  /**
   * Units that one customer may have of it, held, ordered and bought together; null: as many as there are. What buyers have
   * already stays theirs.
   */
  @ValidateIf(isThere('max_per_customer'))
  @IsInt()
  @Min(1)
  @Max(STOCK_MAX)
  @JSONSchema({ type: ['integer', 'null'] })
  max_per_customer?: number | null;

  /** True: not listed, and no hold is granted; what was held before goes on. */
  @ValidateIf(isGiven('archived'))
  @IsBoolean()
  archived?: boolean;
}

/** What may be left out of a change, but not of a product that is made. */
@JSONSchema({
  required: ['name', 'price', 'stock_total'],
  examples: [{ name: 'Sneaker', price: '99.99', stock_total: 100 }],
})
export class CreateProductDto extends ChangeProductDto {
  @ValidateIf(() => true)
  declare name: string;

  @ValidateIf(() => true)
  declare price: string;

  @ValidateIf(() => true)
  declare stock_total: number;
}

@JSONSchema({ examples: [{ units: 50 }] })
export class RestockDto {
  /** Units that come; negative: free units that are taken away. */
  @IsInt()
  @Min(-STOCK_MAX)
  @Max(STOCK_MAX)
  @NotEquals(0)
  // Ajv wants the type here, too.
  @JSONSchema({ not: { type: 'integer', enum: [0] } })
  units!: number;
}

/** What an operator sets of a product, as its columns have it. */
export function toColumns<Dto extends { archived?: boolean }>({ archived, ...columns }: Dto) {
  const is_archived: ProductRow['is_archived'] = archived ? 1 : 0;
  return { ...columns, ...(archived !== undefined && { is_archived }) };
}

export function toProductDto(row: ProductRow): ProductDto {
  return {
    id: row.id,
    name: row.name,
    price: row.price,
    currency: row.currency,
    sku: row.sku,
    sale_id: row.sale_id,
    stock_total: row.stock_total,
    available_stock: availableOf(row),
    // A row that an instance of the version before has left in the cache knows no limit.
    max_per_customer: row.max_per_customer ?? null,
    archived: row.is_archived === 1,
  };
}

/** A product as the public sees it: where its sale shows no figures, a word stands for them. */
export function toPublicProductDto(row: ProductRow): ProductDto {
  const availability = availabilityOf(availableOf(row), row.show_stock);
  const dto = toProductDto(row);
  return availability === null ? dto : { ...dto, stock_total: null, available_stock: null, availability };
}
