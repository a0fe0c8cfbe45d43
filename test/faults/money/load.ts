import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { execute, query } from '../../support/database.js';
import { adminHeaders, giveBack } from '../../support/factories.js';
import type { Instances } from '../../support/instances.js';
import { sendEvent } from '../../support/payments.js';
import { pick, type Random } from '../../support/random.js';
import type { StripeApi } from '../../support/stripe-api.js';
import type { ApiEvent } from '../../support/stripe-objects.js';
import { CHECKOUT, holdOf, INTENT, orderWith, type PaidOrder } from '../../support/stripe-sales.js';

const BUYERS = 6;
/** Between two turns of anybody. */
const TURN_MS = 60;
/** How late an event comes, at most, when somebody answers at once. */
const LATE_MS = 400;
/** Longer than a session takes to be made while nobody is killed. */
const PATIENCE_MS = 8000;
/** In cents; what is given back of it in parts is no whole share of it. */
const PARTS = [100, 250, 348, 400, 599];

export const PRICE = '9.99';

/** What a buyer does with what he can pay by, which has this number at the stand-in. */
type Way = (load: MoneyLoad, id: string, order: PaidOrder) => unknown;

const WAYS: readonly Way[] = [
  ({ api }, id) => api.pay(id),
  ({ api }, id) => api.pay(id),
  async ({ api }, id) => {
    api.decline(id);
    await pause(TURN_MS);
    api.pay(id);
  },
  (load, id) => load.payByDebit(id),
  // In the second of his deadline.
  async ({ api, random }, id, order) => {
    await pause(Math.max(0, Date.parse(order.payment_due_at) - Date.now() + (random() - 0.3) * 1500));
    api.pay(id);
  },
  // While he cancels.
  ({ api, instances, random }, id, order) =>
    Promise.all([giveBack(instances.any(), order.hold_id), pause(random() * 200).then(() => api.pay(id))]),
  ({ instances }, _, order) => giveBack(instances.any(), order.hold_id),
  () => undefined,
  // By the shop's own form, too.
  ({ api }, id, order) => {
    api.pay(id);
    const metadata = { 'metadata[payment_reference]': order.payment_reference };
    const made = api.createIntent({ amount: '999', currency: 'eur', ...metadata });
    api.pay((made.body as { id: string }).id);
  },
];

/**
 * A shop in use: buyers who pay in every way there is, operators who give money back, the provider's own pages, banks, and
 * the provider's events, which come late, in any order, some twice, and again until they are taken. Everybody calls whatever
 * instance answers, and who gets no answer goes on with something else.
 */
export class MoneyLoad {
  /** Events that were refused for good. */
  readonly refused: string[] = [];
  private isOver = false;
  private isStopped = false;
  private readonly debits = new Set<string>();
  private readonly underWay = new Set<Promise<void>>();
  private delivered = 0;
  private readonly turns: Promise<unknown>[];

  constructor(
    readonly api: StripeApi,
    readonly instances: Instances,
    readonly random: Random,
    private readonly productIds: readonly number[],
  ) {
    const buyers = Array.from({ length: BUYERS }, () => this.keepOn(() => this.buy()));
    this.turns = [...buyers, this.keepOn(() => this.operate()), this.keepOn(() => this.moveMoney())];
    void this.keepDelivering();
  }

  payByDebit(id: string): void {
    if (this.api.payByDebit(id)) this.debits.add(id);
  }

  /** Nobody begins anything new. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.turns);
  }

  /** What is left to be done when nobody begins anything new: a turn of all who have to do with that. */
  async finish(): Promise<void> {
    for (const id of this.debits) this.endDebit(id);
    for (const { id, status } of this.api.refunds) if (status === 'pending') this.api.refundArrives(id);
    await this.sendRefunds(100);
    await Promise.all(this.underWay);
  }

  get isDelivered(): boolean {
    return this.delivered === this.api.events.length && this.underWay.size === 0;
  }

  stop(): void {
    this.isStopped = true;
  }

  private async keepOn(act: () => Promise<unknown>): Promise<void> {
    while (!this.isOver) {
      // What was committed all the same, the rows say.
      await act().catch(() => undefined);
      await pause(TURN_MS);
    }
  }

  private async buy(): Promise<void> {
    const { instances, random } = this;
    const overrides = { product_id: pick(random, this.productIds) };
    const order = await orderWith(instances.any(), pick(random, [INTENT, CHECKOUT]), overrides);
    const id = await this.sessionOf(order);
    if (id !== undefined) await pick(random, WAYS)(this, id, order);
  }

