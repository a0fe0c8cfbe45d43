import { useSignal } from '@preact/signals';
import { Button } from '../../shared/button.js';
import { actions, List } from '../list.js';
import { Code, Name, State, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { linkTo } from '../router.js';
import { ask, make, may } from '../session.js';
import { ShownOnce } from '../shown-once.js';
import { StateList } from '../state-list.js';
import type { Delivery, Endpoint, EndpointSecret } from '../types.js';

const PATH = '/api/admin/webhook-endpoints';

export function EndpointsPage() {
  const turn = useSignal(0);
  const made = useSignal<EndpointSecret | null>(null);
  const again = (): void => {
    turn.value++;
  };
  const show = (endpoint: EndpointSecret | null): void => {
    made.value = endpoint;
    again();
  };
  return (
    <div class="stack">
      <header class="page-head">
        <div>
          <h1>Deliveries</h1>
          <p class="soft">Addresses of the shop that are told of what happens.</p>
        </div>
        {may('webhooks') && (
          <Button kind="primary" onPress={() => createEndpoint(show)}>
            New address
          </Button>
        )}
      </header>
      {made.value !== null && (
        <ShownOnce
          title={
            <>
              The secret of <Name>{made.value.url}</Name>
            </>
          }
          secret={made.value.secret}
          onClose={() => (made.value = null)}
        />
      )}
      <List<Endpoint>
        label="Endpoints"
        path={PATH}
        turn={turn.value}
        idOf={({ id }) => id}
        empty="No address is told of anything yet."
        columns={[
          {
            head: 'Address',
            cell: ({ id, url }) => (
              <a href={linkTo(`endpoints/${id}`)}>
                <Name>{url}</Name>
              </a>
            ),
          },
          { head: 'Told of', cell: ({ types }) => (types === null ? 'everything' : types.join(', ')) },
          { head: 'State', cell: (endpoint) => <EndpointState endpoint={endpoint} /> },
          ...actions<Endpoint>('webhooks', (endpoint) => (
            <div class="actions tight">
              <Switch endpoint={endpoint} onDone={again} />
              <Button kind="quiet" onPress={() => rotateSecret(endpoint, show)}>
                New secret
              </Button>
              <Button kind="quiet" onPress={() => removeEndpoint(endpoint, again)}>
                Delete
              </Button>
            </div>
          )),
        ]}
      />
    </div>
  );
}

function createEndpoint(onMade: (endpoint: EndpointSecret | null) => void): void {
  question({
    title: 'New address',
    body: <p>It is told of what happens from now on. The secret by which it knows us is shown once.</p>,
    fields: [
      { name: 'url', label: 'Address', hint: 'Such as https://shop.example/hooks.', isRequired: true },
      {
        name: 'types',
        label: 'Told of',
        hint: 'Such as order.paid, order.cancelled. Empty: everything, also what comes later.',
      },
    ],
    action: 'Tell it',
    run: async ({ url, types = '' }) => {
      const wanted = types.split(/[\s,]+/).filter((type) => type !== '');
      const body = { url, types: wanted.length === 0 ? null : wanted };
      await make(PATH, onMade, { body });
      return 'It is told from now on.';
    },
  });
}

function rotateSecret({ id, url }: Endpoint, onMade: (endpoint: EndpointSecret | null) => void): void {
  question({
    title: 'Give it a new secret?',
    body: (
      <p>
        What is sent to <Name>{url}</Name> is signed with the new one at once, and for a day with the one before, too.
        The shop has that day to take the new one.
      </p>
    ),
    action: 'Make a new secret',
    run: async () => {
      await make(`${PATH}/${id}/rotate`, onMade);
      return 'It has a new secret.';
    },
  });
}

function removeEndpoint({ id, url }: Endpoint, onDone: () => void): void {
  question({
    title: 'Delete this address?',
    body: (
      <p>
        Nothing more is sent to <Name>{url}</Name>, and what was sent can’t be looked up any more. This can’t be undone:
        to stop it for a while, disable it.
      </p>
    ),
    action: 'Delete it',
    isDangerous: true,
    run: async () => {
      await ask('DELETE', `${PATH}/${id}`);
      onDone();
      return 'The address is deleted.';
    },
  });
}

function EndpointState({ endpoint: { disabled_at, disabled_reason, failing_since } }: { endpoint: Endpoint }) {
  if (disabled_at !== null)
    return (
      <>
        <State state={disabled_reason === 'failing' ? 'failed' : 'off'} /> since <Time at={disabled_at} />
      </>
    );
  if (failing_since === null) return <State state="delivered" />;
  return (
    <>
      <State state="failed" /> since <Time at={failing_since} />
    </>
  );
}

function Switch({ endpoint: { id, url, disabled_at }, onDone }: { endpoint: Endpoint; onDone: () => void }) {
  const isOff = disabled_at !== null;
  return (
    <Button
      onPress={() =>
        question({
          title: isOff ? 'Tell it again?' : 'Tell it nothing more?',
          body: (
            <p>
              <Name>{url}</Name>{' '}
              {isOff
                ? 'is told of all that has happened since.'
                : 'misses nothing: it is told later, once this is taken back.'}
            </p>
          ),
          action: isOff ? 'Tell it again' : 'Tell it nothing',
          isDangerous: !isOff,
          run: async () => {
            await ask('PATCH', `${PATH}/${id}`, { body: { disabled: !isOff } });
            onDone();
            return isOff ? 'It is told again.' : 'It is told nothing until you take that back.';
          },
        })
      }
    >
      {isOff ? 'Enable' : 'Disable'}
    </Button>
  );
}

const STATES = { '': 'any', pending: 'to be tried', delivered: 'delivered', failed: 'failed' };

export function DeliveriesPage({ id }: { id: string }) {
  return (
    <div class="stack">
      <h1>Deliveries to endpoint {id}</h1>
      <StateList<Delivery>
        label="Deliveries"
        path={`${PATH}/${encodeURIComponent(id)}/deliveries`}
        page={`endpoints/${id}`}
        states={STATES}
        empty="Nothing of this kind was sent."
        columns={(onDone) => [
          { head: 'Event', cell: ({ event_id }) => <Code>{event_id}</Code> },
          { head: 'State', cell: (delivery) => <State state={delivery.status} /> },
          { head: 'Tries', cell: ({ attempts }) => attempts.toLocaleString(), isFigure: true },
          { head: 'Answer', cell: ({ answer_status }) => answer_status, isFigure: true },
          {
            head: 'Took',
            cell: ({ took_ms }) => (took_ms === null ? null : `${took_ms.toLocaleString()} ms`),
            isFigure: true,
          },
          { head: 'Why not', cell: ({ reason }) => reason },
          { head: 'Tried', cell: ({ tried_at }) => <Time at={tried_at} /> },
          { head: 'Next try', cell: ({ due_at }) => <Time at={due_at} /> },
          ...actions<Delivery>('webhooks', (delivery) => <Again endpointId={id} delivery={delivery} onDone={onDone} />),
        ]}
      />
    </div>
  );
}

function Again({ endpointId, delivery, onDone }: { endpointId: string; delivery: Delivery; onDone: () => void }) {
  return (
    <Button
      onPress={() =>
        question({
          title: `Send ${delivery.event_id} again?`,
          body: <p>With the same id: a receiver that has it already knows so.</p>,
          action: 'Send it again',
          run: async () => {
            await ask('POST', `${PATH}/${endpointId}/deliveries/${delivery.id}/redeliver`);
            onDone();
            return `${delivery.event_id} is sent again.`;
          },
        })
      }
    >
      Send again
    </Button>
  );
}
