import { IsArray, IsIn, IsInt, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isoTime, isoTimeOrNull, TIME_PATTERN, TIME_RULE } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, type JsonSchema, NUMBER_PARAM, nullable, RULE_KEYWORD, schemaOf } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { IsShownName, ProductDto, toProductDto, toPublicProductDto } from '../../products/dto/product.dto.js';
import { SHOWN_STOCKS, type ShownStock, STOCK_MAX } from '../../products/products.types.js';
import {
  type EarlyStart,
  type SaleState,
  type SaleWithProducts,
  stateOf,
  type Terms,
  TERMS,
  termsOf,
  withIsoTime,
} from '../sales.types.js';

/** A sale's number in a path. */
export const SALE_ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the sale', examples: [1] };

/** A group of buyers, and when it may begin. */
const EARLY_START: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['group', 'starts_at'],
  properties: {
    group: {
      type: 'string',
      pattern: '^[\\x21-\\x7e]{1,64}$',
      [RULE_KEYWORD]: 'must be 1 to 64 visible ASCII characters',
    },
    starts_at: { type: 'string', pattern: TIME_PATTERN.source, [RULE_KEYWORD]: TIME_RULE },
  },
};

/** Terms as they count: the environment's where the sale has none of its own. */
export class SaleTermsDto {
  /** How long a hold lasts. */
  @IsInt()
  hold_seconds!: number;

  /** How long after it was made an order is due for payment. */
  @IsInt()
  payment_seconds!: number;

  /** How often a hold may be extended. */
  @IsInt()
  hold_extensions!: number;

  /** How long a payment that takes days keeps its units, once it is under way; 0: not at all. */
  @IsInt()
  processing_seconds!: number;

  /** Units that one customer may have over all its products: held, ordered and bought together; null: no limit. */
  @Described(() => ({ type: ['integer', 'null'] }))
  max_per_customer!: number | null;

  /** Groups of buyers that may begin earlier, by the `groups` of their tokens. */
  @Described(() => ({ type: 'array', items: EARLY_START }))
  early!: EarlyStart[];

  /** What the public sees of its stock. */
  @IsIn(SHOWN_STOCKS)
  show_stock!: ShownStock;
}

/** A sale as its events show it. */
export class SaleFieldsDto {
  @IsInt()
  @Min(1)
  id!: number;

  @IsString()
  name!: string;

  /** When it was read, or when the event happened. */
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

  @Described(() => schemaOf(SaleTermsDto))
  terms!: SaleTermsDto;
}

export class SaleDto extends SaleFieldsDto {
  /** The clock by which a sale starts and ends, when this was read. */
  @Described(() => DATE_TIME)
  server_time!: string;

  @Described(() => ({ type: 'array', items: schemaOf(ProductDto) }))
  products!: ProductDto[];
}

export class SalePageDto extends pageOf(SaleDto) {}

/** A sale as operators see it. */
export class AdminSaleDto extends SaleDto {
  /** Names of the terms that are its own. */
  @Described(() => ({ type: 'array', items: { type: 'string', enum: [...TERMS] } }))
  terms_set!: string[];
}

export class AdminSalePageDto extends pageOf(AdminSaleDto) {}

const isThere = (term: keyof Terms) => (dto: TermsDto) => dto[term] != null;

/** The terms that a sale can have of its own; null is what the environment says. */
class TermsDto {
  /** How long a hold lasts, of those that are made from now on. */
  @ValidateIf(isThere('hold_seconds'))
  @IsInt()
  @Min(1)
  @Max(86_400)
  @JSONSchema({ type: ['integer', 'null'] })
  hold_seconds?: number | null;

  /** How long after it was made an order is due for payment. */
  @ValidateIf(isThere('payment_seconds'))
  @IsInt()
  @Min(1)
  @Max(2_592_000)
  @JSONSchema({ type: ['integer', 'null'] })
  payment_seconds?: number | null;

  /** How often a hold may be extended. */
  @ValidateIf(isThere('hold_extensions'))
  @IsInt()
  @Min(0)
  @Max(10)
  @JSONSchema({ type: ['integer', 'null'] })
  hold_extensions?: number | null;

