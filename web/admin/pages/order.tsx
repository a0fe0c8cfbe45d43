import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from '../../shared/button.js';
import { textOf } from '../form.js';
import { Table } from '../list.js';
import { Code, Fact, Facts, Money, Name, Pending, State, Time, units } from '../parts.js';
import { ask as question } from '../question.js';
import { linkTo } from '../router.js';
import { ask, may, read } from '../session.js';
import type { OrderDetail } from '../types.js';
import { isDisputed, OrderState } from './orders.js';
import { eventColumns } from './payment-events.js';
import { refundColumns } from './refunds.js';

export function OrderPage({ id }: { id: string }) {
  const order = useSignal<OrderDetail | null>(null);
  const failure = useSignal('');
  const load = async (): Promise<void> => {
    try {
      order.value = await read<OrderDetail>(`/api/admin/orders/${id}`);
    } catch (error) {
      failure.value = textOf(error);
    }
  };
  useEffect(() => void load(), [id]);
  const shown = order.value;
  if (shown === null) return <Pending failure={failure.value} onRetry={load} />;
  return (
    <div class="stack wide-gap">
      <header class="page-head">
        <div>
          <h1>Order {shown.order_id}</h1>
          <p>
            <OrderState order={shown} />
            {shown.cancel_reason !== null && <span class="soft"> {shown.cancel_reason.replaceAll('_', ' ')}</span>}
          </p>
        </div>
        <p class="left">
          <strong class="figures">
            <Money amount={shown.amount} currency={shown.currency} />
          </strong>
          <span class="soft">{shown.status === 'pending_payment' ? 'due in all' : 'in all'}</span>
        </p>
      </header>
      <section class="card" aria-label="Order">
        <Facts>
          <Fact name="Product">
            <a href={linkTo(`products/${shown.product_id}`)}>
              <Name>{shown.product_name}</Name>
            </a>
          </Fact>
          <Fact name="Units">
            {shown.quantity.toLocaleString()}
            {shown.payment !== null && <span class="soft"> ({shown.quantity_sold.toLocaleString()} of them sold)</span>}
          </Fact>
          <Fact name="Customer">
            {shown.customer_id === null ? (
              '–'
            ) : (
              <a href={linkTo('orders', { customer_id: shown.customer_id })}>
                <Name>{shown.customer_id}</Name>
              </a>
            )}
          </Fact>
          <Fact name="Reference">{shown.reference === null ? '–' : <Name>{shown.reference}</Name>}</Fact>
          <Fact name="Made">
            <Time at={shown.created_at} />
          </Fact>
          {shown.status === 'pending_payment' && (
            <Fact name="Due">
              <Time at={shown.payment_due_at} />
            </Fact>
          )}
          <Fact name="Payment reference">
            <Code>{shown.payment_reference}</Code>
          </Fact>
          <Fact name="Hold">
            <Code>{shown.hold_id}</Code>
          </Fact>
        </Facts>
        {may('orders') && <OrderActions order={shown} onDone={load} />}
      </section>
      <div class="columns even">
        <Due order={shown} />
        <Payment order={shown} />
      </div>
      <section class="stack" aria-labelledby="refunds-of-order">
        <h2 id="refunds-of-order" class="small-title">
          Refunds
        </h2>
        {shown.refunds.length === 0 ? (
          <p class="empty">Nothing is owed back.</p>
        ) : (
          <Table
            label="Refunds of the order"
            columns={refundColumns(load)}
            items={shown.refunds}
            idOf={(one) => one.id}
          />
        )}
      </section>
      <section class="stack" aria-labelledby="events-of-order">
        <h2 id="events-of-order" class="small-title">
          What payment providers told
        </h2>
        {shown.events.length === 0 ? (
          <p class="empty">Nothing yet.</p>
        ) : (
          <Table label="Payment events" columns={eventColumns(load)} items={shown.events} idOf={(one) => one.id} />
        )}
      </section>
    </div>
  );
}

/** What the order comes to, line by line. */
function Due({ order: { subtotal, adjustments, amount, currency, quantity } }: { order: OrderDetail }) {
  return (
    <section class="card" aria-labelledby="due">
      <h2 id="due" class="small-title">
        What is due
      </h2>
      <dl class="sum figures">
        <Line name={units(quantity)} amount={subtotal} currency={currency} />
        {adjustments.map(({ kind, label, amount: change }, index) => (
          <Line
            key={index}
            name={
              <>
                <Name>{label}</Name> <span class="soft">{kind}</span>
              </>
            }
            amount={change}
            currency={currency}
          />
        ))}
        <Line name="In all" amount={amount} currency={currency} isTotal />
      </dl>
    </section>
  );
}

