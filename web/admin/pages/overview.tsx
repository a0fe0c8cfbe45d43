import { signal, useSignal } from '@preact/signals';
import { Refusal } from '../../shared/api.js';
import { now } from '../../shared/clock.js';
import { StockBar } from '../../shared/stock-bar.js';
import { instantText } from '../../shared/time.js';
import { Chart, figure } from '../chart.js';
import { Name, refusalText, StateOfSale, Tile, Time } from '../parts.js';
import { usePolling } from '../polling.js';
import { linkTo } from '../router.js';
import { mayRead, read } from '../session.js';
import type { Overview, Rates, SaleStock } from '../types.js';
import { worriesOf } from '../worries.js';
import { SaleActions } from './sale-actions.js';

const INTERVAL_MS = 1000;

/** Ten minutes of what this page has seen; it goes with the page's tab. */
const SEEN_MAX = 600;

interface Seen {
  readonly at: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** By sale. */
const seen = signal<ReadonlyMap<number, readonly Seen[]>>(new Map());

/** Is it selling, is anything wrong, how much is left. */
export function OverviewPage() {
  const overview = useSignal<Overview | null>(null);
  const readAt = useSignal(0);
  const failure = useSignal('');
  const load = async (): Promise<void> => {
    try {
      overview.value = await read<Overview>('/api/admin/overview');
      readAt.value = now.peek();
      failure.value = '';
      remember(overview.value.sales);
    } catch (error) {
      failure.value = error instanceof Refusal ? error.message : 'No answer comes.';
    }
  };
  usePolling(load, () => INTERVAL_MS);
  const shown = overview.value;
  if (shown === null) return <p class="soft">{failure.value === '' ? 'Loading…' : failure.value}</p>;
  return (
    <div class="stack wide-gap">
      <h1 class="unseen">Overview</h1>
      {failure.value === '' ? (
        <Worries overview={shown} />
      ) : (
        <p class="verdict at-once" data-tone="bad" role="alert">
          {failure.value} These figures are of {instantText(readAt.value, now.value)}.
        </p>
      )}
      <Selling sales={shown.sales} onDone={load} rates={shown.rates} />
      <div class="columns">
        {shown.rates !== null && <Speed rates={shown.rates} />}
        <div class="stack wide-gap">
          <Work overview={shown} />
          <Alone products={shown.products} />
        </div>
      </div>
    </div>
  );
}

function remember(sales: readonly SaleStock[]): void {
  const at = now.peek() / 1000;
  seen.value = new Map(
    sales.map(({ id, available, held, sold }) => [
      id,
      [...(seen.peek().get(id) ?? []), { at, available, held, sold }].slice(-SEEN_MAX),
    ]),
  );
}

/** The worst come first. There is room for those; all of them are shown to who asks, so that none moves the page by itself. */
function Worries({ overview }: { overview: Overview }) {
  const areAllShown = useSignal(false);
  const worries = worriesOf(overview);
  if (worries.length === 0)
    return (
      <p class="verdict at-once" data-tone="good">
        <span aria-hidden="true">✓</span> Nothing is wrong.
      </p>
    );
  return (
    <div class="verdict at-once" data-tone="bad" data-all={areAllShown.value ? '' : undefined}>
      <ul>
        {worries.map(({ text, to }) => (
          <li key={text}>
            <span aria-hidden="true">▲</span> {to === undefined ? text : <a href={to}>{text}</a>}
          </li>
        ))}
      </ul>
      {worries.length > 1 && (
        <button
          type="button"
          class="button"
          aria-expanded={areAllShown.value}
          onClick={() => (areAllShown.value = !areAllShown.value)}
        >
          {areAllShown.value ? 'The worst' : `All ${worries.length}`}
        </button>
      )}
    </div>
  );
}

/** Those that sell or will, and the ones that ended only where there is no other. */
function Selling(props: { sales: readonly SaleStock[]; rates: Rates | null; onDone: () => Promise<void> }) {
  // A sale that is paused stays where it is: who has just pressed the button looks at it.
  const live = [
    ...props.sales.filter(({ state }) => state === 'open' || state === 'paused'),
    ...props.sales.filter(({ state }) => state === 'scheduled'),
  ];
  const shown = live.length > 0 ? live : props.sales.slice(0, 1);
  if (shown.length === 0)
    return (
      <p class="empty">
        There is no sale. <a href={linkTo('sales')}>Make one</a>, or sell products without one.
      </p>
    );
  return (
    <>
      {shown.map((sale) => (
        <SaleCard key={sale.id} sale={sale} rates={props.rates} onDone={props.onDone} />
      ))}
    </>
  );
}

function SaleCard({ sale, rates, onDone }: { sale: SaleStock; rates: Rates | null; onDone: () => Promise<void> }) {
  const course = seen.value.get(sale.id) ?? [];
  const line = (part: 'available' | 'held' | 'sold'): number[] => course.map((point) => point[part]);
  const since = course[0] === undefined ? '' : `since ${instantText(course[0].at * 1000, now.value)}`;
  return (
    <section class="card sale" aria-labelledby={`sale-${sale.id}`}>
      <header>
        <div>
          <h2 id={`sale-${sale.id}`}>
            <a href={linkTo(`sales/${sale.id}`)}>
              <Name>{sale.name}</Name>
            </a>
          </h2>
          <p>
            <StateOfSale state={sale.state} />
            {sale.state === 'scheduled' && (
              <span class="soft">
                ; starts <Time at={sale.starts_at} />
              </span>
            )}
          </p>
        </div>
        <p class="left">
          <strong class="figures">{sale.available.toLocaleString()}</strong>
          <span class="soft">units left, now</span>
        </p>
      </header>
      <StockBar label={`Stock of ${sale.name}, in units`} units={sale} />
      <SaleActions sale={sale} rates={rates} onDone={onDone} />
      {sale.state !== 'scheduled' && (
        <Chart
          label="Stock"
          unit={`units, ${since}`}
          times={course.map(({ at }) => at)}
          series={[
            { label: 'available', colour: '--available', values: line('available') },
            { label: 'held', colour: '--held', dash: [6, 4], values: line('held') },
            { label: 'sold', colour: '--sold', values: line('sold'), isFilled: true },
          ]}
        />
      )}
    </section>
  );
}

function Speed({ rates }: { rates: Rates }) {
  const { points } = rates;
  const refused = Object.entries(rates.refusals).sort(([, a], [, b]) => b - a);
  return (
    <section class="card" aria-labelledby="speed">
      <h2 id="speed" class="small-title">
        Traffic
      </h2>
      <p class="soft small">
        Means over the last {rates.window_seconds} seconds, of{' '}
        {rates.instances === 1 ? 'one instance' : `${rates.instances} instances together`}.
      </p>
      <dl class="tiles figures">
        <Tile name="Holds" unit="a second" value={figure(rates.holds)} />
        <Tile name="Checkouts" unit="a second" value={figure(rates.checkouts)} />
        <Tile name="Refusals" unit="a second" value={figure(refused.reduce((sum, [, rate]) => sum + rate, 0))} />
        <Tile name="Answers to buyers" unit="ms, 99 of 100 are faster" value={milliseconds(rates.answer_p99_ms)} />
        <Tile name="Commits" unit="ms, 99 of 100 are faster" value={milliseconds(rates.commit_p99_ms)} />
        <Tile
          name="Batch"
          unit="requests a commit"
          value={rates.batch_size === null ? '–' : figure(rates.batch_size)}
        />
        <Tile name="Waiting" unit="requests, now" value={figure(rates.waiting)} />
      </dl>
      <Chart
        label="Holds, checkouts, refusals"
        unit="a second, last five minutes"
        times={points.map(({ at }) => Date.parse(at) / 1000)}
        series={[
          { label: 'holds', colour: '--held', values: points.map(({ holds }) => holds) },
          { label: 'checkouts', colour: '--available', dash: [2, 3], values: points.map((point) => point.checkouts) },
          { label: 'refusals', colour: '--warning', dash: [8, 4], values: points.map((point) => point.refusals) },
        ]}
      />
      <h3>Refusals a second, by reason</h3>
      {refused.length === 0 ? (
        <p class="soft reasons-none">Nobody was refused in the last {rates.window_seconds} seconds.</p>
      ) : (
        <ul class="reasons figures">
          {mostOf(refused).map(([reason, rate]) => (
            <li key={reason}>
              <strong>{figure(rate)}</strong> {reason}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** As many lines as there is room for. */
const REASONS_MAX = 3;

/** The reasons that are met most; the rest of them as one, once they are more than fit. */
function mostOf(refused: readonly (readonly [code: string, rate: number])[]): (readonly [string, number])[] {
  const named = refused.map(([code, rate]) => [refusalText(code), rate] as const);
  if (named.length <= REASONS_MAX) return named;
  const others = named.slice(REASONS_MAX - 1);
  const sum = others.reduce((total, [, rate]) => total + rate, 0);
  return [...named.slice(0, REASONS_MAX - 1), [`${others.length} other reasons`, sum]];
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : figure(value);
}

function Work({ overview }: { overview: Overview }) {
  const { jobs, payment_sessions: sessions, overdue_seconds: overdue } = overview;
  const isReader = mayRead('refunds');
  return (
    <section class="card" aria-labelledby="work">
      <h2 id="work" class="small-title">
        Money and work behind the sale
      </h2>
      <p class="soft small">All as it is now.</p>
      <dl class="tiles figures">
        <Tile
          name="Refunds due"
          unit="to be sent"
          value={figure(overview.refunds_due)}
          {...(isReader && { to: linkTo('refunds') })}
        />
        <Tile
          name="Payments in review"
          unit="to be looked at"
          value={figure(overview.payments_in_review)}
          {...(isReader && { to: linkTo('payment-events', { status: 'review' }) })}
        />
        <Tile
          name="Disputes"
          unit="open at the bank"
          value={figure(overview.disputes_open)}
          {...(mayRead('orders') && { to: linkTo('orders', { disputed: 'true' }) })}
        />
        <Tile name="Endpoints of the shop" unit="take nothing" value={figure(overview.endpoints_failing)} />
        <Tile name="Payment sessions" unit="to be made" value={figure(sessions.make)} />
        <Tile name="Payment sessions" unit="to be ended" value={figure(sessions.end)} />
        <Tile name="Jobs" unit="in line" value={jobs === null ? '–' : figure(jobs.waiting + jobs.active)} />
        <Tile name="Jobs" unit="failed" value={jobs === null ? '–' : figure(jobs.failed)} />
        <Tile name="Oldest expired hold" unit="seconds overdue" value={figure(overdue.holds)} />
        <Tile name="Oldest unpaid order" unit="seconds overdue" value={figure(overdue.orders)} />
        <Tile name="Oldest untold event" unit="seconds" value={figure(overdue.events)} />
      </dl>
    </section>
  );
}

function Alone({ products }: { products: Overview['products'] }) {
  const sold = products.filter(({ held, sold: count }) => held + count > 0);
  const shown = (sold.length > 0 ? sold : products).slice(0, 5);
  if (shown.length === 0) return null;
  return (
    <section class="card" aria-labelledby="alone">
      <h2 id="alone" class="small-title">
        Products without a sale
      </h2>
      {shown.map((product) => (
        <div key={product.id} class="stack small-gap">
          <h3>
            <a href={linkTo(`products/${product.id}`)}>
              <Name>{product.name}</Name>
            </a>
          </h3>
          <StockBar label={`Stock of ${product.name}, in units`} units={product} />
        </div>
      ))}
    </section>
  );
}
