import { Described } from '../../http/described.decorator.js';
import { schemaOf } from '../../http/json-schema.js';
import { OrderEventDataDto } from '../../orders/dto/order-event.dto.js';
import { RefundFactsDto } from './refund.dto.js';

/** A refund as its events show it. */
export class ToldRefundDto extends RefundFactsDto {
  /** Null where it began outside, and is told as it becomes known: `provider_refund_id` names it. */
  @Described(() => ({ type: ['integer', 'null'] }))
  id!: number | null;
}

/** An order of which money goes back, with the refund. */
export class RefundEventDataDto extends OrderEventDataDto {
  @Described(() => schemaOf(ToldRefundDto))
  refund!: ToldRefundDto;
}
