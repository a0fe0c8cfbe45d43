import type { EventRow, EventType } from '../events/events.types.js';

/** Why an endpoint gets nothing: an operator said so, or it failed for days. */
export type DisabledReason = 'operator' | 'failing';

/** A shop's address that is told of events. */
export interface EndpointRow {
  readonly id: number;
  readonly url: string;
  /** Null: all. */
  readonly types: readonly EventType[] | null;
  /** `whsec_` and base64, as Standard Webhooks has it. */
  readonly secret: string;
  /** Signs as well, until its time is over. */
  readonly oldSecret: string | null;
  /** All events up to this number were told, or stand among the deliveries. */
  readonly position: number;
  /** Since when nothing it was sent was taken; null: the last thing was. As the database prints it. */
  readonly failingSince: string | null;
  readonly disabledAt: string | null;
  readonly disabledReason: DisabledReason | null;
  readonly createdAt: string;
}

export interface NewEndpoint {
  readonly url: string;
  readonly types: readonly EventType[] | null;
  readonly secret: string;
}

export interface EndpointChange {
  readonly url?: string;
  readonly types?: readonly EventType[] | null;
  readonly isDisabled?: boolean;
}

/** `pending`: it is tried (again) when it is due; `failed`: after the last try. */
export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

export const DELIVERY_STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'failed'];

/** What became of the last try. */
export interface Attempt {
  /** Status of the answer; null: there was none. */
  readonly answerStatus: number | null;
  /** The beginning of the answer's body. */
  readonly answer: Buffer | null;
  /** Why it failed, in words; null: it did not. */
  readonly reason: string | null;
  readonly tookMs: number;
}

/** An event that an endpoint is told of. */
export interface DeliveryRow {
  readonly id: number;
  readonly endpointId: number;
  readonly sequence: number;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly dueAt: string | null;
  readonly attempt: Attempt | null;
  readonly triedAt: string | null;
  readonly createdAt: string;
}

/** A delivery with what is sent by it; null: the event is not kept any more. */
export interface LoggedDelivery {
  readonly delivery: DeliveryRow;
  readonly event: EventRow | null;
}

/** What is to be sent again. */
export interface DueDelivery {
  readonly id: number;
  readonly sequence: number;
  readonly attempts: number;
  /** Since when; with each time that it is put off, or asked for again, it is another. */
  readonly dueAt: string;
}

/** What is to be written of a delivery after a run. */
export interface DeliveryOutcome {
  /** Null: it has no row yet. */
  readonly row: DueDelivery | null;
  readonly sequence: number;
  readonly holdId: string | null;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Until the next try; null where none comes. */
  readonly dueInMs: number | null;
  /** Null: it waits for one before it, of the same order. */
  readonly attempt: Attempt | null;
  /** What was sent, as JSON, where the answer names its customer, as some do that send back what came; else null. */
  readonly echoed: string | null;
}
