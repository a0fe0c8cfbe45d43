import { IsString } from 'class-validator';

/** A customer who is forgotten. */
export class CustomerEventDataDto {
  /** The random name that stands for the customer from now on. */
  @IsString()
  customer_id!: string;
}
