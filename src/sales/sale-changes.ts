import { type FieldError, ValidationError } from '../common/problem.js';
import { addSeconds, databaseTime, isoTime } from '../database/sql.js';
import { SaleEndedError, SaleStartedError } from './sales.errors.js';
import {
  type NewSale,
  NO_TERMS,
  type SaleChange,
  type SaleFields,
  type SaleRow,
  stateOf,
  TERMS,
  termsOf,
} from './sales.types.js';

/** What operators do to sales, as pure decisions: `now` and `server_time` are the database's time under all locks. */

const DAY_SECONDS = 86_400;
const DAYS_MAX = 366;

/** A start so little ago is the click of somebody who means now. */
const NOW_SECONDS = 60;

/** @throws ValidationError that says which time is wrong, and how. */
export function newSale({ name, starts_at, ends_at, ...wanted }: NewSale, now: string): SaleFields {
  const faults: FieldError[] = [];
  const start = starts_at === undefined ? now : startOf(starts_at, now, faults);
  const end = ends_at == null ? null : endOf(ends_at, now, faults);
  refuseBadWindow(start, end, now, faults);
  return { name, starts_at: start, ends_at: end, ended_at: null, paused_at: null, ...NO_TERMS, ...wanted };
}

/**
 * What a change alters; nothing where all is so already.
 *
 * @throws SaleEndedError, SaleStartedError, ValidationError
 */
export function changeOf(sale: SaleRow, { name, starts_at, ends_at, ...wanted }: SaleChange): Partial<SaleFields> {
  const { server_time: now } = sale;
  const renamed = name === undefined || name === sale.name ? {} : { name };
  const isMoved = starts_at !== undefined && !isTime(starts_at, sale.starts_at);
  const isEndMoved = ends_at !== undefined && !isTime(ends_at, sale.ends_at);
  const terms = TERMS.filter((term) => wanted[term] !== undefined && wanted[term] !== sale[term]);
  if (!isMoved && !isEndMoved && terms.length === 0) return renamed;
  if (isEnded(sale)) throw new SaleEndedError();
  if (isMoved && sale.starts_at <= now) throw new SaleStartedError();
  const changed = { ...renamed, ...Object.fromEntries(terms.map((term) => [term, wanted[term]])) };
  if (!isMoved && !isEndMoved) return changed;
  const faults: FieldError[] = [];
  const start = isMoved ? startOf(starts_at, now, faults) : sale.starts_at;
  const end = !isEndMoved ? sale.ends_at : ends_at === null ? null : endOf(ends_at, now, faults);
  refuseBadWindow(start, end, now, faults);
  return { ...changed, ...(isMoved && { starts_at: start }), ...(isEndMoved && { ends_at: end }) };
}

/** @throws SaleEndedError */
export function pauseOf(sale: SaleRow): Partial<SaleFields> {
  if (sale.paused_at !== null) return {};
  if (isEnded(sale)) throw new SaleEndedError();
  return { paused_at: sale.server_time };
}

/** @throws SaleEndedError */
export function resumptionOf(sale: SaleRow): Partial<SaleFields> {
  if (isEnded(sale)) throw new SaleEndedError();
  return sale.paused_at === null ? {} : { paused_at: null };
}

/** The end is final, so ending what has ended changes nothing. */
export function endingOf(sale: SaleRow): Partial<SaleFields> {
  return isEnded(sale) ? {} : { ended_at: sale.server_time };
}

function isTime(time: string | null, known: string | null): boolean {
  return time === null || known === null ? time === known : databaseTime(time) === known;
}

function isEnded(sale: SaleRow): boolean {
  return stateOf(termsOf(sale), sale.server_time) === 'ended';
}

function startOf(time: string, now: string, faults: FieldError[]): string {
  const start = readTime('starts_at', time, faults);
  if (start === null || start >= now) return start ?? now;
  if (start < addSeconds(now, -NOW_SECONDS)) {
    faults.push({ field: 'starts_at', message: `is past; it is ${isoTime(now)} by the database's clock` });
  }
  return now;
}

function endOf(time: string, now: string, faults: FieldError[]): string | null {
  const end = readTime('ends_at', time, faults);
  if (end !== null && end <= now) {
    faults.push({ field: 'ends_at', message: `is past; it is ${isoTime(now)} by the database's clock` });
  }
  return end;
}

function readTime(field: string, time: string, faults: FieldError[]): string | null {
  const read = databaseTime(time);
  if (read === null) faults.push({ field, message: 'is a day that the calendar does not have' });
  return read;
}

function refuseBadWindow(start: string, end: string | null, now: string, faults: FieldError[]): void {
  const yearOn = (time: string): string => addSeconds(time, DAYS_MAX * DAY_SECONDS);
  if (start > yearOn(now)) faults.push({ field: 'starts_at', message: `is more than ${DAYS_MAX} days away` });
  if (end !== null && faults.length === 0) {
    if (end <= start) faults.push({ field: 'ends_at', message: 'must be after starts_at' });
    if (end > yearOn(start))
      faults.push({ field: 'ends_at', message: `is more than ${DAYS_MAX} days after starts_at` });
  }
  if (faults.length === 0) return;
  const said = faults.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new ValidationError(`The body is not valid: ${said}.`, faults);
}
