// What the buyer of this tab has: from the wish for a unit to the order that is paid. It is kept by the tab, so that a
// reload, a payment page or a lost connection goes on with it, and two tabs are two buyers.

import { computed, signal } from '@preact/signals';
import { call, isAway as isServiceAway, newIdempotencyKey, Refusal } from '../shared/api.js';
import type { Hold, Order, Product } from '../shared/api-types.js';
import { now } from '../shared/clock.js';
import { payableOrder } from './paying.js';
import { wordsOf } from './words.js';

/** What is kept: enough to repeat each step with the key that it was first taken with. */
interface Kept {
  readonly name: string;
  readonly productId: number;
  readonly holdKey: string;
  readonly wishedAt: number;
  readonly holdId?: string;
  readonly orderKey?: string;
  readonly extendKey?: string;
  /** The present time limit: its end, and how long the whole of it is, in milliseconds. */
  readonly limit?: { readonly until: number; readonly whole: number };
  readonly isGivenBack?: boolean;
}

const STORED = 'reservation';
/** A wish that was never answered is taken up again by a reload, but not by one on the next day. */
const WISH_KEPT_MS = 60_000;
/** How long, and how often, a step is tried again while nobody answers. */
const TRIED_FOR_MS = 60_000;
const TRY_AGAIN_MS = 1000;
const LOOK_AGAIN_MS = 2000;
const LOOK_SOON_MS = 700;
/** How often, and how many times at most, for money that comes once the order has ended: ten minutes in all. */
const LOOK_LATE_MS = 5000;
const LATE_LOOKS_MAX = 120;

const kept = signal<Kept | null>(read());
export const hold = signal<Hold | null>(null);
/** What was said no to, in words for the buyer; null when nothing was. */
export const notice = signal<string | null>(null);
/** Whether the service does not answer, while something of the buyer's depends on it. */
export const isAway = signal(false);
export const name = computed(() => kept.value?.name ?? '');
export const isGivenBack = computed(() => kept.value?.isGivenBack === true);
/** Whether a wish of before a reload is still on its way. */
export const isWishing = computed(() => kept.value !== null && hold.value === null);
/** Whether it is not known yet what has become of the reservation that the tab had before a reload. */
export const isResuming = computed(() => isWishing.value && kept.value?.holdId !== undefined);

/** What is running out: the reservation, or the time to pay. */
export const deadline = computed<{ until: number; whole: number } | null>(() => {
  const current = hold.value;
  if (current === null) return null;
  const at = current.order?.status === 'pending_payment' ? current.order.payment_due_at : current.expires_at;
  if (at === null || current.status === 'released') return null;
  const until = Date.parse(at);
  const limit = kept.value?.limit;
  return { until, whole: limit?.until === until ? limit.whole : until - now.peek() };
});

/** Goes on with what the tab has, after it was loaded. */
export async function resume(): Promise<void> {
  const known = kept.value;
  if (known === null) return;
  if (known.holdId === undefined) {
    if (Date.now() - known.wishedAt > WISH_KEPT_MS) forget();
    else await askForHold(known);
  } else await look();
}

export async function reserve({ id, name: title }: Product): Promise<void> {
  notice.value = null;
  const wish = { name: title, productId: id, holdKey: newIdempotencyKey(), wishedAt: Date.now() };
  keep(wish);
  await askForHold(wish);
}

async function askForHold(wish: Kept): Promise<void> {
  const body = { product_id: wish.productId, quantity: 1 };
  await trying(async () => {
    const answer = await call<Hold>('POST', '/api/holds', { body, idempotencyKey: wish.holdKey });
    take(answer.body, { ...wish, holdId: answer.body.hold_id });
  }, forget);
  await look();
}

export async function askForMoreTime(): Promise<void> {
  const [known, current] = [kept.value, hold.value];
  if (known === null || current === null) return;
  const extendKey = known.extendKey ?? newIdempotencyKey();
  keep({ ...known, extendKey });
  await trying(async () => {
    const path = `/api/holds/${current.hold_id}/extend`;
    const { body } = await call<Pick<Hold, 'expires_at' | 'extensions_left'>>('POST', path, {
      idempotencyKey: extendKey,
    });
    const { extendKey: _used, ...rest } = known;
    take({ ...current, ...body }, rest);
  });
  await look();
}

export async function placeOrder(): Promise<void> {
  const [known, current] = [kept.value, hold.value];
  if (known === null || current === null) return;
  const orderKey = known.orderKey ?? newIdempotencyKey();
  keep({ ...known, orderKey });
  await trying(async () => {
    const order = await payableOrder<Order & Pick<Hold, 'payment'>>(current.hold_id, orderKey);
    isToBeSentOn = order.payment != null;
    take({ ...current, status: 'used', order, payment: order.payment ?? null }, { ...known, orderKey });
  });
  await look();
}

