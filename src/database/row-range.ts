import { addSeconds, timestampLiteral, uintLiteral } from './sql.js';

/** Half-open: `from` <= created_at < `to`, as the database prints times; null where it is open. */
export interface TimeRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** Which rows are wanted, by the numbers between which they are and by when they were made, and in which order. */
export interface RowRange extends TimeRange {
  readonly above: number;
  readonly below: number;
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
}

/** Above all numbers that rows have. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** A range of numbers that is not worth halving: it is read as quickly. */
const NARROW = 1000;

/**
 * By how much a row may be older than one of a lower number: numbers are given when a statement inserts, the time is that
 * of its beginning, and it may have waited for a lock; on a cluster each node has a clock of its own.
 */
const DISORDER_SECONDS = 60;

type Read = <Row>(sql: string) => Promise<Row[]>;

/**
 * The range by numbers alone, as close as it is worth, so that the rows of some time are found without an index on
 * `created_at`: it rises with the number, but for {@link DISORDER_SECONDS}. What it says of time still decides.
 */
export async function narrowed(range: RowRange, table: string, read: Read): Promise<RowRange> {
  if (range.from === null && range.to === null) return range;
  const [ends] = await read<{ low: number | null; high: number | null }>(
    `SELECT MIN(id) AS low, MAX(id) AS high FROM ${table}`,
  );
  const all = { above: (ends?.low ?? 1) - 1, below: (ends?.high ?? 0) + 1 };
  const isBefore = async (number: number, time: string): Promise<boolean> => {
    const [row] = await read<{ created_at: string }>(
      `SELECT created_at FROM ${table} WHERE id >= ${uintLiteral(number)} ORDER BY id LIMIT 1`,
    );
    return row !== undefined && row.created_at < time;
  };
  const { above } = range.from === null ? all : await halved(all, addSeconds(range.from, -DISORDER_SECONDS), isBefore);
  const { below } = range.to === null ? all : await halved(all, addSeconds(range.to, DISORDER_SECONDS), isBefore);
  return { ...range, above: Math.max(range.above, above), below: Math.min(range.below, below) };
}

/** SQL of the end of a SELECT: its conditions, with further ones, its order and its limit. */
export function rowsIn(range: RowRange, alias: string, ...conditions: readonly string[]): string {
  const { above, below, from, to, order, limit } = range;
  const all = [
    `${alias}.id > ${uintLiteral(above)} AND ${alias}.id < ${uintLiteral(below)}`,
    ...(from === null ? [] : [`${alias}.created_at >= ${timestampLiteral(from)}`]),
    ...(to === null ? [] : [`${alias}.created_at < ${timestampLiteral(to)}`]),
    ...conditions,
  ];
  return `WHERE ${all.join(' AND ')} ORDER BY ${alias}.id ${order} LIMIT ${uintLiteral(limit)}`;
}

/** The narrow range of numbers in which rows cease to be before a time: those up to `above` are, those from `below` are not. */
async function halved(
  all: { above: number; below: number },
  time: string,
  isBefore: (number: number, time: string) => Promise<boolean>,
): Promise<{ above: number; below: number }> {
  let { above, below } = all;
  while (below - above > NARROW) {
    const middle = Math.floor((above + below) / 2);
    if (await isBefore(middle, time)) above = middle;
    else below = middle;
  }
  return { above, below };
}
