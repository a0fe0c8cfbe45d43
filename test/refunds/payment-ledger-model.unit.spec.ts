import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { type MadeRefund, RefundRefusedError } from '../../src/payment-providers/payment-provider.js';
import { toPaymentEvent } from '../../src/payment-providers/stripe-events.js';
import { stripeRefunds } from '../../src/payment-providers/stripe-refunds.js';
import { PaymentLedger } from '../../src/refunds/payment-ledger.js';
import { type PaymentRow, REFUND_TRANSITIONS, type RefundRow } from '../../src/refunds/refunds.types.js';
import { decideMoneyBack } from '../../src/webhooks/deciding/money-back-decision.js';
import { pick, type Random, randomOf } from '../support/random.js';
import { StripeAccount } from '../support/stripe-account.js';
import type { ApiAnswer, ApiEvent, ApiRefund } from '../support/stripe-objects.js';

/** A long run is made by hand. */
const RUNS = Number(process.env.LEDGER_RUNS ?? 500);
const FIRST_SEED = Number(process.env.LEDGER_SEED ?? 1);

const NAME = { provider: 'stripe', transactionId: 'pi_1' };
const PAID = 999;
const PARTS = [100, 250, 400, 599, PAID];

const inCents = (amount: string | null): number => Math.round(Number(amount) * 100);

const TAKEN = { orderId: 5, amount: '9.99', currency: 'EUR' };

/**
 * One payment, its refunds here and at the stand-in's account, and all that happens to them: what is owed and sent by us and
 * lost on the way, what others give back there, what banks send back, and events that come in any order, some twice. That
 * it was paid may be told after all that others and banks do.
 */
class World {
  readonly log: string[] = [];
  private readonly account = new StripeAccount();
  /** Null: nobody has told anything of it. */
  private payment: PaymentRow | null = null;
  private refunds: RefundRow[] = [];
  /** Which news the list has to be read for; null: none. */
  private unread: number | null = null;
  private news = 0;
  private second = 1_700_000_000;
  private events: ApiEvent[] = [];
  private seen = 0;
  private readonly answers = new Map<string, ApiAnswer>();
  /** What goes on once its turn comes. */
  private waiting: (() => void)[] = [];
  private isAtRest = false;
  private returns = 0;
  /** In cents, in all. */
  private owed = 0;
  private readonly provider = stripeRefunds((question) => question(this.client()));

  constructor(private readonly random: Random) {
    this.account.setPaid(NAME.transactionId, PAID);
    if (random() < 0.7) this.take();
  }

  async step(): Promise<void> {
    if (this.random() < 0.3) this.second++;
    const deeds: readonly (readonly [weight: number, deed: () => unknown])[] = [
      [8, () => (this.isTaken ? this.owe(pick(this.random, PARTS)) : this.take())],
      [12, () => this.onOne(this.open(), ({ id }) => this.send(id))],
      [7, () => this.giveBackOutside()],
      [15, () => this.onOne(this.made('pending'), ({ id }) => this.account.refundArrives(id))],
      [6, () => this.onOne(this.made('pending', 'succeeded'), ({ id }) => this.account.returnByBank(id))],
      [22, () => this.onOne(this.events, (event) => this.deliver(event, this.random() < 0.1))],
      [6, () => this.read()],
      [24, () => this.onOne(this.waiting, (next) => this.goOn(next))],
    ];
    let left = this.random() * 100;
    void deeds.find(([weight]) => (left -= weight) < 0)![1]();
    await this.turn();
  }

