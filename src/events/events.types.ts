import type { Transaction } from '../database/transactions.js';

/** What can happen, as the feed names it. */
export const EVENT_TYPES = [
  'order.created',
  'order.processing',
  'order.paid',
  'order.cancelled',
  'order.refund_due',
  'order.returned',
  'order.refunded',
  'order.disputed',
  'payment.failed',
  'refund.sent',
  'refund.confirmed',
  'refund.failed',
  'sale.started',
  'sale.paused',
  'sale.resumed',
  'sale.ended',
  'product.availability',
  'customer.erased',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What an event shows: a resource as the API shows it. */
export type EventData = Readonly<Record<string, unknown>>;

/**
 * What an event of an order shows that no transaction changes any more, by the order's hold; none of it is in what the
 * event tells by itself. It is read when the event gets its number: that of a new order is not known before its COMMIT.
 */
export type OrderReader = (tx: Transaction, holdIds: readonly string[]) => Promise<ReadonlyMap<string, EventData>>;

/** Something that happens, as the transaction writes it that makes it true. */
export interface NewEvent {
  readonly type: EventType;
  /** When it happened, as the database prints it; null: now. */
  readonly occurredAt: string | null;
  /** Of an order: how often it has changed, this change included. */
  readonly version: number | null;
  /** Of an order: its hold. */
  readonly holdId: string | null;
  /** Of an order what the change left; see {@link OrderReader}. */
  readonly data: EventData;
}

/** An event as it is kept. */
interface KeptEvent extends Omit<NewEvent, 'data'> {
  readonly occurredAt: string;
  /** What it shows, as JSON: who only passes it on need not read it. */
  readonly json: string;
}

/** What waits in the inbox for its number. */
export interface WaitingEvent extends KeptEvent {
  readonly id: number;
}

/** An event with its place among all of them. */
export interface EventRow extends Omit<KeptEvent, 'holdId'> {
  readonly sequence: number;
}

/** An event with its place, and the hold of its order, if it is of one. */
export interface FeedEvent extends EventRow {
  readonly holdId: string | null;
}

/** Of the events after a number those that a reader asked for, oldest first. */
export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** All events up to this number were looked at: read on after it. */
  readonly lastSequence: number;
}
