import { randomFillSync } from 'node:crypto';
import { escape } from 'mysql2';
import { v7 as uuidV7 } from 'uuid';

/**
 * Literals for statements that are built as text. Bulk statements carry thousands of values, so numbers and
 * ids are written as literals here, each checked to be nothing else; text goes through the driver.
 */

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MONEY_PATTERN = /^\d{1,12}(\.\d{1,3})?$/;
const CURRENCY_PATTERN = /^[A-Z]{3}$/;
const NEEDS_ESCAPE_PATTERN = /[\p{Cc}'\\]/u;
const TIMESTAMP_PATTERN = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/;

/** An unsigned whole number. */
export function uintLiteral(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Not an unsigned integer: ${value}`);
  return String(value);
}

/** A lower-case UUID as a BINARY(16) literal. */
export function uuidLiteral(id: string): string {
  if (!UUID_PATTERN.test(id)) throw new RangeError(`Not a UUID: ${id}`);
  return `0x${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}${id.slice(19, 23)}${id.slice(24)}`;
}

/** The number of a row in the form of a UUID, for columns that take either: `7` → `00000000-0000-0000-0000-000000000007`. */
export function uuidOfNumber(id: number): string {
  const hex = Number(uintLiteral(id)).toString(16).padStart(16, '0');
  return `00000000-0000-0000-${hex.slice(0, 4)}-${hex.slice(4)}`;
}

/** The number in a UUID that {@link uuidOfNumber} made. */
export function numberOfUuid(uuid: string): number {
  return parseInt(uuid.slice(19).replace('-', ''), 16);
}

/** A timestamp as the database printed it (UTC, milliseconds). */
export function timestampLiteral(timestamp: string): string {
  if (!TIMESTAMP_PATTERN.test(timestamp)) throw new RangeError(`Not a timestamp: ${timestamp}`);
  return `'${timestamp}'`;
}

/** Money as the database printed it. */
export function moneyLiteral(money: string): string {
  if (!MONEY_PATTERN.test(money)) throw new RangeError(`Not a sum of money: ${money}`);
  return money;
}

/** An ISO 4217 code. */
export function currencyLiteral(currency: string): string {
  if (!CURRENCY_PATTERN.test(currency)) throw new RangeError(`Not a currency: ${currency}`);
  return `'${currency}'`;
}

/** JSON. The driver escapes its quotation marks too, which between apostrophes need none, and there is nothing else in most. */
export function jsonLiteral(json: string): string {
  return NEEDS_ESCAPE_PATTERN.test(json) ? escape(json) : `'${json}'`;
}

/** The number of a row, or that there is none. */
export function idOrNullLiteral(id: number | null): string {
  return id === null ? 'NULL' : uintLiteral(id);
}

/** A text as UTF-8 bytes, of a column that compares bytes; or that there is none. */
export function bytesOrNullLiteral(text: string | Buffer | null): string {
  if (text === null) return 'NULL';
  return `X'${(typeof text === 'string' ? Buffer.from(text) : text).toString('hex')}'`;
}

/** `(a,b,c)` of literals, for IN lists. */
export function listOf<T>(values: Iterable<T>, literal: (value: T) => string): string {
  return `(${Array.from(values, literal).join(',')})`;
}

/** The UUID that a BINARY(16) column holds. */
export function uuidFromBinary(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const RANDOM_POOL = new Uint8Array(16 * 512);
let randomUsed = RANDOM_POOL.length;

/**
 * A UUIDv7 (RFC 9562) with all of its 74 free bits random. Left alone the library fills most of them with a
 * counter, and who knows an id may spend the hold: it must not be guessed from its neighbour. Random bytes
 * are drawn many at a time, since a call for 16 costs more than the rest of a hold's validation.
 */
export function newUuid(): string {
  if (randomUsed === RANDOM_POOL.length) {
    randomFillSync(RANDOM_POOL);
    randomUsed = 0;
  }
  return uuidV7({ random: RANDOM_POOL.subarray(randomUsed, (randomUsed += 16)) });
}

/** ISO 8601 in UTC with milliseconds, from a timestamp as the database printed it. */
export function isoTime(timestamp: string): string {
  return `${timestamp.slice(0, 10)}T${timestamp.slice(11)}Z`;
}

/** The same of what may not have happened. */
export function isoTimeOrNull(timestamp: string | null): string | null {
  return timestamp === null ? null : isoTime(timestamp);
}

/** A time with its offset from UTC, as the API takes it. */
export const TIME_PATTERN =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

/** What {@link TIME_PATTERN} asks for. */
export const TIME_RULE =
  'must be a time with its offset from UTC, to the millisecond, such as 2026-11-27T12:00:00.000Z or 2026-11-27T13:00:00+01:00';

/** What matches {@link TIME_PATTERN} as the database takes it, in UTC; null where the calendar has no such day. */
export function databaseTime(time: string): string | null {
  const date = time.slice(0, 10);
  // Date makes the first of March of the thirtieth of February.
  const isDay = new Date(`${date}T00:00Z`).toISOString().startsWith(date);
  return isDay ? toTimestamp(new Date(time)) : null;
}

/** What is wrong with a time that matches {@link TIME_PATTERN} and is to be kept, or told from others; null where nothing is. */
export function faultOfTime(time: string): string | null {
  const read = databaseTime(time);
  if (read === null) return 'is a day that the calendar does not have';
  // An offset can take it into a year with a sign before it, which as text comes before all other years.
  return /^\d/.test(read) ? null : 'must be within the years 0000 to 9999, in UTC';
}

/** A timestamp of the database moved by whole seconds. */
export function addSeconds(timestamp: string, seconds: number): string {
  return addMilliseconds(timestamp, seconds * 1000);
}

/** The same by milliseconds; parts of one are left out. */
export function addMilliseconds(timestamp: string, milliseconds: number): string {
  return toTimestamp(new Date(Date.parse(isoTime(timestamp)) + milliseconds));
}

function toTimestamp(time: Date): string {
  return time.toISOString().slice(0, 23).replace('T', ' ');
}
