import { createHash } from 'node:crypto';
import { IDEMPOTENCY_KEY_PATTERN } from '../idempotency/idempotency-key.js';

/** Readers of fields of which nobody knows what they are: what is not of the form that is looked for is null. */

export type Fields = Readonly<Record<string, unknown>>;

/** Longest metadata that is kept for the operator, in characters of its JSON. */
const METADATA_MAX = 4000;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 200 && IDEMPOTENCY_KEY_PATTERN.test(value) ? value : null;
}

/** The id of an event; of one without any, what it says, so that it is kept once. */
export function eventIdOf(id: unknown, rawBody: string): string {
  return textOf(id) ?? `unnamed-${createHash('sha256').update(rawBody).digest('hex')}`;
}

/** The number of a row, written as text. */
export function numberIn(text: unknown): number | null {
  return typeof text === 'string' && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}

export function currencyOf({ currency }: Fields): string | null {
  return typeof currency === 'string' && /^[A-Za-z]{3}$/.test(currency) ? currency.toUpperCase() : null;
}

/**
 * Whether a provider's metadata is kept: texts by name, as all of them have it. Half a pair of surrogates, which a database's
 * JSON may refuse, is written as an escape; so many levels as nobody needs it refuses, too.
 */
export function isKept(metadata: Fields): boolean {
  if (Object.values(metadata).some((value) => typeof value === 'object' && value !== null)) return false;
  const json = JSON.stringify(metadata);
  return json.length <= METADATA_MAX && !/\\ud[89a-f]/i.test(json);
}

/** The number that we write to each refund that we send. */
export function ownIdIn(metadata: unknown): number | null {
  return numberIn(fieldsOf(metadata).refund_id);
}
