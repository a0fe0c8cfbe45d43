import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import type { Hold, Order, Payment } from '../shared/api-types.js';
import { Button } from '../shared/button.js';
import { now } from '../shared/clock.js';
import { Countdown } from '../shared/countdown.js';
import { money } from '../shared/money.js';
import { clockText, durationWords } from '../shared/time.js';
import {
  askForMoreTime,
  deadline,
  leave,
  giveBack,
  hold,
  isGivenBack,
  mayBePaidLate,
  name,
  notice,
  placeOrder,
  prepareAgain,
} from './reservation.js';

/** What the buyer has, and the next step: one decision a screen. */
export function ReservationView() {
  const current = hold.value!;
  const { order } = current;
  if (order?.status === 'pending_payment') return <ToPay current={current} order={order} />;
  if (order != null) return <Outcome current={current} order={order} />;
  return current.status === 'active' ? <Reserved current={current} /> : <RanOut />;
}

/** The heading of a step; whoever came here by the keyboard goes on from it. */
function Step({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="step">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p class="what" dir="auto">
        {name.value}
      </p>
      {notice.value !== null && (
        <p class="notice" role="alert">
          {notice.value}
        </p>
      )}
      {children}
    </section>
  );
}

function Reserved({ current }: { current: Hold }) {
  const isOver = (deadline.value?.until ?? 0) <= now.value;
  const canHaveMore = current.extensions_left > 0 && !isOver;
  return (
    <Step key="reserved" title="Reserved for you">
      <Limit
        what="Your reservation"
        end={`Then it goes back to the others${canHaveMore ? '. You can have more time' : ''}.`}
      />
      <p class="price figures">{money(current.amount, current.currency)}</p>
      <div class="actions">
        <Button kind="primary" isWide isDisabled={isOver} busyText="Placing your order…" onPress={placeOrder}>
          Place order
        </Button>
        {canHaveMore && (
          <Button isWide busyText="Asking for more time…" onPress={askForMoreTime}>
            More time
          </Button>
        )}
        <Button kind="quiet" isWide busyText="Giving back…" onPress={giveBack}>
          Give it back
        </Button>
      </div>
    </Step>
  );
}

/** Seconds before the end at which it is said once more. */
const SAID_LAST_MS = 20_000;

/** The time that is left: shown all the time, and said aloud at the start, at half, and at twenty seconds. */
function Limit({ what, end }: { what: string; end: string }) {
  const { until, whole } = deadline.value!;
  const left = until - now.value;
  const stage = left <= 0 ? 'over' : left <= SAID_LAST_MS ? 'last' : left <= whole / 2 ? 'half' : 'begun';
  useEffect(() => {
    if (stage !== 'over') announce(`${what} lasts ${durationWords(until - now.peek())} more. ${end}`);
  }, [stage, until]);
  return (
    <Countdown until={until} whole={whole}>
      <p class="soft">
        Yours until <span class="figures">{clockText(until, left <= 60_000)}</span>. {end}
      </p>
    </Countdown>
  );
}

function ToPay({ current, order }: { current: Hold; order: Order }) {
  const { payment = null } = current;
  return (
    <Step key={`pay-${payment?.state ?? 'elsewhere'}`} title={titleOf(payment)}>
      <p class="price figures">{money(order.amount, order.currency)}</p>
      {deadline.value !== null && payment?.state !== 'processing' && payment?.state !== 'succeeded' && (
        <Limit what="The time to pay" end="Then the order ends." />
      )}
      <Pay payment={payment} order={order} />
      {payment?.state !== 'processing' && payment?.state !== 'succeeded' && (
        <Button kind="quiet" isWide busyText="Giving back…" onPress={giveBack}>
          Cancel the order and give it back
        </Button>
      )}
    </Step>
  );
}

function titleOf(payment: Payment | null): string {
  switch (payment?.state) {
    case 'processing':
      return 'Your bank is on it';
    case 'succeeded':
      return 'Your payment has arrived';
    case 'failed':
    case 'cancelled':
      return 'The payment could not be prepared';
    case 'open':
      return payment.attempts > 0 ? 'That did not go through' : 'Pay, and it is yours';
    default:
      return 'Your order is placed';
  }
}

