import { IsIn, IsInt, IsNumber, IsString, Max, Min } from 'class-validator';
import { Described } from '../../../http/described.decorator.js';
import { nullable, schemaOf } from '../../../http/json-schema.js';
import { RUSH_BUYERS_MAX, type RushOutcome } from '../rush.js';
import type { Rush } from '../rushes.js';

export class BeginRushDto {
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  product_id!: number;

  /** Each wants one unit. */
  @IsInt()
  @Min(1)
  @Max(RUSH_BUYERS_MAX)
  buyers!: number;
}

/** Units. */
class RushStockDto {
  @IsInt()
  available!: number;

  @IsInt()
  held!: number;

  @IsInt()
  sold!: number;
}

class RushOutcomeDto {
  /** Units that could be had as it began. */
  @IsInt()
  units!: number;

  /** Of the database: units that orders count as sold since. */
  @IsInt()
  sold!: number;

  /** Of the database: held and sold units that there are not. */
  @IsInt()
  oversold!: number;

  /** Buyers who have none, by error code. */
  @Described(() => ({ type: 'object', additionalProperties: { type: 'integer' } }))
  reasons!: Readonly<Record<string, number>>;

  @IsNumber()
  seconds!: number;

  /** Half of the buyers knew within so many milliseconds. */
  @IsInt()
  p50_ms!: number;

  /** 99 of 100 did. */
  @IsInt()
  p99_ms!: number;
}

class OneRushDto {
  @IsString()
  id!: string;

  @IsIn(['running', 'done', 'failed'])
  state!: Rush['state'];

  @IsInt()
  product_id!: number;

  @IsString()
  product_name!: string;

  @IsInt()
  buyers!: number;

  /** Buyers who have paid by now; who were told no; who were told neither. */
  @IsInt()
  paid!: number;

  @IsInt()
  refused!: number;

  @IsInt()
  failed!: number;

  @Described(() => schemaOf(RushStockDto))
  stock!: RushStockDto;

  @Described(() => nullable(schemaOf(RushOutcomeDto)))
  outcome!: RushOutcomeDto | null;
}

export class RushDto {
  /** The one that runs, or the last of this hour. */
  @Described(() => nullable(schemaOf(OneRushDto)))
  rush!: OneRushDto | null;
}

export function toRushDto(rush: Rush | null): RushDto {
  if (rush === null) return { rush };
  const { productId, productName, outcome, ...rest } = rush;
  return {
    rush: { ...rest, product_id: productId, product_name: productName, outcome: outcome && toOutcomeDto(outcome) },
  };
}

function toOutcomeDto({ units, sold, oversold, reasons, seconds, p50, p99 }: RushOutcome): RushOutcomeDto {
  return { units, sold, oversold, reasons, seconds, p50_ms: p50, p99_ms: p99 };
}
