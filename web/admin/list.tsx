import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../shared/button.js';
import { textOf } from './form.js';
import { may, read } from './session.js';
import type { Page, Scope } from './types.js';

export interface Column<Item> {
  readonly head: string;
  readonly cell: (item: Item) => ComponentChildren;
  readonly isFigure?: boolean;
}

/** What can be done to each, for who may do what is about this. */
export function actions<Item>(scope: Scope, cell: Column<Item>['cell']): readonly Column<Item>[] {
  return may(scope) ? [{ head: 'Do', cell }] : [];
}

interface ListProps<Item> {
  readonly label: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly columns: readonly Column<Item>[];
  readonly idOf: (item: Item) => number;
  /** What is said of a list without anything in it. */
  readonly empty: ComponentChildren;
  /** Another number has the list read anew. */
  readonly turn?: number;
}

const PAGE_SIZE = 20;

/** A list of the API, newest first, a page at a time: of a million rows it shows those that were asked for. */
export function List<Item>({ label, path, query = {}, columns, idOf, empty, turn = 0 }: ListProps<Item>) {
  const items = useSignal<readonly Item[]>([]);
  const cursor = useSignal<string | null>(null);
  const state = useSignal<'loading' | 'there' | 'failed'>('loading');
  const failure = useSignal('');
  const asked = new URLSearchParams({ order: 'desc', limit: String(PAGE_SIZE), ...query }).toString();
  /** Another one with each list that is asked for, and with each that is shown: an answer to what was asked before is dropped. */
  const list = useRef({});
  const load = async (after: string | null): Promise<void> => {
    if (after === null) list.current = {};
    const mine = list.current;
    try {
      const page = await read<Page<Item>>(`${path}?${asked}${after === null ? '' : `&cursor=${after}`}`);
      if (list.current !== mine) return;
      if (after === null) list.current = {};
      items.value = after === null ? page.items : [...items.value, ...page.items];
      cursor.value = page.next_cursor;
      state.value = 'there';
    } catch (error) {
      if (list.current !== mine) return;
      state.value = 'failed';
      failure.value = textOf(error);
    }
  };
  useEffect(() => void load(null), [path, asked, turn]);
  if (state.value === 'failed')
    return (
      <div class="stack" role="alert">
        <p>{failure.value}</p>
        <div>
          <Button onPress={() => load(null)}>Try again</Button>
        </div>
      </div>
    );
  if (state.value === 'loading') return <p class="soft">Loading…</p>;
  if (items.value.length === 0 && cursor.value === null) return <p class="empty">{empty}</p>;
  return (
    <div class="stack">
      <Table label={label} columns={columns} items={items.value} idOf={idOf} />
      <div class="actions">
        {cursor.value !== null && (
          <Button busyText="Loading…" onPress={() => load(cursor.value)}>
            Show more
          </Button>
        )}
        <p class="soft figures">
          {items.value.length.toLocaleString()} shown{cursor.value === null ? ', that is all' : ''}
        </p>
      </div>
    </div>
  );
}

interface TableProps<Item> {
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly idOf: (item: Item) => number;
}

/** Rows; on a narrow screen each is a card. The roles are said, since a table that is laid out otherwise loses its own. */
export function Table<Item>({ label, columns, items, idOf }: TableProps<Item>) {
  return (
    <table role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ head, isFigure }) => (
            <th key={head} role="columnheader" scope="col" class={isFigure ? 'figure' : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((item) => (
          <tr key={idOf(item)} role="row">
            {columns.map(({ head, cell, isFigure }) => (
              <td key={head} role="cell" data-head={head} class={isFigure ? 'figure figures' : undefined}>
                <div>{cell(item)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