  /** What the buyer can pay by, once he is told. */
  private async sessionOf(order: PaidOrder): Promise<string | undefined> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const state = await holdOf(this.instances.any(), order).then(
        ({ payment }) => payment?.state,
        () => 'preparing',
      );
      const { intents, sessions } = this.api;
      const isHis = ({ metadata }: (typeof intents | typeof sessions)[number]): boolean =>
        metadata.payment_reference === order.payment_reference;
      if (state === 'open') return [...sessions, ...intents].find(isHis)?.id;
      if (state !== 'preparing') return undefined;
      await pause(TURN_MS);
    }
    return undefined;
  }

  private async operate(): Promise<void> {
    if (this.random() < 0.5) await this.sendRefunds(2);
    if (this.random() < 0.2) await this.returnOne();
  }

  private async sendRefunds(count: number): Promise<void> {
    const owed = await query<{ id: number }>(
      "SELECT id FROM refunds WHERE status IN ('due', 'failed') ORDER BY RAND() LIMIT ?",
      [count],
    );
    await Promise.all(owed.map(({ id }) => this.post(`/api/admin/refunds/${id}/send`).catch(() => undefined)));
  }

  private async returnOne(): Promise<void> {
    const [order] = await query<{ id: number }>("SELECT id FROM orders WHERE status = 'paid' ORDER BY RAND() LIMIT 1");
    if (order === undefined) return;
    const amount = this.random() < 0.6 ? (pick(this.random, PARTS) / 100).toFixed(2) : null;
    const quantity = amount === null ? 1 : 0;
    await this.post(`/api/admin/orders/${order.id}/return`, { quantity, amount, restock: this.random() < 0.5 });
  }

  private post(path: string, body?: object) {
    const service = this.instances.any();
    return service.call('POST', path, body, adminHeaders(service));
  }

  /** Banks, and what somebody does on the provider's pages. */
  private moveMoney(): Promise<void> {
    const { api, random } = this;
    for (const { id, status } of api.refunds) {
      if (status === 'pending' && random() < 0.3) api.refundArrives(id);
      if (status !== 'failed' && random() < 0.004) api.returnByBank(id);
    }
    for (const id of this.debits) if (random() < 0.1) this.endDebit(id);
    const paid = api.intents.filter(({ status }) => status === 'succeeded');
    if (paid.length > 0 && random() < 0.15) this.refundOutside(pick(random, paid));
    return Promise.resolve();
  }

  private refundOutside({ id, amount_received }: { readonly id: string; readonly amount_received: number }): void {
    const left = amount_received - this.api.givenBackOf(id);
    const sum = pick(this.random, [...PARTS, left]);
    if (sum > 0 && sum <= left) this.api.refundOutside(id, sum);
  }

  private endDebit(id: string): void {
    this.debits.delete(id);
    this.api.endDebit(id, this.random() < 0.6);
  }

  private async keepDelivering(): Promise<void> {
    while (!this.isStopped) {
      const fresh = this.api.events.slice(this.delivered);
      this.delivered = this.api.events.length;
      for (const event of fresh) {
        for (let time = this.random() < 0.1 ? 2 : 1; time > 0; time--) this.send(event);
      }
      await pause(TURN_MS / 3);
    }
  }

  private send(event: ApiEvent): void {
    const sending = this.deliver(event).finally(() => this.underWay.delete(sending));
    this.underWay.add(sending);
  }

  private async deliver(event: ApiEvent): Promise<void> {
    for (;;) {
      await pause(this.random() * LATE_MS);
      const answer = await sendEvent(this.instances.any(), event).catch(() => undefined);
      if (answer === undefined || answer.status >= 500) continue;
      if (answer.status >= 300) this.refused.push(`${event.type}: ${answer.text}`);
      return;
    }
  }
}

/** Lets what is put off come due, as time would: pauses after failures, and the leases of who died. */
export async function passTime(): Promise<void> {
  for (const change of [
    'UPDATE payment_sessions SET task_due_at = NOW(3) WHERE task IS NOT NULL',
    'UPDATE payments SET refunds_due_at = NOW(3) WHERE refunds_due_at > NOW(3)',
    "UPDATE orders SET due_at = NOW(3) WHERE status = 'pending_payment' AND due_at > NOW(3)",
  ])
    // It goes by another index than the service does, and may lose a deadlock to it.
    await eventually(() => execute(change));
}
