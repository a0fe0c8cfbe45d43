import { useSignal } from '@preact/signals';
import { Button } from '../../shared/button.js';
import { List } from '../list.js';
import { Code, Name, State, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { goTo, linkTo, place } from '../router.js';
import { ask, may } from '../session.js';
import type { Delivery, Endpoint } from '../types.js';

export function EndpointsPage() {
  const turn = useSignal(0);
  const isMine = may('webhooks');
  return (
    <div class="stack">
      <h1>Deliveries</h1>
      <p class="soft">Addresses of the shop that are told of what happens.</p>
      <List<Endpoint>
        label="Endpoints"
        path="/api/admin/webhook-endpoints"
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
          ...(isMine
            ? [{ head: 'Do', cell: (endpoint: Endpoint) => <Switch endpoint={endpoint} onDone={() => turn.value++} /> }]
            : []),
        ]}
      />
    </div>
  );
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
            await ask('PATCH', `/api/admin/webhook-endpoints/${id}`, { body: { disabled: !isOff } });
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
  const turn = useSignal(0);
  const status = place.value.query.get('status') ?? '';
  return (
    <div class="stack">
      <h1>Deliveries to endpoint {id}</h1>
      <div class="filters">
        <label for="status">State</label>
        <select
          id="status"
          value={status}
          onChange={({ currentTarget }) => goTo(`endpoints/${id}`, { status: currentTarget.value })}
        >
          {Object.entries(STATES).map(([state, text]) => (
            <option key={state} value={state}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <List<Delivery>
        label="Deliveries"
        path={`/api/admin/webhook-endpoints/${encodeURIComponent(id)}/deliveries`}
        query={status === '' ? {} : { status }}
        turn={turn.value}
        idOf={(delivery) => delivery.id}
        empty="Nothing of this kind was sent."
        columns={[
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
          ...(may('webhooks')
            ? [
                {
                  head: 'Do',
                  cell: (delivery: Delivery) => (
                    <Again endpointId={id} delivery={delivery} onDone={() => turn.value++} />
                  ),
                },
              ]
            : []),
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
            await ask('POST', `/api/admin/webhook-endpoints/${endpointId}/deliveries/${delivery.id}/redeliver`);
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
