import { Button } from '../../shared/button.js';
import { money } from '../../shared/money.js';
import { actions, type Column } from '../list.js';
import { Code, Money, State, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { linkTo } from '../router.js';
import { ask } from '../session.js';
import { StateList } from '../state-list.js';
import type { Refund } from '../types.js';

const STATES = { '': 'any', due: 'due', sent: 'sent', confirmed: 'confirmed', failed: 'failed' };

const CAUSES: Readonly<Record<string, string>> = {
  late: 'paid too late: the units were gone',
  duplicate: 'paid twice',
  returned: 'units came back',
  outside: 'given back at the provider',
  operator: 'an operator gave up on matching it',
  customer_limit: 'over the customer’s limit',
};

export function refundColumns(onDone: () => Promise<void> | void): readonly Column<Refund>[] {
  return [
    { head: 'Refund', cell: ({ id }) => String(id) },
    { head: 'State', cell: ({ status }) => <State state={status} /> },
    {
      head: 'Amount',
      cell: ({ amount, currency }) =>
        amount === null ? `all, ${currency}` : <Money amount={amount} currency={currency} />,
      isFigure: true,
    },
    {
      head: 'Why',
      cell: ({ cause, reason }) => `${CAUSES[cause] ?? cause}${reason === null ? '' : `; failed: ${reason}`}`,
    },
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
    { head: 'Since', cell: ({ created_at }) => <Time at={created_at} /> },
    ...actions<Refund>('refunds', (refund) => <RefundActions refund={refund} onDone={onDone} />),
  ];
}

export function RefundsPage() {
  return (
    <div class="stack">
      <h1>Refunds</h1>
      <StateList<Refund>
        label="Refunds"
        path="/api/admin/refunds"
        page="refunds"
        states={STATES}
        columns={refundColumns}
        empty="Nobody waits for money."
      />
    </div>
  );
}

function RefundActions({ refund, onDone }: { refund: Refund; onDone: () => Promise<void> | void }) {
  const { id, amount, currency, provider } = refund;
  const sum = amount === null ? 'all that was paid' : money(amount, currency);
  const act = async (verb: string, said: string, body?: object): Promise<string> => {
    await ask('POST', `/api/admin/refunds/${id}/${verb}`, body === undefined ? {} : { body });
    await onDone();
    return said;
  };
  const send = (): void =>
    question({
      title: `Send ${sum} back?`,
      body: (
        <p>
          The money goes back through {provider}, which is asked first whether it has gone already. This can’t be
          undone.
        </p>
      ),
      action: `Send ${sum}`,
      isDangerous: true,
      run: () => act('send', `Refund ${id} is sent: ${sum}.`),
    });
  const mark = (): void =>
    question({
      title: `Was ${sum} sent by other means?`,
      body: <p>This moves no money. Say so once the transfer is made.</p>,
      action: 'It was sent',
      run: () => act('mark-sent', `Refund ${id} is noted as sent.`),
    });
  const confirm = (): void =>
    question({
      title: `Has the buyer the money of refund ${id}?`,
      body: <p>{sum} counts as gone back from then on.</p>,
      action: 'The buyer has it',
      run: () => act('confirm', `Refund ${id} is confirmed.`),
    });
  const fail = (): void =>
    question({
      title: `Did refund ${id} not arrive?`,
      body: <p>{sum} is owed again, and can be sent once more.</p>,
      fields: [{ name: 'reason', label: 'Why', isRequired: true }],
      action: 'It did not arrive',
      isDangerous: true,
      run: ({ reason }) => act('fail', `Refund ${id} is owed again.`, { reason }),
    });
  if (refund.status === 'due' || refund.status === 'failed')
    return (
      <div class="actions tight">
        <Button onPress={send}>Send</Button>
        <Button kind="quiet" onPress={mark}>
          Sent otherwise
        </Button>
      </div>
    );
  if (refund.status === 'sent')
    return (
      <div class="actions tight">
        <Button onPress={confirm}>Confirm</Button>
        <Button kind="quiet" onPress={fail}>
          Failed
        </Button>
      </div>
    );
  return null;
}