interface LineProps {
  readonly name: ComponentChildren;
  readonly amount: string;
  readonly currency: string;
  readonly isTotal?: boolean;
}

function Line({ name, amount, currency, isTotal = false }: LineProps) {
  return (
    <div data-total={isTotal ? '' : undefined}>
      <dt>{name}</dt>
      <dd>
        <Money amount={amount} currency={currency} />
      </dd>
    </div>
  );
}

/** What paid the order, what of that went back, and whether the bank is asked for it. */
function Payment({ order: { payment, currency, status } }: { order: OrderDetail }) {
  return (
    <section class="card" aria-labelledby="payment">
      <h2 id="payment" class="small-title">
        Payment
      </h2>
      {payment === null ? (
        <p class="soft">{status === 'paid' ? 'There was nothing to pay.' : 'Nothing has paid it.'}</p>
      ) : (
        <Facts>
          <Fact name="Paid">
            <Money amount={payment.amount} currency={payment.currency} />
          </Fact>
          <Fact name="Went back">
            <Money amount={payment.amount_refunded} currency={payment.currency ?? currency} />
          </Fact>
          <Fact name="Paid by">
            {payment.provider}: <Code>{payment.transaction_id}</Code>
          </Fact>
          {payment.disputed_at !== null && (
            <Fact name="Disputed">
              <Time at={payment.disputed_at} />{' '}
              <State state={isDisputed(payment) ? 'undecided' : payment.dispute_status!} />
              {payment.dispute_reason !== null && (
                <span class="soft"> {payment.dispute_reason.replaceAll('_', ' ')}</span>
              )}
            </Fact>
          )}
        </Facts>
      )}
      {isDisputed(payment) && (
        <p>
          The buyer wants the money back from the bank. Answer at the payment provider; keep back what was not sent yet.
        </p>
      )}
    </section>
  );
}

function OrderActions({ order, onDone }: { order: OrderDetail; onDone: () => Promise<void> }) {
  const path = `/api/admin/orders/${order.order_id}`;
  const cancel = (): void =>
    question({
      title: `Cancel order ${order.order_id}?`,
      body: (
        <p>
          {units(order.quantity)} of “<Name>{order.product_name}</Name>” are available to others at once. Money that
          comes all the same is late money: it buys the units if they are still there, or is owed back. This can’t be
          undone.
        </p>
      ),
      action: 'Cancel the order',
      isDangerous: true,
      run: async () => {
        await ask('POST', `${path}/cancel`);
        await onDone();
        return `Order ${order.order_id} is cancelled; ${units(order.quantity)} are available again.`;
      },
    });
  const giveBack = (): void =>
    question({
      title: `Take back units of order ${order.order_id}`,
      body: (
        <p>
          {units(order.quantity_sold)} of “<Name>{order.product_name}</Name>” can come back. Their price becomes a
          refund that is due; nothing is sent yet.
        </p>
      ),
      fields: [
        {
          name: 'quantity',
          label: 'Units that come back',
          hint: '0: only money goes back.',
          type: 'number',
          min: 0,
          max: order.quantity_sold,
          value: String(order.quantity_sold),
          isRequired: true,
        },
        { name: 'amount', label: `Amount in ${order.currency}`, hint: 'Empty: the price of the units.' },
        {
          name: 'restock',
          label: 'What becomes of the units',
          choices: { yes: 'They are on sale again', no: 'They leave the stock' },
        },
      ],
      action: 'Take back',
      isDangerous: true,
      run: async ({ quantity, amount, restock }, idempotencyKey) => {
        const body = { quantity: Number(quantity), restock: restock === 'yes', ...(amount !== '' && { amount }) };
        await ask('POST', `${path}/return`, { body, idempotencyKey });
        await onDone();
        return `${units(Number(quantity))} of order ${order.order_id} came back. The refund is due: send it below.`;
      },
    });
  const isReturnable = (order.status === 'paid' || order.status === 'refund_due') && order.quantity_sold > 0;
  if (order.status !== 'pending_payment' && !isReturnable) return null;
  return (
    <div class="actions">
      {order.status === 'pending_payment' && (
        <Button kind="danger" onPress={cancel}>
          Cancel the order
        </Button>
      )}
      {isReturnable && (
        <Button kind="danger" onPress={giveBack}>
          Return units
        </Button>
      )}
    </div>
  );
}
