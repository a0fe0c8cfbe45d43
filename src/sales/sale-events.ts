import type { EventData, EventType, NewEvent } from '../events/events.types.js';
import { saleFieldsDto } from './dto/sale.dto.js';
import { type SaleRow, type TermsInForce, termsOf } from './sales.types.js';

/** What of a sale's edges was told. */
type Told = Partial<Pick<SaleRow, 'is_start_told' | 'is_end_told'>>;

interface SaleEvents {
  readonly events: readonly NewEvent[];
  /** Null where no edge is told. */
  readonly told: Told | null;
}

/**
 * What is to be told of a locked sale, in its order: a start that has passed before a pause that an operator makes now, and
 * an end last. A sale that ended before it began has no start.
 */
export function eventsOf(before: SaleRow, after: SaleRow, terms: TermsInForce): SaleEvents {
  const event = (type: EventType, occurredAt: string): NewEvent => {
    const data: EventData = { ...saleFieldsDto({ sale: { ...after, server_time: occurredAt }, terms }) };
    return { type, occurredAt, version: null, holdId: null, data };
  };
  const { server_time: now, starts_at } = after;
  const { on_sale_until: end } = termsOf(after);
  const isStartTold = after.is_start_told === 0 && starts_at <= now && (end === null || starts_at < end);
  const isEndTold = after.is_end_told === 0 && end !== null && end <= now;
  const isPaused = before.paused_at === null && after.paused_at !== null;
  const isResumed = before.paused_at !== null && after.paused_at === null;
  const events = [
    ...(isStartTold ? [event('sale.started', starts_at)] : []),
    ...(isPaused ? [event('sale.paused', now)] : []),
    ...(isResumed ? [event('sale.resumed', now)] : []),
    ...(isEndTold ? [event('sale.ended', end)] : []),
  ];
  const told: Told = {
    ...(isStartTold && { is_start_told: 1 }),
    ...(isEndTold && { is_start_told: 1, is_end_told: 1 }),
  };
  return { events, told: isStartTold || isEndTold ? told : null };
}
