import { type FieldError, ValidationError } from '../common/problem.js';
import { addSeconds, databaseTime, faultOfTime, isoTime } from '../database/sql.js';
import { SaleEndedError, SaleStartedError } from './sales.errors.js';
import {
  type EarlyStart,
  earlyStartsOf,
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

/** The terms that are taken as they are said. */
const PLAIN_TERMS = TERMS.filter((term) => term !== 'early');

/** A start so little ago is the click of somebody who means now. */
const NOW_SECONDS = 60;

/** @throws ValidationError that says which time is wrong, and how. */
export function newSale({ name, starts_at, ends_at, early, ...wanted }: NewSale, now: string): SaleFields {
  const faults: FieldError[] = [];
  const start = starts_at === undefined ? now : startOf(starts_at, now, faults);
  const end = ends_at == null ? null : endOf(ends_at, now, faults);
  const groups = readEarly(early, faults);
  refuseBadWindow({ start, end, early: groups }, now, faults);
  const window = { starts_at: start, ends_at: end, ended_at: null, paused_at: null };
  return { name, ...window, ...NO_TERMS, ...wanted, early: groups };
}

/**
 * What a change alters; nothing where all is so already.
 *
 * @throws SaleEndedError, SaleStartedError, ValidationError
 */
export function changeOf(
  sale: SaleRow,
  { name, starts_at, ends_at, early, ...wanted }: SaleChange,
): Partial<SaleFields> {
  const { server_time: now } = sale;
  const faults: FieldError[] = [];
  const renamed = name === undefined || name === sale.name ? {} : { name };
  const isMoved = starts_at !== undefined && !isStart(starts_at, sale);
  const isEndMoved = ends_at !== undefined && !isTime(ends_at, sale.ends_at);
  const groups = early === undefined ? sale.early : readEarly(early, faults);
  const isEarlyChanged = groups !== sale.early;
  const terms = PLAIN_TERMS.filter((term) => wanted[term] !== undefined && wanted[term] !== sale[term]);
  const isWindowChanged = isMoved || isEndMoved || isEarlyChanged;
  if (!isWindowChanged && terms.length === 0) return renamed;
  if (isEnded(sale)) throw new SaleEndedError();
  if (isMoved && sale.starts_at <= now) throw new SaleStartedError();
  const changed = { ...renamed, ...Object.fromEntries(terms.map((term) => [term, wanted[term]])) };
  if (!isWindowChanged) return changed;
  const start = isMoved ? startOf(starts_at, now, faults) : sale.starts_at;
  const end = !isEndMoved ? sale.ends_at : ends_at === null ? null : endOf(ends_at, now, faults);
  refuseBadWindow({ start, end, early: groups }, now, faults);
  return {
    ...changed,
    ...(isMoved && { starts_at: start }),
    ...(isEndMoved && { ends_at: end }),
    ...(isEarlyChanged && { early: groups }),
  };
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

/** Whether a sale has this start; one that has started, also if a time of the minute before was kept as now: `startOf`. */
function isStart(time: string, { starts_at, server_time: now }: SaleRow): boolean {
  if (isTime(time, starts_at)) return true;
  const start = databaseTime(time);
  return start !== null && starts_at <= now && start < starts_at && start >= addSeconds(starts_at, -NOW_SECONDS);
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
  const fault = faultOfTime(time);
  if (fault === null) return databaseTime(time);
  faults.push({ field, message: fault });
  return null;
}

/** The groups as their column has them; of an empty list as of none. */
function readEarly(early: readonly EarlyStart[] | null | undefined, faults: FieldError[]): string | null {
  if (early == null || early.length === 0) return null;
  const read = early.map(({ group, starts_at }, index) => ({
    group,
    starts_at: readTime(`early.${index}.starts_at`, starts_at, faults),
  }));
  return JSON.stringify(read);
}

/** A window, and who comes before it. */
interface Opening {
  readonly start: string;
  readonly end: string | null;
  readonly early: string | null;
}

function refuseBadWindow({ start, end, early }: Opening, now: string, faults: FieldError[]): void {
  const yearOn = (time: string): string => addSeconds(time, DAYS_MAX * DAY_SECONDS);
  if (start > yearOn(now)) faults.push({ field: 'starts_at', message: `is more than ${DAYS_MAX} days away` });
  if (end !== null && faults.length === 0) {
    if (end <= start) faults.push({ field: 'ends_at', message: 'must be after starts_at' });
    if (end > yearOn(start))
      faults.push({ field: 'ends_at', message: `is more than ${DAYS_MAX} days after starts_at` });
  }
  for (const [index, { starts_at }] of earlyStartsOf(faults.length === 0 ? early : null).entries()) {
    if (starts_at >= start)
      faults.push({ field: `early.${index}.starts_at`, message: 'must be before the starts_at of the sale' });
  }
  if (faults.length === 0) return;
  const said = faults.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new ValidationError(`The body is not valid: ${said}.`, faults);
}
