import { ValidationError } from '../common/problem.js';
import { NUMBER_MAX, type RowRange, type TimeRange } from '../database/row-range.js';
import { databaseTime, TIME_PATTERN, TIME_RULE } from '../database/sql.js';
import { Described } from './described.decorator.js';
import {
  DOCUMENTED_AS_INTEGER,
  DOCUMENTED_KEYWORD,
  type JsonSchema,
  NUMBER_PARAM,
  RULE_KEYWORD,
  schemaOf,
  TEXT_OR_NULL,
} from './json-schema.js';

const PAGE_SIZE_DEFAULT = 20;

const READ_ALL_STEP = 100;

/** Before the first row that there can be, and after the last: times that the columns do not have. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(2000, 0), Date.UTC(2038, 0)];

function time(description: string): JsonSchema {
  return { type: 'string', pattern: TIME_PATTERN.source, [RULE_KEYWORD]: TIME_RULE, description };
}

/** Query of a list that comes in pages. */
export const PAGE_QUERY: Readonly<Record<string, JsonSchema>> = {
  limit: {
    type: 'string',
    pattern: '^([1-9][0-9]?|100)$',
    [RULE_KEYWORD]: 'must be a whole number from 1 to 100',
    [DOCUMENTED_KEYWORD]: { ...DOCUMENTED_AS_INTEGER, minimum: 1, maximum: 100, default: PAGE_SIZE_DEFAULT },
    description: 'Items a page',
  },
  cursor: { ...NUMBER_PARAM, [DOCUMENTED_KEYWORD]: {}, description: '`next_cursor` of the page before' },
  order: { type: 'string', enum: ['asc', 'desc'], description: 'By number: the oldest first (default), or the newest' },
};

/** Query of a list of operators. */
export const ADMIN_PAGE_QUERY: Readonly<Record<string, JsonSchema>> = {
  ...PAGE_QUERY,
  from: time('Only what came at this time or later'),
  to: time('Only what came before this time'),
};

/** Query of a list whose rows have a state. */
export function statusQuery(statuses: readonly string[]): Readonly<Record<'status', JsonSchema>> {
  return { status: { type: 'string', enum: statuses, description: 'Only those in this state' } };
}

/** What {@link PAGE_QUERY} and {@link ADMIN_PAGE_QUERY} let through. */
export interface PageQuery {
  readonly limit?: string;
  readonly cursor?: string;
  readonly order?: 'asc' | 'desc';
  readonly from?: string;
  readonly to?: string;
}

/** The DTO of a page of items, to be extended by a class whose name the OpenAPI document shows. */
export function pageOf<Item extends object>(item: new () => Item) {
  class PageOf {
    @Described(() => ({ type: 'array', items: schemaOf(item) }))
    items!: Item[];

    /** Send it as `cursor` for the next page; null on the last one. */
    @Described(() => ({ ...TEXT_OR_NULL, examples: [null] }))
    next_cursor!: string | null;
  }
  return PageOf;
}

/** Which page of a list is asked for, of the rows of what time. */
export interface PageRequest extends TimeRange {
  readonly limit: number;
  readonly order: RowRange['order'];
  /** Number of the last row of the page before; null for the first page. */
  readonly cursor: number | null;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export function toPageDto<Row, Item>({ rows, nextCursor }: Page<Row>, toItem: (row: Row) => Item) {
  return { items: rows.map(toItem), next_cursor: nextCursor };
}

/** @throws ValidationError for a time that is none. */
export function toPageRequest({ limit, cursor, order, from, to }: PageQuery): PageRequest {
  return {
    limit: Number(limit ?? PAGE_SIZE_DEFAULT),
    order: order === 'desc' ? 'DESC' : 'ASC',
    cursor: cursor === undefined ? null : Number(cursor),
    from: from === undefined ? null : toTimestamp('from', from),
    to: to === undefined ? null : toTimestamp('to', to),
  };
}

/** The rows behind the page before, as many as the page may have. */
export function toRowRange({ limit, order, cursor, from, to }: PageRequest): RowRange {
  const above = (order === 'ASC' && cursor) || 0;
  const below = (order === 'DESC' && cursor) || NUMBER_MAX;
  return { above, below, from, to, order, limit };
}

/** One row more than the page is read, to tell whether another page follows. */
export async function readPage<Row extends { readonly id: number }>(
  request: PageRequest,
  read: (range: RowRange) => Promise<Row[]>,
): Promise<Page<Row>> {
  const { limit } = request;
  const rows = await read({ ...toRowRange(request), limit: limit + 1 });
  const page = rows.slice(0, limit);
  return { rows: page, nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null };
}

/** All rows of a list, page by page. */
export async function readAll<Row>(list: (page: PageRequest) => Promise<Page<Row>>): Promise<Row[]> {
  const all: Row[] = [];
  for (let page: PageRequest | null = { ...toPageRequest({}), limit: READ_ALL_STEP }; page !== null;) {
    const { rows, nextCursor }: Page<Row> = await list(page);
    all.push(...rows);
    page = nextCursor === null ? null : { ...page, cursor: Number(nextCursor) };
  }
  return all;
}

/** The schema lets through what has the form of a time, such as the thirtieth of February. */
function toTimestamp(field: string, text: string): string {
  if (databaseTime(text) === null)
    throw new ValidationError(`The query is not valid: ${field} ${TIME_RULE}.`, [{ field, message: TIME_RULE }]);
  const ms = Math.min(Math.max(Date.parse(text), EARLIEST_MS), LATEST_MS);
  return databaseTime(new Date(ms).toISOString())!;
}
