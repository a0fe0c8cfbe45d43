import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { type Column, List } from './list.js';
import { goTo, place } from './router.js';

interface StateListProps<Item> {
  readonly label: string;
  /** Path of the API. */
  readonly path: string;
  /** Where the console shows it; there stands which state is looked at, so that links can say it. */
  readonly page: string;
  /** What the states are called; the one without a name is all of them. */
  readonly states: Readonly<Record<string, string>>;
  /** @param onDone has the list read anew, after something was done to one of them. */
  readonly columns: (onDone: () => void) => readonly Column<Item>[];
  readonly empty: string;
}

/** A list of what is in a state, with what can be done to each. */
export function StateList<Item extends { readonly id: number }>(props: StateListProps<Item>) {
  const turn = useSignal(0);
  const status = place.value.query.get('status') ?? '';
  return (
    <>
      <StateFilter states={props.states} status={status} onChange={(chosen) => goTo(props.page, { status: chosen })} />
      <List<Item>
        label={props.label}
        path={props.path}
        query={status === '' ? {} : { status }}
        turn={turn.value}
        idOf={({ id }) => id}
        empty={props.empty}
        columns={props.columns(() => turn.value++)}
      />
    </>
  );
}

interface StateFilterProps {
  readonly states: Readonly<Record<string, string>>;
  readonly status: string;
  readonly onChange: (status: string) => void;
  /** What else the list is narrowed by. */
  readonly children?: ComponentChildren;
}

export function StateFilter({ states, status, onChange, children }: StateFilterProps) {
  return (
    <div class="filters">
      <label for="status">State</label>
      <select id="status" value={status} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {Object.entries(states).map(([state, text]) => (
          <option key={state} value={state}>
            {text}
          </option>
        ))}
      </select>
      {children}
    </div>
  );
}
