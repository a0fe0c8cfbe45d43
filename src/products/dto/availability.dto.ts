import { IsBoolean, IsInt } from 'class-validator';

/** What is told of a product that has sold out, or has units again. */
export class AvailabilityDto {
  @IsInt()
  product_id!: number;

  /** Units that nobody holds or has bought, as it is told. */
  @IsInt()
  available!: number;

  @IsBoolean()
  is_sold_out!: boolean;
}
