import { Injectable, Logger } from '@nestjs/common';
import { Transactions } from '../../database/transactions.js';
import { MetricsService } from '../../metrics/metrics.service.js';
import type { Tally } from '../../metrics/samples.js';
import { OrdersService } from '../../orders/orders.service.js';
import type { NamedOrderRow } from '../../orders/orders.types.js';
import { Settling } from '../../orders/settling/settling.js';
import {
  type MadeSession,
  ProviderUnavailableError,
  SessionRefusedError,
  type SessionRequest,
} from '../../payment-providers/payment-provider.js';
import { paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import type { SessionRow, SessionTask } from '../../payment-sessions/payment-sessions.types.js';
import type { ProviderLine } from '../../payment-sessions/provider-line.js';
import { ProviderLines, type SessionProvider } from '../../payment-sessions/provider-lines.js';
import { toldBySession } from '../session-notices.js';
import { WebhooksService } from '../webhooks.service.js';

/** How long one run goes on, while there is something to do; the next one does the rest. */
const RUN_MS = 60_000;

/** After how long a bank that has not said yet whether a payment comes is asked again. */
const UNDER_WAY_MS = 3_600_000;

/** After so many tries, the better part of a day, a session is left as it is: money that comes by it is late money. */
const END_TRIES_MAX = 300;

type Outcome = 'made' | 'ended' | 'refused' | 'busy' | 'failed' | 'away' | 'given_up';

const OUTCOMES: readonly Outcome[] = ['made', 'ended', 'refused', 'busy', 'failed', 'away', 'given_up'];

/** One task, and what is needed for it. */
interface Task {
  readonly row: SessionRow;
  readonly order: NamedOrderRow;
  readonly provider: SessionProvider;
}

/**
 * Asks the providers for what is due: outside of every transaction, at each one's pace, and safe to be repeated.
 *
 * Who is killed between asking and noting has left the row as it was, with its lease: whoever takes it afterwards asks
 * by the same key, and gets the same session. What was made is noted under the order's lock. If the order has ended by
 * then, the session is ended as well: whichever of the two comes first to that lock, the other one sees it.
 */
@Injectable()
export class SessionOutbox {
  private readonly logger = new Logger('Payments');
  private readonly tally: Tally;

  constructor(
    private readonly sessions: PaymentSessionsService,
    private readonly lines: ProviderLines,
    private readonly orders: OrdersService,
    private readonly settling: Settling,
    private readonly webhooks: WebhooksService,
    private readonly transactions: Transactions,
    metrics: MetricsService,
  ) {
    const help = 'What became of calls by which payment sessions are made and ended';
    this.tally = metrics.tally('checkout_payment_session_calls_total', help, 'outcome', OUTCOMES);
  }

  /**
   * Does what is due of one task, at all providers.
   *
   * @param goesOn is called with each step.
   * @returns how many rows were taken.
   */
  async work(task: SessionTask, goesOn: () => Promise<unknown>): Promise<number> {
    const taken = await Promise.all(this.lines.providers.map((provider) => this.workAt(provider, task, goesOn)));
    return taken.reduce((sum, count) => sum + count, 0);
  }

  private async workAt(provider: SessionProvider, task: SessionTask, goesOn: () => Promise<unknown>): Promise<number> {
    const line = this.lines.lineOf(provider, task);
    const until = performance.now() + RUN_MS;
    // The next rows are taken while the last calls of those before are under way: the pace alone says how many go out.
    let before: Promise<void> = Promise.resolve();
    let taken = 0;
    for (;;) {
      if (!line.isNear) await before;
      const { room } = line;
      if (room === 0) await this.sessions.putOffDue(provider.name, task, line.awayMs);
      const rows = room === 0 ? [] : await this.sessions.claim(provider.name, task, room);
      const current = this.takeAll(provider, line, rows);
      await before;
      before = current;
      taken += rows.length;
      if (rows.length === 0 || performance.now() > until) break;
      await goesOn();
    }
    await before;
    return taken;
  }

  /** It does not fail: what can't be done now stays as it was, and is taken again when its lease is over. */
  private async takeAll(provider: SessionProvider, line: ProviderLine, rows: readonly SessionRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      const orders = await this.orders.findOrdersOfHolds(rows.map(({ holdId }) => holdId));
      const byHold = new Map(orders.map((order) => [order.hold_id, order]));
      await Promise.all(
        rows.map(async (row) => {
          const order = byHold.get(row.holdId);
          // An order that is gone takes its session with it.
          if (order !== undefined) await this.take({ row, order, provider }, line);
        }),
      );
    } catch (error) {
      this.logger.warn({ err: error, sessions: rows.length }, 'Payment sessions are left to a later try');
    }
  }

  /** What can't be noted stays as it was, and is taken again when its lease is over. */
  private async take(task: Task, line: ProviderLine): Promise<void> {
    const { row } = task;
    try {
      await line.turn();
      if (row.task === 'make') await this.make(task, line);
      else await this.end(task, line);
    } catch (error) {
      await this.noteFailure(task, line, error).catch((failure: unknown) => {
        this.logger.warn({ err: failure, holdId: row.holdId }, 'A payment session is left to a later try');
      });
    }
  }

  private async make(task: Task, line: ProviderLine): Promise<void> {
    const made = await task.provider.sessions.createSession(requestOf(task));
    line.answered();
    this.tally.add('made');
    await this.noteMade(task, made);
  }

  /** Under the order's lock: an order that has ended by now needs no session, and one that ends later sees it. */
  private noteMade({ row, order: { id } }: Task, made: MadeSession): Promise<void> {
    return this.transactions.run(async (tx) => {
      const [[order], [session]] = await Promise.all([
        this.settling.lockOrders(tx, [id]),
        this.sessions.lock(tx, [row.holdId]),
      ]);
      const isKnown = session === undefined || session.sessionId !== null || session.makeAttempt !== row.makeAttempt;
      if (isKnown || order === undefined) return;
      const isWanted = order.status === 'pending_payment';
      this.sessions.noteMade(tx, session, made, isWanted);
      if (isWanted) this.settling.movePaymentDue(tx, id, session.paymentSeconds);
    });
  }

  /**
   * A session that nobody heard of is made by the same key, to know its number: it may be there. One whose payment is under
   * way is asked for until the bank has said whether it comes: where it does not, the buyer could pay by it once more.
   */
  private async end(task: Task, line: ProviderLine): Promise<void> {
    const { row, provider } = task;
    if (row.sessionId === null) return this.make(task, line);
    const report = await provider.sessions.cancelSession(row.kind, row.sessionId);
    line.answered();
    if (report.state === 'open') throw new Error(`${provider.name} left the session ${row.sessionId} open`);
    if (report.state === 'processing') return this.sessions.putOffFor(row, UNDER_WAY_MS);
    if (report.state === 'succeeded') await this.webhooks.handleNotice(toldBySession(row, task.order, report));
    this.tally.add('ended');
    await this.sessions.finishEnd(row);
  }

  private async noteFailure({ row }: Task, line: ProviderLine, error: unknown): Promise<void> {
    if (error instanceof SessionRefusedError) return this.noteRefusal(row, line, error);
    if (!(error instanceof ProviderUnavailableError)) throw error;
    this.tally.add(error.reason);
    if (error.reason === 'busy') {
      line.busyFor(error.retryAfterMs);
      return this.sessions.putOffFor(row, error.retryAfterMs);
    }
    line.failed();
    if (!line.isNear) this.logger.warn({ err: error, provider: row.provider }, 'A payment provider is left alone');
    if (row.task === 'end' && row.taskTries >= END_TRIES_MAX) return this.giveUp(row);
    // What it says of itself it says again to the same try. Nobody was told of what that may have made.
    return this.sessions.putOff(row, error.reason === 'failed' && row.task === 'make');
  }

  private noteRefusal(row: SessionRow, line: ProviderLine, error: SessionRefusedError): Promise<void> {
    line.answered();
    this.tally.add('refused');
    this.logger.warn({ err: error, holdId: row.holdId }, 'A payment provider refuses a session');
    return row.task === 'make' ? this.sessions.fail(row) : this.sessions.finishEnd(row);
  }

  private giveUp(row: SessionRow): Promise<void> {
    this.tally.add('given_up');
    this.logger.warn({ holdId: row.holdId, sessionId: row.sessionId }, 'A payment session could not be ended');
    return this.sessions.finishEnd(row);
  }
}

function requestOf({ row, order }: Task): SessionRequest {
  const { kind, holdId, returnUrl, makeAttempt, askedForSeconds } = row;
  const { id, amount, currency, processing_seconds, qty, product_name } = order;
  return {
    title: `${qty} × ${product_name}`,
    ...{ kind, holdId, orderId: id, reference: paymentReferenceOf(id, holdId), amount, currency, returnUrl },
    ...{ isDelayTaken: (processing_seconds ?? 0) > 0, attempt: makeAttempt, askedForSeconds: askedForSeconds ?? 0 },
  };
}
