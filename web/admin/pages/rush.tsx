import { useSignal } from '@preact/signals';
import { Button } from '../../shared/button.js';
import { StockBar } from '../../shared/stock-bar.js';
import { figure } from '../chart.js';
import { textOf, Told } from '../form.js';
import { Name, refusalText, Tile, units } from '../parts.js';
import { usePolling } from '../polling.js';
import { ask as question, say } from '../question.js';
import { linkTo } from '../router.js';
import { ask, may, read, session } from '../session.js';
import type { ListedProduct, Page, Rush } from '../types.js';

const PATH = '/api/admin/rush';
const BUYERS_MAX = 20_000;

/** Whether simulated buyers may come here at all. */
export function isRushable(): boolean {
  return session.value?.environment === 'local';
}

/** What a sale does under a crowd, for who would rather see it than read of it. */
export function RushPage() {
  const rush = useSignal<Rush | null | undefined>(undefined);
  const failure = useSignal('');
  const load = async (): Promise<void> => {
    try {
      rush.value = (await read<{ rush: Rush | null }>(PATH)).rush;
      failure.value = '';
    } catch (error) {
      failure.value = textOf(error);
    }
  };
  usePolling(load, () => (rush.peek()?.state === 'running' ? 250 : 1000));
  const isRunning = rush.value?.state === 'running';
  return (
    <div class="stack wide-gap">
      <header class="page-head">
        <div>
          <h1>Rush</h1>
          <p class="soft">
            A crowd of simulated buyers, all at once, by the same calls as real ones. What they get is sold.
          </p>
        </div>
        {may('products') && (
          <Button kind="primary" isDisabled={isRunning} onPress={() => startRush(null, load)}>
            Start a rush
          </Button>
        )}
      </header>
      {failure.value !== '' && (
        <p class="banner" role="alert">
          {failure.value}
        </p>
      )}
      {rush.value === undefined && failure.value === '' && <p class="soft">Loading…</p>}
      {rush.value === null && <p class="empty">There was no rush in the last hour.</p>}
      {rush.value && <OneRush rush={rush.value} />}
    </div>
  );
}

function OneRush({ rush }: { rush: Rush }) {
  const done = rush.paid + rush.refused + rush.failed;
  return (
    <section class="card" aria-labelledby="rush">
      <header>
        <h2 id="rush" class="small-title">
          {rush.buyers.toLocaleString()} buyers want{' '}
          <a href={linkTo(`products/${rush.product_id}`)}>
            <Name>{rush.product_name}</Name>
          </a>
        </h2>
      </header>
      <div class="stack small-gap">
        <label for="progress" class="figures">
          {done.toLocaleString()} of {rush.buyers.toLocaleString()} buyers know whether they have one
        </label>
        <progress id="progress" max={rush.buyers} value={done} />
      </div>
      <div role="status">
        <Verdict rush={rush} />
      </div>
      <dl class="tiles figures">
        <Tile name="Got one" unit="buyers" value={rush.paid.toLocaleString()} />
        <Tile name="Told no" unit="buyers" value={rush.refused.toLocaleString()} />
        <Tile name="No answer" unit="buyers" value={rush.failed.toLocaleString()} />
        <Outcome outcome={rush.outcome} />
      </dl>
      <StockBar label={`Stock of ${rush.product_name}, in units`} units={rush.stock} />
      {rush.outcome !== null && <Reasons reasons={rush.outcome.reasons} />}
    </section>
  );
}

/** By the rows of the database: what the buyers were told proves nothing. */
function Verdict({ rush: { state, outcome } }: { rush: Rush }) {
  if (state === 'running') return <p class="verdict">They are coming.</p>;
  if (outcome === null)
    return (
      <p class="verdict" data-tone="bad">
        <span aria-hidden="true">▲</span> It came to no end; the log of the service says why.
      </p>
    );
  const { sold, units: had, oversold } = outcome;
  return (
    <p class="verdict" data-tone={oversold > 0 ? 'bad' : 'good'}>
      <span aria-hidden="true">{oversold > 0 ? '▲' : '✓'}</span>
      {` ${sold.toLocaleString()} of ${units(had)} sold, oversold: ${oversold.toLocaleString()}, as the database says.`}
    </p>
  );
}

function Outcome({ outcome }: { outcome: Rush['outcome'] }) {
  const text = (value: number | undefined): string => (value === undefined ? '–' : figure(value));
  return (
    <>
      <Tile name="Half knew within" unit="ms" value={text(outcome?.p50_ms)} />
      <Tile name="99 of 100 within" unit="ms" value={text(outcome?.p99_ms)} />
      <Tile name="All of them within" unit="seconds" value={text(outcome?.seconds)} />
    </>
  );
}

function Reasons({ reasons }: { reasons: Readonly<Record<string, number>> }) {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return null;
  return (
    <div>
      <h3>Why the others have none</h3>
      <ul class="figures">
        {sorted.map(([code, count]) => (
          <li key={code}>
            <strong>{count.toLocaleString()}</strong> {refusalText(code)}
          </li>
        ))}
      </ul>
    </div>
  );
}

type Choice = Pick<ListedProduct, 'id' | 'name' | 'available_stock'>;

/** Asks how many come for what; of no product in particular it offers those that were put on sale last. */
export async function startRush(product: Choice | null, onStart: () => Promise<void> | void): Promise<void> {
  let choices: readonly Choice[];
  try {
    choices =
      product === null ? (await read<Page<ListedProduct>>('/api/products?order=desc&limit=100')).items : [product];
    if (choices.length === 0) throw new Told('Nothing is on sale that buyers could come for.');
  } catch (error) {
    return say(textOf(error));
  }
  const chosen = choices.find(({ available_stock }) => available_stock !== 0) ?? choices[0]!;
  question({
    title: 'Start a rush',
    body: (
      <p>
        So many buyers come at once and want one unit each. Who gets one orders and pays, so it stays sold; the others
        are told no.
      </p>
    ),
    fields: [
      {
        name: 'product_id',
        label: 'Product',
        choices: Object.fromEntries(choices.map((choice) => [choice.id, choiceText(choice)])),
        value: String(chosen.id),
      },
      { name: 'buyers', label: 'Buyers', type: 'number', min: 1, max: BUYERS_MAX, value: '1000', isRequired: true },
    ],
    action: 'Start the rush',
    run: async ({ product_id, buyers }) => {
      await ask('POST', PATH, { body: { product_id: Number(product_id), buyers: Number(buyers) } });
      await onStart();
      return null;
    },
  });
}

function choiceText({ name, available_stock: left }: Choice): string {
  return left === null ? name : `${name} (${left.toLocaleString()} left)`;
}
