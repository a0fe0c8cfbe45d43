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
};

/** What {@link PAGE_QUERY} lets through. */
export interface PageQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

/** The DTO of a page of items, to be extended by a class whose name the OpenAPI document shows. */
export function pageOf<Item extends object>(item: new () => Item) {
  class PageDto {
    @Described(() => ({ type: 'array', items: schemaOf(item) }))
    items!: Item[];

    /** Send it as `cursor` for the next page; null on the last one. */
    @Described(() => ({ ...TEXT_OR_NULL, examples: [null] }))
    next_cursor!: string | null;
  }
  return PageDto;
}

/** Which page of a list is asked for: the rows with an id above `afterId`, in the order of their ids. */
export interface PageRequest {
  readonly afterId: number;
  readonly limit: number;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export function toPageDto<Row, Item>({ rows, nextCursor }: Page<Row>, toItem: (row: Row) => Item) {
  return { items: rows.map(toItem), next_cursor: nextCursor };
}

export function toPageRequest({ limit, cursor }: PageQuery): PageRequest {
  return { afterId: Number(cursor ?? 0), limit: Number(limit ?? PAGE_SIZE_DEFAULT) };
}

/** One row more than the page is read, to tell whether another page follows. */
export async function readPage<Row extends { readonly id: number }>(
  { afterId, limit }: PageRequest,
  read: (afterId: number, limit: number) => Promise<Row[]>,
): Promise<Page<Row>> {
  const rows = await read(afterId, limit + 1);
  const page = rows.slice(0, limit);
  return { rows: page, nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null };
}
