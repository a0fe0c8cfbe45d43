import { IsBoolean, IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { MONEY_PATTERN, MONEY_RULE } from '../../common/money.js';
import { STOCK_MAX } from '../../products/products.types.js';
import type { WantedReturn } from '../return-decision.js';

const isGiven = (name: 'quantity' | 'amount') => (dto: ReturnDto) => dto[name] !== undefined;

@JSONSchema({ examples: [{ quantity: 1, restock: true }] })
export class ReturnDto {
  /** Units that come back; left out: all that are left. With 0 only money goes back. */
  @ValidateIf(isGiven('quantity'))
  @IsInt()
  @Min(0)
  @Max(STOCK_MAX)
  quantity?: number;

  /** What is owed for it; left out: the price of the units, and with the last of them all that is not refunded yet. */
  @ValidateIf(isGiven('amount'))
  @Matches(MONEY_PATTERN, { message: MONEY_RULE })
  amount?: string;

  /** Whether the units are on sale again; else they leave the stock, total and all. */
  @IsBoolean()
  restock!: boolean;
}

export function toWantedReturn({ quantity, amount, restock }: ReturnDto): WantedReturn {
  return { quantity: quantity ?? null, amount: amount ?? null, restock };
}
