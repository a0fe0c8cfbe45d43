import { useSignal } from '@preact/signals';
import { Button } from '../../shared/button.js';
import { List } from '../list.js';
import { Name, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { ask, make, may, session } from '../session.js';
import { ShownOnce } from '../shown-once.js';
import type { ApiKey, NewApiKey } from '../types.js';

export function KeysPage() {
  const turn = useSignal(0);
  const made = useSignal<NewApiKey | null>(null);
  const again = (): void => {
    turn.value++;
  };
  return (
    <div class="stack">
      <header class="page-head">
        <h1>API keys</h1>
        {may('keys') && (
          <Button
            kind="primary"
            onPress={() =>
              createKey((key) => {
                made.value = key;
                again();
              })
            }
          >
            New key
          </Button>
        )}
      </header>
      {made.value !== null && (
        <ShownOnce
          title={
            <>
              The key “<Name>{made.value.name}</Name>”
            </>
          }
          secret={made.value.key}
          onClose={() => (made.value = null)}
        />
      )}
      <List<ApiKey>
        label="API keys"
        path="/api/admin/keys"
        turn={turn.value}
        idOf={({ id }) => id}
        empty="There is no API key yet: only the admin token opens anything."
        columns={[
          {
            head: 'Key',
            cell: ({ id, name }) => (
              <>
                {id} <Name>{name}</Name>
              </>
            ),
          },
          { head: 'May', cell: ({ scopes }) => scopes.join(', ') },
          { head: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
          { head: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
          {
            head: 'Ends',
            cell: (key) =>
              key.revoked_at === null ? (
                <Revoke apiKey={key} onDone={again} />
              ) : (
                <>
                  revoked <Time at={key.revoked_at} />
                </>
              ),
          },
        ]}
      />
    </div>
  );
}

function createKey(onMade: (key: NewApiKey | null) => void): void {
  const scopes = session.value?.scopes ?? [];
  question({
    title: 'New key',
    body: <p>A key can be given only what you may do yourself. Its text is shown once.</p>,
    fields: [
      { name: 'name', label: 'Who uses it', hint: 'For the list and the audit log.', isRequired: true },
      ...scopes.map((scope) => ({ name: `scope-${scope}`, label: scope, type: 'checkbox' as const })),
    ],
    action: 'Make the key',
    run: async (values) => {
      const wanted = scopes.filter((scope) => values[`scope-${scope}`] === 'on');
      await make('/api/admin/keys', onMade, { body: { name: values.name, scopes: wanted } });
      return `The key “${values.name}” is made.`;
    },
  });
}

function Revoke({ apiKey, onDone }: { apiKey: ApiKey; onDone: () => void }) {
  if (!may('keys')) return <span class="soft">never</span>;
  return (
    <Button
      kind="danger"
      onPress={() =>
        question({
          title: `Revoke “${apiKey.name}”?`,
          body: (
            <p>
              Whoever uses key {apiKey.id} is refused within a second, everywhere and for good; who is signed in with it
              is signed out.{' '}
              {apiKey.last_used_at === null ? (
                'It was never used.'
              ) : (
                <>
                  It was last used <Time at={apiKey.last_used_at} />.
                </>
              )}
            </p>
          ),
          action: 'Revoke the key',
          isDangerous: true,
          run: async () => {
            await ask('DELETE', `/api/admin/keys/${apiKey.id}`);
            onDone();
            return `The key “${apiKey.name}” is revoked.`;
          },
        })
      }
    >
      Revoke
    </Button>
  );
}
