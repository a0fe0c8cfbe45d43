import { IsInt, IsString } from 'class-validator';
import { isoTime } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, type JsonSchema, schemaOf } from '../../http/json-schema.js';
import { EVENT_TYPES, type EventData, type EventRow, type EventType, type FeedPage } from '../events.types.js';

export const EVENT_TYPE: JsonSchema = { title: 'EventTypeDto', type: 'string', enum: [...EVENT_TYPES] };

export class EventDto {
  /** `evt_` and its sequence. */
  @IsString()
  id!: string;

  @Described(() => EVENT_TYPE)
  type!: EventType;

  /** When it happened. */
  @Described(() => DATE_TIME)
  timestamp!: string;

  /** Its place among all events. */
  @IsInt()
  sequence!: number;

  /** Of an order: how often it has changed, this change included; null for all else. */
  @Described(() => ({ type: ['integer', 'null'] }))
  version!: number | null;

  /** The resource as the API showed it then. */
  @Described(() => ({ type: 'object', additionalProperties: true }))
  data!: EventData;
}

export class EventFeedDto {
  @Described(() => ({ type: 'array', items: schemaOf(EventDto) }))
  items!: EventDto[];

  /** Send it as `after` to read on; all events up to it were looked at. */
  @IsInt()
  last_sequence!: number;
}

export function toEventDto({ json, ...row }: EventRow): EventDto {
  return { ...headOf(row), data: JSON.parse(json) as EventData };
}

/** The same as JSON, whatever it shows. */
export function eventText({ json, ...row }: EventRow): string {
  return `${JSON.stringify(headOf(row)).slice(0, -1)},"data":${json}}`;
}

/** The same whenever, and however often, it is told. */
export function eventId({ sequence }: Pick<EventRow, 'sequence'>): string {
  return `evt_${sequence}`;
}

function headOf({ sequence, type, occurredAt, version }: Omit<EventRow, 'json'>): Omit<EventDto, 'data'> {
  return { id: eventId({ sequence }), type, timestamp: isoTime(occurredAt), sequence, version };
}

export function toEventFeedDto({ events, lastSequence }: FeedPage): EventFeedDto {
  return { items: events.map(toEventDto), last_sequence: lastSequence };
}
