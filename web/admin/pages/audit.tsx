import { List } from '../list.js';
import { Code, Name, Time } from '../parts.js';
import { linkTo } from '../router.js';
import type { AuditEntry } from '../types.js';

/** Where a target has a page of its own. */
const PAGES: Readonly<Record<string, string>> = { order: 'orders', product: 'products', sale: 'sales' };

export function AuditPage() {
  return (
    <div class="stack">
      <h1>Audit log</h1>
      <p class="soft">What operators changed, and who did it. What the clock does by itself is not in it.</p>
      <List<AuditEntry>
        label="Audit log"
        path="/api/admin/audit"
        idOf={({ id }) => id}
        empty="Nobody has changed anything yet."
        columns={[
          { head: 'When', cell: ({ created_at }) => <Time at={created_at} /> },
          { head: 'Who', cell: ({ actor }) => <Name>{actor}</Name> },
          { head: 'What', cell: ({ action }) => action.replace('.', ': ').replaceAll('_', ' ') },
          { head: 'To which', cell: ({ target, target_id }) => <Target target={target} id={target_id} /> },
          { head: 'Change', cell: (entry) => <Change entry={entry} /> },
        ]}
      />
    </div>
  );
}

function Target({ target, id }: { target: string; id: string }) {
  const page = PAGES[target];
  const text = `${target.replaceAll('_', ' ')} ${id}`;
  return page === undefined ? <Name>{text}</Name> : <a href={linkTo(`${page}/${id}`)}>{text}</a>;
}

function Change({ entry: { before, after } }: { entry: AuditEntry }) {
  // Of what is new, what it has not is not worth a line.
  const names = Object.keys({ ...before, ...after }).filter((name) => before !== null || after?.[name] !== null);
  return (
    <ul>
      {names.map((name) => (
        <li key={name}>
          {name.replaceAll('_', ' ')}: {before !== null && <Code>{textOf(before[name])}</Code>}{' '}
          {before !== null && '→ '}
          <Code>{textOf(after?.[name])}</Code>
        </li>
      ))}
    </ul>
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
}