/** Makes what the buyer pays by anew, where the provider could not. */
export async function prepareAgain(): Promise<void> {
  const current = hold.value;
  if (current === null) return;
  await trying(async () => void (await call('POST', `/api/holds/${current.hold_id}/payment`)));
  isToBeSentOn = true;
  await look();
}

export async function giveBack(): Promise<void> {
  const [known, current] = [kept.value, hold.value];
  if (known === null || current === null) return;
  await trying(async () => {
    await call('DELETE', `/api/holds/${current.hold_id}`);
    keep({ ...known, isGivenBack: true });
  });
  await look();
}

/** Lets go of what is over. */
function forget(): void {
  clearTimeout(timer);
  lateLooks = 0;
  kept.value = null;
  hold.value = null;
  sessionStorage.removeItem(STORED);
}

/** Goes back to what is on sale; what was said no to was about what is over. */
export function leave(): void {
  notice.value = null;
  forget();
}

let timer: ReturnType<typeof setTimeout> | undefined;
let lateLooks = 0;
/** The page of the payment is gone to at once only by whom has just ordered: who came back from it is not sent there again. */
let isToBeSentOn = false;

/** Sees what has become of it: the clock here is not what decides. */
async function look(): Promise<void> {
  const known = kept.value;
  if (known?.holdId === undefined) return;
  clearTimeout(timer);
  try {
    const { body } = await call<Hold>('GET', `/api/holds/${known.holdId}`);
    isAway.value = false;
    if (kept.peek()?.holdId !== known.holdId) return;
    take(body, kept.peek()!);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) {
      notice.value = wordsOf(error);
      return forget();
    }
    isAway.value = true;
  }
  if (isAway.value || isOpen(hold.value))
    timer = setTimeout(() => void look(), isSoon(hold.value) ? LOOK_SOON_MS : LOOK_AGAIN_MS);
  else if (mayBePaidLate(hold.value) && lateLooks++ < LATE_LOOKS_MAX)
    timer = setTimeout(() => void look(), LOOK_LATE_MS);
}

addEventListener('online', () => void look());
addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void look());
// A page that comes back out of the browser's memory has slept meanwhile.
addEventListener('pageshow', ({ persisted }) => persisted && void look());

/** Whether something can still become of it. */
function isOpen(current: Hold | null): boolean {
  return current !== null && (current.status === 'active' || current.order?.status === 'pending_payment');
}

/** Whether money may come for what has ended: there was something to pay by, and nobody has said that it failed. */
export function mayBePaidLate(current: Hold | null): boolean {
  const { order, payment } = current ?? {};
  return order?.status === 'cancelled' && order.cancel_reason !== 'payment_failed' && payment != null;
}

/** Whether something is about to. */
function isSoon(current: Hold | null): boolean {
  if (current === null) return false;
  const { payment, order, expires_at } = current;
  // A bank takes days.
  const isInHand = payment?.state === 'open' || payment?.state === 'processing';
  return (
    (order?.status === 'pending_payment' && payment != null && !isInHand) ||
    (order == null && Date.parse(expires_at) - now.peek() < LOOK_AGAIN_MS)
  );
}

function take(told: Hold, known: Kept): void {
  hold.value = told;
  // A limit is as long as it was when it was first seen, also after a reload.
  const limit = deadline.peek();
  keep(limit === null ? known : { ...known, limit });
  const url = told.payment?.state === 'open' ? told.payment.url : null;
  if (!isToBeSentOn || url === null) return;
  isToBeSentOn = false;
  location.assign(url);
}

/**
 * Takes a step, and again while nobody answers or there is too much to do: with its key it has its effect once. What is
 * said no to is put into words.
 */
async function trying(step: () => Promise<void>, refused = (): void => undefined): Promise<void> {
  notice.value = null;
  for (const until = Date.now() + TRIED_FOR_MS; ;) {
    try {
      await step();
      isAway.value = false;
      return;
    } catch (error) {
      if (isServiceAway(error) && Date.now() < until) {
        isAway.value = true;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
        continue;
      }
      isAway.value = false;
      notice.value =
        error instanceof Refusal ? wordsOf(error) : 'No answer came from the shop. Nothing was taken from you.';
      return refused();
    }
  }
}

function keep(value: Kept): void {
  kept.value = value;
  sessionStorage.setItem(STORED, JSON.stringify(value));
}

function read(): Kept | null {
  const stored = sessionStorage.getItem(STORED);
  return stored === null ? null : (JSON.parse(stored) as Kept);
}