  /** How long a payment that takes days keeps its order, once it is under way. */
  @ValidateIf(isThere('processing_seconds'))
  @IsInt()
  @Min(0)
  @Max(2_592_000)
  @JSONSchema({ type: ['integer', 'null'] })
  processing_seconds?: number | null;

  /** What the public sees of the stock: its figures (`exact`), whether few units are left, or whether any are. */
  @ValidateIf(isThere('show_stock'))
  @IsIn(SHOWN_STOCKS)
  @JSONSchema({ type: ['string', 'null'], enum: [...SHOWN_STOCKS, null] })
  show_stock?: ShownStock | null;

  /**
   * Units that one customer may have over all products of the sale: held under it, ordered and bought together; null: as
   * many as there are. What buyers have already stays theirs.
   */
  @ValidateIf(isThere('max_per_customer'))
  @IsInt()
  @Min(1)
  @Max(STOCK_MAX)
  @JSONSchema({ type: ['integer', 'null'] })
  max_per_customer?: number | null;

  /**
   * Groups of buyers that may begin earlier, each before the sale does: by the `groups` of their tokens, of which the
   * earliest counts.
   */
  @ValidateIf(isThere('early'))
  @IsArray()
  @JSONSchema({ type: ['array', 'null'], maxItems: 4, items: EARLY_START })
  early?: readonly EarlyStart[] | null;
}

@JSONSchema({ minProperties: 1, examples: [{ ends_at: '2026-11-28T12:00:00.000Z' }] })
export class ChangeSaleDto extends TermsDto {
  @ValidateIf((dto: ChangeSaleDto) => dto.name !== undefined)
  @IsShownName()
  name?: string;

  /** Of a new sale left out: now. At most 366 days away; it can be changed while it has not passed. */
  @ValidateIf((dto: ChangeSaleDto) => dto.starts_at !== undefined)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  starts_at?: string;

  /** Null, or of a new sale left out: it goes on until it is ended. At most 366 days after the start. */
  @ValidateIf((dto: ChangeSaleDto) => dto.ends_at != null)
  @Matches(TIME_PATTERN, { message: TIME_RULE })
  @JSONSchema({ type: ['string', 'null'] })
  ends_at?: string | null;
}

/** A new sale needs a name. */
@JSONSchema({ required: ['name'], examples: [{ name: 'Black Friday', starts_at: '2026-11-27T12:00:00.000Z' }] })
export class CreateSaleDto extends ChangeSaleDto {
  @ValidateIf(() => true)
  declare name: string;
}

/** A sale without what depends on who reads it. */
export function saleFieldsDto({ sale, terms }: Pick<SaleWithProducts, 'sale' | 'terms'>) {
  return {
    id: sale.id,
    name: sale.name,
    state: stateOf(termsOf(sale), sale.server_time),
    starts_at: isoTime(sale.starts_at),
    ends_at: isoTimeOrNull(sale.ends_at),
    ended_at: isoTimeOrNull(sale.ended_at),
    paused_at: isoTimeOrNull(sale.paused_at),
    terms: { ...terms, early: terms.early.map(withIsoTime) },
  };
}

/** With the products that are to be shown. */
export function toSaleDto(found: SaleWithProducts, products: ProductDto[]): SaleDto {
  const { terms, ...fields } = saleFieldsDto(found);
  return { ...fields, server_time: isoTime(found.sale.server_time), terms, products };
}

/** All of it, with the figures of its stock. */
export function toAdminSaleDto(found: SaleWithProducts): AdminSaleDto {
  const terms_set = TERMS.filter((term) => found.sale[term] !== null);
  return { ...toSaleDto(found, found.products.map(toProductDto)), terms_set };
}

/** What the public sees: archived products are on sale no more. */
export function toPublicSaleDto(found: SaleWithProducts): SaleDto {
  return toSaleDto(found, found.products.filter((row) => row.is_archived === 0).map(toPublicProductDto));
}
