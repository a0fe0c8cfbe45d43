/** Small parts of several pages. */
import type { ComponentChildren } from 'preact';
import { Button } from '../shared/button.js';
import { now } from '../shared/clock.js';
import { money } from '../shared/money.js';
import { instantText } from '../shared/time.js';
import type { SaleState } from './types.js';

/** What a state means for who looks: colour and sign, never colour alone. */
const TONES: Readonly<Record<string, 'good' | 'wait' | 'bad' | 'done'>> = {
  open: 'good',
  paid: 'good',
  processed: 'good',
  confirmed: 'good',
  delivered: 'good',
  scheduled: 'wait',
  paused: 'wait',
  pending_payment: 'wait',
  pending: 'wait',
  pending_order: 'wait',
  sent: 'wait',
  due: 'bad',
  refund_due: 'bad',
  review: 'bad',
  failed: 'bad',
  unmatched: 'bad',
  disputed: 'bad',
  undecided: 'bad',
  lost: 'bad',
  won: 'good',
};

const SIGNS = { good: '●', wait: '◐', bad: '▲', done: '○' } as const;

/** In place of what is not there yet: that it comes, or why it does not. */
export function Pending({ failure, onRetry }: { failure: string; onRetry: () => Promise<void> }) {
  if (failure === '') return <p role="status">Loading…</p>;
  return (
    <div class="stack">
      <p role="alert">{failure}</p>
      <div class="actions">
        <Button onPress={onRetry}>Try again</Button>
      </div>
    </div>
  );
}

export function State({ state }: { state: string }) {
  const tone = TONES[state] ?? 'done';
  return (
    <span class="state" data-tone={tone}>
      <span aria-hidden="true">{SIGNS[tone]}</span> {state.replaceAll('_', ' ')}
    </span>
  );
}

/** A name that others chose: of any length, in any script. */
export function Name({ children }: { children: ComponentChildren }) {
  return <bdi class="name">{children}</bdi>;
}

export function Time({ at }: { at: string | null }) {
  if (at === null) return <span class="soft">–</span>;
  return <time dateTime={at}>{instantText(Date.parse(at), now.peek())}</time>;
}

export function Money({ amount, currency }: { amount: string | null; currency: string | null }) {
  return <>{amount === null || currency === null ? '–' : money(amount, currency)}</>;
}

export function Code({ children }: { children: string }) {
  return <code>{children}</code>;
}

export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const SALE_STATES: Readonly<Record<SaleState, string | null>> = {
  scheduled: 'not started yet',
  open: 'selling',
  paused: 'nobody gets a unit',
  ended: null,
};

/** A sale's state, and what it means. */
export function StateOfSale({ state }: { state: SaleState }) {
  const meaning = SALE_STATES[state];
  return (
    <>
      <State state={state} />
      {meaning !== null && <span class="soft">, {meaning}</span>}
    </>
  );
}

export function units(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'unit' : 'units'}`;
}

/** A figure, with what one of it is. */
export function Tile({ name, unit, value, to }: { name: string; unit: string; value: string; to?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{to === undefined ? value : <a href={to}>{value}</a>}</strong> <span class="soft">{unit}</span>
      </dd>
    </div>
  );
}

/** What the codes of refusals mean to who reads them here. */
const REFUSALS: Readonly<Record<string, string>> = {
  INSUFFICIENT_STOCK: 'too few units left',
  CUSTOMER_LIMIT_REACHED: 'over the limit of one customer',
  SALE_PAUSED: 'the sale is paused',
  SALE_ENDED: 'the sale has ended',
  SALE_NOT_STARTED: 'the sale has not started',
  HOLD_EXPIRED: 'the hold had expired',
  HOLD_NOT_FOUND: 'no such hold',
  HOLD_ALREADY_USED: 'ordered already',
  PRODUCT_NOT_ON_SALE: 'the product is archived',
  PRODUCT_NOT_FOUND: 'no such product',
};

export function refusalText(code: string): string {
  return REFUSALS[code] ?? code.toLowerCase().replaceAll('_', ' ');
}