  /** All arrives, all is told, all that is owed is sent, and the list is read for as long as there is news. */
  async comeToRest(): Promise<void> {
    this.isAtRest = true;
    for (let round = 0; round < 60; round++) {
      this.second++;
      for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
        this.goOn(next);
        await this.turn();
      }
      for (const { id } of this.made('pending')) this.account.refundArrives(id);
      await this.turn();
      while (this.events.length > 0) {
        if (!this.isTaken && this.random() < 0.3) this.take();
        this.deliver(pick(this.random, this.events), false);
      }
      if (!this.isTaken) this.take();
      if (this.unread !== null) void this.read();
      else if (this.open().length > 0) void this.send(this.open()[0]!.id);
      else if (this.waiting.length === 0) return;
      await this.turn();
    }
  }

  /** What is not as it should be, in words; empty: nothing. */
  fault(): string {
    const confirmed = this.refunds.filter(({ status }) => status === 'confirmed');
    const ours = confirmed.reduce((sum, { amount }) => sum + inCents(amount), 0);
    const theirs = this.account.givenBackOf(NAME.transactionId);
    const figure = inCents(this.payment!.amountRefunded);
    // What is sent while all is back has gone back with that.
    const waiting = theirs === PAID ? [] : this.refunds.filter(({ status }) => status === 'sent');
    const isTold = ours === theirs && figure === theirs;
    const isRight = isTold && this.owed <= theirs && this.open().length + waiting.length === 0;
    const states = `${this.open().length} open, ${waiting.length} sent`;
    return isRight ? '' : `${this.owed} owed, ${ours} confirmed, ${theirs} gone back, told as ${figure}, ${states}`;
  }

  private open(): RefundRow[] {
    return this.refunds.filter(({ status }) => status === 'due' || status === 'failed');
  }

  private made(...statuses: readonly ApiRefund['status'][]): ApiRefund[] {
    return this.account.refunds.filter(({ status }) => statuses.includes(status));
  }

  private onOne<T>(all: readonly T[], act: (one: T) => unknown): unknown {
    return all.length === 0 ? undefined : act(pick(this.random, all));
  }

  /** Has what was begun go on as far as it can, and takes what the account tells of, as of now. */
  private async turn(): Promise<void> {
    await nextTurn();
    const fresh = this.account.events.slice(this.seen).map((event) => ({ ...event, created: this.second }));
    this.seen = this.account.events.length;
    this.events.push(...fresh);
  }

  private between(): Promise<void> {
    return new Promise((next) => this.waiting.push(next));
  }

  private goOn(next: () => void): void {
    this.waiting = this.waiting.filter((other) => other !== next);
    next();
  }

  private isLost(): boolean {
    return !this.isAtRest && this.random() < 0.15;
  }

  private get isTaken(): boolean {
    return this.payment !== null && this.payment.orderId !== null;
  }

  private take(): void {
    this.decide('take', (ledger) => ledger.take({ ...NAME, ...TAKEN }));
  }

  private owe(cents: number): void {
    const cause = { cause: 'returned', causeRef: String(++this.returns) } as const;
    this.decide(`owe ${cents}`, (ledger) => {
      const isOwed = ledger.owe({ ...NAME, orderId: 5, amount: (cents / 100).toFixed(2), currency: 'EUR', ...cause });
      if (isOwed) this.owed += inCents(ledger.newRefunds().at(-1)!.refund.amount);
    });
  }

  private giveBackOutside(): void {
    const left = PAID - this.account.givenBackOf(NAME.transactionId);
    const fitting = PARTS.filter((cents) => cents <= left);
    this.onOne(fitting, (cents) => this.account.makeRefund(NAME.transactionId, cents));
  }

  private async send(id: number): Promise<void> {
    const asked = this.refunds.find((refund) => refund.id === id)!;
    const made = await this.provider
      .sendRefund({ ...asked, paid: TAKEN.amount, others: this.numbersBeside(id) })
      .catch((error: unknown) => (error instanceof RefundRefusedError ? error : undefined));
    await this.between();
    // Nobody heard what came of it, or he died before he could note it.
    if (made === undefined || this.isLost()) return;
    this.decide(`send ${id}`, (ledger) => {
      const refund = ledger.findRefund(this.refunds.find((one) => one.id === id)!);
      if (refund.attempt !== asked.attempt || refund.status !== asked.status) return;
      if (made instanceof Error) ledger.move(refund, 'failed', { reason: made.message }, null);
      else ledger.move(refund, 'sent', { providerRefundId: made?.refundId ?? null }, made?.amount ?? null, true);
    });
  }

  private numbersBeside(id: number): string[] {
    return this.refunds.flatMap((row) => (row.id === id ? [] : (row.providerRefundId ?? [])));
  }

  private async read(): Promise<void> {
    const { unread } = this;
    if (unread === null) return;
    const made: readonly MadeRefund[] = await this.provider.findRefunds(NAME.transactionId);
    await this.between();
    if (this.unread !== unread) return;
    this.unread = null;
    this.decide(`read ${made.map(({ refundId }) => refundId).join()}`, (ledger) => ledger.noteList(NAME, made));
  }

  private deliver(event: ApiEvent, isToComeAgain: boolean): void {
    if (!isToComeAgain) this.events = this.events.filter((other) => other !== event);
    const told = toPaymentEvent({ headers: {}, rawBody: '', body: event }, false);
    if (told.status === 'unhandled') return;
    const what = `${told.type} ${told.refund?.id ?? ''} ${told.amount}, told at ${told.occurredAt}`;
    this.decide(what, (ledger) => void decideMoneyBack(told, ledger, true));
  }

  /** Decides on the rows as they are, and writes what was decided as the repositories do. */
  private decide(what: string, decision: (ledger: PaymentLedger) => void): void {
    const ledger = new PaymentLedger(this.payment === null ? [] : [this.payment], this.refunds);
    decision(ledger);
    for (const { isUnread, ...facts } of ledger.changedPayments()) {
      this.payment = { ...facts, id: 1 };
      if (isUnread || this.unread !== null) this.unread = ++this.news;
    }
    const [made, changed] = [ledger.newRefunds(), ledger.changedRefunds()];
    for (const { row, ...correction } of ledger.correctedRefunds()) this.write(row, correction);
    for (const { row, to, note, isCounted } of changed) {
      expect(REFUND_TRANSITIONS[row.status]).toContain(to);
      this.write(row, { ...note, status: to, isCounted, attempt: row.attempt + Number(to === 'failed') });
    }
    for (const { refund, note, ...state } of made)
      this.refunds.push(newRow(this.refunds.length + 1, refund, state, note));
    const rows = this.refunds.map((row) => [row.id, row.cause, row.amount, row.status, row.providerRefundId].join(' '));
    this.log.push(`${what} → ${this.payment?.amountRefunded} gone back; ${rows.join('; ')}`);
  }

  private write({ id }: RefundRow, change: Partial<RefundRow>): void {
    this.refunds = this.refunds.map((row) => (row.id === id ? { ...row, ...change } : row));
  }

  /** The account as Stripe's package shows it. Whatever else happens may happen before and after each of its calls. */
  private client(): Stripe {
    const list = async function* (this: World): AsyncGenerator<ApiRefund> {
      await this.between();
      const { data } = this.account.list('refunds', { limit: '100' }).body as { data: ApiRefund[] };
      await this.between();
      yield* data;
    };
    const create = async (fields: Stripe.RefundCreateParams, { idempotencyKey }: { idempotencyKey: string }) => {
      await this.between();
      const { amount, metadata } = fields;
      const asked = {
        ...(amount && { amount: String(amount) }),
        'metadata[refund_id]': String((metadata as Record<string, string>).refund_id),
      };
      const known = this.answers.get(idempotencyKey);
      const answer = known ?? this.account.refund({ payment_intent: NAME.transactionId, ...asked });
      this.answers.set(idempotencyKey, answer);
      await this.between();
      if (this.isLost()) throw new Error('The reply is lost');
      if (answer.status === 200) return answer.body;
      throw Object.assign(new Error(), (answer.body as { error: object }).error, { statusCode: answer.status });
    };
    return { refunds: { list: () => list.call(this), create } } as unknown as Stripe;
  }
}

function newRow(id: number, refund: object, state: object, note: object): RefundRow {
  const rest = { causeRef: '', reason: null, attempt: 1, createdAt: '', updatedAt: '' };
  return { ...rest, ...refund, ...note, ...state, id } as RefundRow;
}

it('whatever comes in whatever order, the refunds here come to what went back there', async () => {
  const faults: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = randomOf(seed);
    const world = new World(random);
    for (let left = 5 + random() * 40; left > 0; left--) await world.step();
    await world.comeToRest();
    const fault = world.fault();
    if (fault !== '') faults.push([`LEDGER_SEED=${seed}: ${fault}`, ...world.log].join('\n'));
  }
  // The shortest way to a fault says the most.
  expect(faults.sort((one, other) => one.length - other.length).slice(0, 1)).toEqual([]);
});
