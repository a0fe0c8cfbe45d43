import { IsIn, IsInt, IsString, Matches, MaxLength, Min, MinLength, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isoTime, TIME_PATTERN, TIME_RULE } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, type JsonSchema, NUMBER_PARAM, nullable, schemaOf } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { NAME_PATTERN, NAME_RULE, ProductDto, toProductDto } from '../../products/dto/product.dto.js';
import { type SaleState, type SaleWithProducts, stateOf, termsOf } from '../sales.types.js';

/** A sale's number in a path. */
export const SALE_ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the sale', examples: [1] };

export class SaleDto {
  @IsInt()
  @Min(1)
  id!: number;

  @IsString()
  name!: string;

  /** At `server_time`. */
  @IsIn(['scheduled', 'open', 'paused', 'ended'])
  state!: SaleState;

  /** From here on its products can be held. */
  @Described(() => DATE_TIME)
  starts_at!: string;

  /** From here on they can't any more; null: until an operator ends it. */
  @Described(() => nullable(DATE_TIME))
  ends_at!: string | null;

  /** When an operator ended it. */
  @Described(() => nullable(DATE_TIME))
  ended_at!: string | null;

  /** Since when it is paused. */
  @Described(() => nullable(DATE_TIME))
  paused_at!: string | null;

  /** The clock by which a sale starts and ends, when this was read. */
  @Described(() => DATE_TIME)
  server_time!: string;

  @Described(() => ({ type: 'array', items: schemaOf(ProductDto) }))
  products!: ProductDto[];
}

export class SalePageDto extends pageOf(SaleDto) {}

@JSONSchema({ examples: [{ name: 'Black Friday', starts_at: '2026-11-27T12:00:00.000Z' }] })
export class CreateSaleDto {
  @IsString()
  @Matches(NAME_PATTERN, { message: NAME_RULE })
  @MinLength(1)
  @MaxLength(255)
  name!: string;

  /** Left out: now. At most 366 days away. */
  @ValidateIf((dto: CreateSaleDto) => dto.starts_at !== undefined)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  starts_at?: string;

  /** Left out or null: it goes on until it is ended. At most 366 days after the start. */
  @ValidateIf((dto: CreateSaleDto) => dto.ends_at != null)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  @JSONSchema({ type: ['string', 'null'] })
  ends_at?: string | null;
}

@JSONSchema({ minProperties: 1, examples: [{ ends_at: '2026-11-28T12:00:00.000Z' }] })
export class ChangeSaleDto {
  @ValidateIf((dto: ChangeSaleDto) => dto.name !== undefined)
  @IsString()
  @Matches(NAME_PATTERN, { message: NAME_RULE })
  @MinLength(1)
  @MaxLength(255)
  name?: string;

  /** Only while the start has not passed. */
  @ValidateIf((dto: ChangeSaleDto) => dto.starts_at !== undefined)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  starts_at?: string;

  /** Null: it goes on until it is ended. */
  @ValidateIf((dto: ChangeSaleDto) => dto.ends_at != null)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  @JSONSchema({ type: ['string', 'null'] })
  ends_at?: string | null;
}

export function toSaleDto({ sale, products }: SaleWithProducts): SaleDto {
  return {
    id: sale.id,
    name: sale.name,
    state: stateOf(termsOf(sale), sale.server_time),
    starts_at: isoTime(sale.starts_at),
    ends_at: isoOrNull(sale.ends_at),
    ended_at: isoOrNull(sale.ended_at),
    paused_at: isoOrNull(sale.paused_at),
    server_time: isoTime(sale.server_time),
    products: products.map(toProductDto),
  };
}

/** What the public sees: archived products are on sale no more. */
export function toPublicSaleDto({ sale, products }: SaleWithProducts): SaleDto {
  return toSaleDto({ sale, products: products.filter((row) => row.is_archived === 0) });
}

function isoOrNull(timestamp: string | null): string | null {
  return timestamp === null ? null : isoTime(timestamp);
}
