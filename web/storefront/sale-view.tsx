import { useEffect, useId, useRef } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { Button } from '../shared/button.js';
import { now } from '../shared/clock.js';
import { money } from '../shared/money.js';
import { StockBar } from '../shared/stock-bar.js';
import { durationText, durationWords, instantText } from '../shared/time.js';
import type { Product, Sale } from '../shared/api-types.js';
import { isWishing, notice, reserve } from './reservation.js';
import { choose, chosen, hasUnits, saleState, shelf } from './shop.js';
import { stockWords, variantNames } from './words.js';

/** What is on sale, how much of it is left, and the one thing that can be done about it now. */
export function SaleView() {
  const { sale, products } = shelf.value!;
  const product = chosen.value;
  if (product === null) return <Empty />;
  const { common, variants } = variantNames(products.map(({ name }) => name));
  return (
    <>
      <State sale={sale} product={product} />
      <h1 dir="auto">{common === '' ? product.name : common}</h1>
      <p class="price figures">{money(product.price, product.currency)}</p>
      {products.length > 1 && <Variants products={products} names={variants} chosenId={product.id} />}
      <Stock product={product} />
      <Act sale={sale} product={product} />
    </>
  );
}

function Empty() {
  return (
    <>
      <h1>Nothing is on sale right now</h1>
      <p class="soft">When the shop puts something on sale, it shows up here by itself.</p>
    </>
  );
}

const STATE_WORDS = { scheduled: 'Opens soon', open: 'On sale now', paused: 'Paused', ended: 'Ended' };

/** The state in a word, with a shape beside its colour. */
function State({ sale, product }: { sale: Sale | null; product: Product }) {
  const state = saleState.value;
  const isOpen = state === 'open';
  const isOut = isOpen && !hasUnits(product);
  const isLast = isOpen && isFew(product);
  const words = isOut ? 'All reserved' : isLast ? fewWords(product) : STATE_WORDS[state];
  const stateBefore = useRef(state);
  useEffect(() => {
    if (stateBefore.current === state) return;
    stateBefore.current = state;
    // What was said no to in the state before is not so any more, and who can't see the new one hears it.
    notice.value = null;
    announce(STATE_WORDS[state]);
  }, [state]);
  return (
    <p class="eyebrow">
      <span class="state" data-state={isOut ? 'out' : isLast ? 'few' : state}>
        {words}
      </span>
      {sale !== null && <span dir="auto">{sale.name}</span>}
    </p>
  );
}

interface VariantsProps {
  readonly products: readonly Product[];
  readonly names: readonly string[];
  readonly chosenId: number;
}

function Variants({ products, names, chosenId }: VariantsProps) {
  const group = useId();
  const isShort = names.every((name) => name.length <= 8);
  return (
    <fieldset class="variants" data-short={isShort ? '' : undefined}>
      <legend>{isShort ? 'Your size' : 'Choose one'}</legend>
      {products.map((product, index) => (
        <label
          key={product.id}
          class="variant"
          data-out={hasUnits(product) ? undefined : ''}
          data-few={isFew(product) ? '' : undefined}
        >
          <input type="radio" name={group} checked={product.id === chosenId} onChange={() => chooseAnew(product)} />
          <span class="name" dir="auto">
            {names[index]}
          </span>
          <span class="left figures">{stockWords(product)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function chooseAnew({ id }: Product): void {
  // What was said no to was another one.
  notice.value = null;
  choose(id);
}

/** Few enough to say so by its colour, too. */
const FEW = 5;

function isFew({ available_stock: units, availability }: Product): boolean {
  return availability === 'few' || (units !== null && units > 0 && units <= FEW);
}

function fewWords({ available_stock: units }: Product): string {
  if (units === null) return 'Few left';
  return units === 1 ? 'The last one' : `Only ${units} left`;
}

function Stock({ product }: { product: Product }) {
  const { available_stock: available, stock_total: total } = product;
  if (available === null || total === null) return <p class="soft">{stockWords(product)}</p>;
  return <StockBar label={`Stock of ${product.name}`} units={{ available, taken: total - available }} />;
}

/** The action of this moment; where there is none, when there will be one. */
function Act({ sale, product }: { sale: Sale | null; product: Product }) {
  const state = saleState.value;
  const isOut = !hasUnits(product);
  const wasOut = useRef(isOut);
  useEffect(() => {
    // What was said while nothing was left is not true any more.
    if (wasOut.current && !isOut) notice.value = null;
    wasOut.current = isOut;
  }, [isOut]);
  if (state === 'scheduled' && sale !== null) return <UntilStart startsAt={Date.parse(sale.starts_at)} />;
  const closed =
    state === 'paused'
      ? 'The shop has paused the sale. It goes on here by itself.'
      : state === 'ended'
        ? 'The sale has ended. Thank you for coming by.'
        : isOut
          ? 'All units are reserved. Some may come back: those that are not paid for show up here by themselves.'
          : null;
  return (
    <div class="act">
      {notice.value !== null && (
        <p class="notice" role="alert">
          {notice.value}
        </p>
      )}
      <Button
        kind="primary"
        isWide
        isDisabled={closed !== null || isWishing.value}
        busyText="Reserving…"
        onPress={() => reserve(product)}
      >
        {closed === null || state === 'open' ? (closed === null ? 'Reserve' : 'None left right now') : 'Not on sale'}
      </Button>
      {notice.value === null && (
        <p class="soft">
          {closed ??
            `Yours ${sale === null ? '' : `for ${durationWords(sale.terms.hold_seconds * 1000)} `}while you decide. Nothing is paid yet.`}
        </p>
      )}
    </div>
  );
}

function UntilStart({ startsAt }: { startsAt: number }) {
  return (
    <div class="act until">
      <p class="soft">Opens in</p>
      <p class="figure figures" role="timer" aria-live="off">
        {durationText(startsAt - now.value)}
      </p>
      <p class="soft">
        {instantText(startsAt, now.value)}, by the shop’s clock. You need not reload: the button comes by itself.
      </p>
    </div>
  );
}