function Pay({ payment, order }: { payment: Payment | null; order: Order }) {
  switch (payment?.state) {
    case 'preparing':
      return (
        <p class="soft" role="status">
          Your payment is being prepared. You are led on in a moment.
        </p>
      );
    case 'open':
      return (
        <>
          {payment.attempts > 0 && (
            <p class="notice" role="alert">
              The card was declined, and nothing was taken. Your unit is still yours: try another card.
            </p>
          )}
          <a class="button primary wide" href={payment.url ?? '#'}>
            {payment.attempts > 0 ? 'Try another way to pay' : `Pay ${money(order.amount, order.currency)}`}
          </a>
        </>
      );
    case 'processing':
      return (
        <p>
          Your bank debit is on its way; banks take a few days. Your unit stays yours meanwhile, and you need not keep
          this page open.
        </p>
      );
    case 'succeeded':
      return <p role="status">It is being entered. A moment, please.</p>;
    case 'failed':
    case 'cancelled':
      return (
        <>
          <p>Nothing was taken. Your unit is still yours.</p>
          <Button kind="primary" isWide busyText="Preparing…" onPress={prepareAgain}>
            Prepare the payment again
          </Button>
        </>
      );
    default:
      return <p>The shop takes the payment of order {order.order_id} by itself.</p>;
  }
}

const OUTCOMES: Readonly<Record<string, { title: string; text: string; mark: 'good' | 'back' | 'ended' }>> = {
  paid: { title: 'It is yours', text: 'Paid, and on record. Thank you.', mark: 'good' },
  refund_due: {
    title: 'Your money is on its way back',
    text: 'All that was paid for the order goes back the way it came.',
    mark: 'back',
  },
  refunded: { title: 'Refunded', text: 'All of your money is back the way it came.', mark: 'back' },
  buyer: { title: 'Given back', text: 'Thank you: somebody else can have it now.', mark: 'ended' },
  payment_expired: {
    title: 'The time to pay has run out',
    text: 'The order has ended. If units are left, you can start again.',
    mark: 'ended',
  },
  payment_failed: {
    title: 'The payment did not go through',
    text: 'The order has ended. If units are left, you can start again.',
    mark: 'ended',
  },
  operator: { title: 'The shop has cancelled the order', text: 'It need not be paid any more.', mark: 'ended' },
};

/** What is said of the money of an order that has ended. */
const NOT_PAID = 'Nothing was taken.';
const MAY_BE_PAID = 'A payment that still arrives counts if a unit is left for you; else all of it goes back.';

function Outcome({ current, order }: { current: Hold; order: Order }) {
  const { title, text, mark } =
    OUTCOMES[order.status === 'cancelled' ? (order.cancel_reason ?? 'operator') : order.status]!;
  return (
    <Step key={title} title={title}>
      <div class="outcome" data-mark={mark}>
        <p class="price figures">{money(order.amount, order.currency)}</p>
        <p>{mark === 'ended' ? `${text} ${mayBePaidLate(current) ? MAY_BE_PAID : NOT_PAID}` : text}</p>
        <p class="soft figures">Order {order.order_id}</p>
      </div>
      <Button isWide onPress={leave}>
        {order.status === 'paid' ? 'Back to the sale' : 'See what is left'}
      </Button>
    </Step>
  );
}

function RanOut() {
  return isGivenBack.value ? (
    <Step key="back" title="Given back">
      <p>Thank you: somebody else can have it now. Nothing was taken.</p>
      <Button kind="primary" isWide onPress={leave}>
        See what is left
      </Button>
    </Step>
  ) : (
    <Step key="out" title="The reservation has run out">
      <p>The unit went back to the others, and nothing was taken. If units are left, you can reserve one again.</p>
      <Button kind="primary" isWide onPress={leave}>
        See what is left
      </Button>
    </Step>
  );
}
