import {
  IsBoolean,
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
import { type JsonSchema, NUMBER_PARAM } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { availableOf, type ProductChange, type ProductRow, STOCK_MAX } from '../products.types.js';

/** A product id in a path. */
export const PRODUCT_ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the product', examples: [1] };

/** A product as buyers see it. */
export class ProductDto {
  @IsInt()
  @Min(1)
  id!: number;

  @IsString()
  @MinLength(1)
  @MaxLength(255)
  name!: string;

  /** Decimal string with two digits. */
  @Matches(MONEY_PATTERN)
  @JSONSchema({ examples: ['99.99'] })
  price!: string;

  @IsInt()
  @Min(0)
  stock_total!: number;

  /** Units that can be held right now. */
  @IsInt()
  @Min(0)
  available_stock!: number;

  /** Whether it is on sale no more. */
  @IsBoolean()
  archived!: boolean;
}

export class ProductPageDto extends pageOf(ProductDto) {}

/** Blanks alone are no name that a buyer could see. */
const NAME_PATTERN = /\S/;
const NAME_RULE = 'must be more than blanks';

@JSONSchema({ examples: [{ name: 'Sneaker', price: '99.99', stock_total: 100 }] })
export class CreateProductDto {
  @IsString()
  @Matches(NAME_PATTERN, { message: NAME_RULE })
  @MinLength(1)
  @MaxLength(255)
  name!: string;

  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  @JSONSchema({ description: 'Decimal string', examples: ['99.99'] })
  price!: string;

  @IsInt()
  @Min(0)
  @Max(STOCK_MAX)
  stock_total!: number;
}

const isGiven = (name: keyof ChangeProductDto) => (dto: ChangeProductDto) => dto[name] !== undefined;

@JSONSchema({ minProperties: 1, examples: [{ stock_total: 150 }] })
export class ChangeProductDto {
  @ValidateIf(isGiven('name'))
  @IsString()
  @Matches(NAME_PATTERN, { message: NAME_RULE })
  @MinLength(1)
  @MaxLength(255)
  name?: string;

  @ValidateIf(isGiven('price'))
  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  price?: string;

  @ValidateIf(isGiven('stock_total'))
  @IsInt()
  @Min(0)
  @Max(STOCK_MAX)
  stock_total?: number;

  /** True: listed no more, and no hold is granted; what was held before goes on. */
  @ValidateIf(isGiven('archived'))
  @IsBoolean()
  archived?: boolean;
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

export function toProductChange({ archived, ...change }: ChangeProductDto): ProductChange {
  return { ...change, ...(archived !== undefined && { is_archived: archived ? 1 : 0 }) };
}

export function toProductDto(row: ProductRow): ProductDto {
  return {
    id: row.id,
    name: row.name,
    price: row.price,
    stock_total: row.stock_total,
    available_stock: availableOf(row),
    archived: row.is_archived === 1,
  };
}
