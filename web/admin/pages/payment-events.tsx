import { Button } from '../../shared/button.js';
import { money } from '../../shared/money.js';
import { actions, type Column } from '../list.js';
import { Code, Money, State, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { linkTo } from '../router.js';
import { ask } from '../session.js';
import { StateList } from '../state-list.js';
import type { PaymentEvent } from '../types.js';

const STATES = {
  '': 'any',
  review: 'to be looked at',
  pending_order: 'waits for its order',
  unmatched: 'its order never came',
  processed: 'done',
};

export function eventColumns(onDone: () => Promise<void> | void): readonly Column<PaymentEvent>[] {
  return [
    {
      head: 'Event',
      cell: ({ id, type }) => (
        <>
          {id} <Code>{type}</Code>
        </>
      ),
    },
    { head: 'State', cell: ({ status, outcome }) => <State state={outcome === 'review' ? 'review' : status} /> },
    { head: 'Amount', cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />, isFigure: true },
    {
      head: 'Order',
      cell: ({ order_id }) => (order_id === null ? null : <a href={linkTo(`orders/${order_id}`)}>{order_id}</a>),
    },
    {
      head: 'Payment',
      cell: ({ provider, transaction_id }) => (
        <>
          {provider}: <Code>{transaction_id}</Code>
        </>
      ),
    },
    { head: 'Why not', cell: ({ reason }) => reason },
    { head: 'Came', cell: ({ received_at }) => <Time at={received_at} /> },
    ...actions<PaymentEvent>('refunds', (event) => <EventActions event={event} onDone={onDone} />),
  ];
}

export function PaymentEventsPage() {
  return (
    <div class="stack">
      <h1>Payment events</h1>
      <p class="soft">What payment providers told, and why each did not do what it says.</p>
      <StateList<PaymentEvent>
        label="Payment events"
        path="/api/admin/webhooks"
        page="payment-events"
        states={STATES}
        columns={eventColumns}
        empty="There are no such payment events."
      />
    </div>
  );
}

function EventActions({ event, onDone }: { event: PaymentEvent; onDone: () => Promise<void> | void }) {
  const { id, amount, currency, order_id } = event;
  const sum = amount === null || currency === null ? 'the payment' : money(amount, currency);
  const act = async (verb: string, said: string): Promise<string> => {
    await ask('POST', `/api/admin/webhooks/${id}/${verb}`);
    await onDone();
    return said;
  };
  const accept = (): void =>
    question({
      title: `Accept ${sum}${order_id === null ? '' : ` for order ${order_id}`}?`,
      body: (
        <p>The order is paid as if the amount were right. A cancelled order is paid if its units are still there.</p>
      ),
      action: 'Accept the payment',
      isDangerous: true,
      run: () => act('accept', `Payment event ${id} is accepted.`),
    });
  const refund = (): void =>
    question({
      title: `Owe ${sum} back?`,
      body: <p>It becomes a refund that is due. Nothing is sent yet.</p>,
      action: 'Owe it back',
      isDangerous: true,
      run: () => act('refund', `${sum} is owed back: see Refunds.`),
    });
  const retry = (): void =>
    question({
      title: `Decide payment event ${id} anew?`,
      body: <p>For one that waited, or whose order has changed. One that had its effect stays as it is.</p>,
      action: 'Try again',
      run: () => act('replay', `Payment event ${id} was decided anew.`),
    });
  const isOpen = event.status !== 'processed' || event.outcome === 'review';
  if (!isOpen) return null;
  return (
    <div class="actions tight">
      {order_id !== null && <Button onPress={accept}>Accept</Button>}
      <Button kind="quiet" onPress={refund}>
        Owe back
      </Button>
      <Button kind="quiet" onPress={retry}>
        Try again
      </Button>
    </div>
  );
}
