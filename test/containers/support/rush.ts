import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { hexHeaders, type NoticeHeaders } from '../../support/payments.js';
import type { RawAnswer } from '../../support/raw-requests.js';

/** Sends a request to the service as a buyer or a payment provider does. */
export type Send = (method: string, path: string, body?: unknown, headers?: NoticeHeaders) => Promise<RawAnswer>;

/** What the service has acknowledged; whatever happens afterwards, none of it may be missing. */
export interface Acknowledged {
  readonly holds: string[];
  readonly orders: number[];
  readonly paid: number[];
}

/** Buyers that buy until told to stop, through connections that are cut and servers that are away. */
export class Rush {
  readonly noted: Acknowledged = { holds: [], orders: [], paid: [] };
  private isOver = false;
  private readonly buyers: Promise<void>[];

  constructor(
    private readonly send: Send,
    private readonly productId: number,
    private readonly secret: string,
    buyers = 8,
  ) {
    this.buyers = Array.from({ length: buyers }, async () => {
      while (!this.isOver) {
        // A connection that breaks has acknowledged nothing; a server that is away is not asked in a tight loop.
        await this.buy().catch(() => pause(50));
      }
    });
  }

  /** Resolves when so many more orders were paid. */
  more(count: number): Promise<void> {
    const aim = this.noted.paid.length + count;
    return eventually(() => expect(this.noted.paid.length).toBeGreaterThan(aim), 120_000);
  }

  async stop(): Promise<Acknowledged> {
    this.isOver = true;
    await Promise.all(this.buyers);
    return this.noted;
  }

  /** Hold, order and signed payment of one unit, noted as far as each was acknowledged. */
  private async buy(): Promise<void> {
    const hold = await this.ask('/api/holds', { product_id: this.productId, quantity: 1 });
    this.noted.holds.push(hold.body.hold_id as string);
    const order = await this.ask('/api/orders', { hold_id: hold.body.hold_id });
    const id = order.body.order_id as number;
    this.noted.orders.push(id);
    const notice = JSON.stringify({ order_id: id, status: 'success', transaction_id: `txn-${randomUUID()}` });
    await this.ask('/api/payments/webhook', notice, hexHeaders(this.secret, notice));
    this.noted.paid.push(id);
  }

  private async ask(path: string, body: unknown, headers?: NoticeHeaders): Promise<RawAnswer> {
    const answer = await this.send('POST', path, body, headers);
    if (answer.status >= 300) throw new Error(`${path} was answered with ${answer.status}`);
    return answer;
  }
}
