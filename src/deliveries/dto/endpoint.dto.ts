import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isoTime, isoTimeOrNull } from '../../database/sql.js';
import { EVENT_TYPE, EventDto, toEventDto } from '../../events/dto/event.dto.js';
import { EVENT_TYPES, type EventType } from '../../events/events.types.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, nullable, schemaOf, TEXT_OR_NULL } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import {
  DELIVERY_STATUSES,
  type DeliveryStatus,
  type DisabledReason,
  type EndpointRow,
  type LoggedDelivery,
} from '../deliveries.types.js';

/** An address without user and fragment; what its host may be is for the service to say. */
const URL_PATTERN = /^https?:\/\/[A-Za-z0-9.[\]:-]+(\/[\x21-\x22\x24-\x7e]*)?$/;
const URL_RULE = 'must be an address such as https://shop.example/hooks, without a user and a fragment';
const URL_MAX = 2048;

/** What may be said of an endpoint, or left out, when it is made and when it is changed. */
class OptionalEndpointFields {
  /** Events that it is told of; left out or null: all, also those that come later. */
  @ValidateIf((dto: OptionalEndpointFields) => dto.types != null)
  @IsArray()
  @IsIn(EVENT_TYPES, { each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_TYPES.length)
  @ArrayUnique()
  @JSONSchema({ type: ['array', 'null'], items: EVENT_TYPE })
  types?: EventType[] | null;
}

@JSONSchema({ examples: [{ url: 'https://shop.example/hooks', types: ['order.paid'] }] })
export class CreateEndpointDto extends OptionalEndpointFields {
  @IsString()
  @Matches(URL_PATTERN, { message: URL_RULE })
  @MaxLength(URL_MAX)
  url!: string;
}

@JSONSchema({ minProperties: 1, examples: [{ disabled: false }] })
export class ChangeEndpointDto extends OptionalEndpointFields {
  @ValidateIf((dto: ChangeEndpointDto) => dto.url !== undefined)
  @IsString()
  @Matches(URL_PATTERN, { message: URL_RULE })
  @MaxLength(URL_MAX)
  url?: string;

  /** True: nothing is sent. False: it goes on where it was. */
  @ValidateIf((dto: ChangeEndpointDto) => dto.disabled !== undefined)
  @IsBoolean()
  disabled?: boolean;
}

export class EndpointDto {
  @IsInt()
  id!: number;

  @IsString()
  url!: string;

  @Described(() => ({ type: ['array', 'null'], items: EVENT_TYPE }))
  types!: readonly EventType[] | null;

  /** Since when nothing that was sent to it was taken; null: the last thing was. */
  @Described(() => nullable(DATE_TIME))
  failing_since!: string | null;

  @Described(() => nullable(DATE_TIME))
  disabled_at!: string | null;

  @Described(() => ({ type: ['string', 'null'], enum: ['operator', 'failing', null] }))
  disabled_reason!: DisabledReason | null;

  @Described(() => DATE_TIME)
  created_at!: string;
}

/** An endpoint with its secret. */
export class EndpointSecretDto extends EndpointDto {
  /** What deliveries are signed with, as Standard Webhooks says. It is shown here alone. */
  @IsString()
  secret!: string;
}

export class EndpointPageDto extends pageOf(EndpointDto) {}

export class DeliveryDto {
  @IsInt()
  id!: number;

  /** What is sent as `webhook-id`. */
  @IsString()
  event_id!: string;

  /** What is sent; null once the event is not kept any more. */
  @Described(() => nullable(schemaOf(EventDto)))
  request!: EventDto | null;

  @IsIn(DELIVERY_STATUSES as DeliveryStatus[])
  status!: DeliveryStatus;

  /** Tries so far. */
  @IsInt()
  attempts!: number;

  /** When it is tried again. */
  @Described(() => nullable(DATE_TIME))
  due_at!: string | null;

  /** Of the last try: null where it was not answered. */
  @Described(() => ({ type: ['integer', 'null'] }))
  answer_status!: number | null;

  /** The first KiB of the answer. */
  @Described(() => TEXT_OR_NULL)
  answer!: string | null;

  /** Why the last try failed. */
  @Described(() => TEXT_OR_NULL)
  reason!: string | null;

  @Described(() => ({ type: ['integer', 'null'] }))
  took_ms!: number | null;

  @Described(() => nullable(DATE_TIME))
  tried_at!: string | null;
}

export class DeliveryPageDto extends pageOf(DeliveryDto) {}

export function toEndpointDto({ id, url, types, ...row }: EndpointRow): EndpointDto {
  return {
    id,
    url,
    types,
    failing_since: isoTimeOrNull(row.failingSince),
    disabled_at: isoTimeOrNull(row.disabledAt),
    disabled_reason: row.disabledReason,
    created_at: isoTime(row.createdAt),
  };
}

export function toEndpointSecretDto(row: EndpointRow): EndpointSecretDto {
  return { ...toEndpointDto(row), secret: row.secret };
}

export function toDeliveryDto({ delivery, event }: LoggedDelivery): DeliveryDto {
  const { id, sequence, status, attempts, dueAt, attempt, triedAt } = delivery;
  return {
    id,
    event_id: `evt_${sequence}`,
    request: event && toEventDto(event),
    status,
    attempts,
    due_at: status === 'pending' ? isoTimeOrNull(dueAt) : null,
    answer_status: attempt?.answerStatus ?? null,
    answer: attempt?.answer?.toString() ?? null,
    reason: attempt?.reason ?? null,
    took_ms: attempt?.tookMs ?? null,
    tried_at: isoTimeOrNull(triedAt),
  };
}
