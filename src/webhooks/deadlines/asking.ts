import { Injectable, Logger } from '@nestjs/common';
import { type Claim, DeadlineClaims, type Finding } from '../../orders/settling/deadline-claims.js';
import {
  type PaymentEvent,
  ProviderUnavailableError,
  SessionRefusedError,
} from '../../payment-providers/payment-provider.js';
import type { SessionRow } from '../../payment-sessions/payment-sessions.types.js';
import type { ProviderLine } from '../../payment-sessions/provider-line.js';
import { ProviderLines, type SessionProvider } from '../../payment-sessions/provider-lines.js';
import { toldBySession } from '../session-notices.js';
import { WebhooksService } from '../webhooks.service.js';

/** How long one run goes on, while there is something to do; the next one does the rest. */
const RUN_MS = 60_000;

/** Orders that are put off together while nobody can be asked. */
const AWAY_STEP = 100;

/**
 * Asks the providers before orders past their deadline end: each session is ended there, unless somebody has paid by it.
 *
 * Nothing is locked meanwhile. A buyer who pays before the provider ends the session has paid, and the order with it; one
 * who comes after can't pay any more. What the provider says is decided as a notice is, so that the notice of the same
 * payment, before or after, has no second effect. Who is killed leaves claims that end by themselves (`DeadlineClaims`).
 */
@Injectable()
export class Asking {
  private readonly logger = new Logger('Payments');

  constructor(
    private readonly claims: DeadlineClaims,
    private readonly lines: ProviderLines,
    private readonly webhooks: WebhooksService,
  ) {}

  /**
   * Asks for all orders that are due, at each provider's pace.
   *
   * @param goesOn is called with each step.
   * @returns how many orders were asked for.
   */
  async askDue(goesOn: () => Promise<unknown> = () => Promise.resolve()): Promise<number> {
    const names = await this.claims.findDueProviders();
    const counts = await Promise.all(names.map((name) => this.askAt(name, goesOn)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  private async askAt(name: string, goesOn: () => Promise<unknown>): Promise<number> {
    const provider = this.lines.providers.find((one) => one.name === name);
    const line = provider && this.lines.lineOf(provider, 'end');
    const until = performance.now() + RUN_MS;
    // The next orders are taken while the last calls of those before are under way: the pace alone says how many go out.
    let before: Promise<unknown> = Promise.resolve();
    let taken = 0;
    for (;;) {
      if (line?.isNear !== true) await before;
      const room = line?.room ?? 0;
      const claims = await this.claims.claim(name, room === 0 ? AWAY_STEP : room);
      const current = Promise.all(claims.map((claim) => this.take(claim, room === 0 ? undefined : provider, line)));
      await before;
      before = current;
      taken += claims.length;
      if (claims.length === 0 || performance.now() > until) break;
      await goesOn();
    }
    await before;
    return taken;
  }

  /** It does not fail: what can't be decided now is asked again when its claim is over. */
  private async take(claim: Claim, provider: SessionProvider | undefined, line?: ProviderLine): Promise<void> {
    try {
      const finding = await this.ask(claim, provider, line);
      await this.claims.decide(claim, finding);
    } catch (error) {
      this.logger.warn({ err: error, orderId: claim.order.id }, 'A payment deadline is left to a later try');
    }
  }

  private async ask({ order, session }: Claim, provider?: SessionProvider, line?: ProviderLine): Promise<Finding> {
    // Its buyer was never told what to pay by. What is being made is ended by who makes it, once the order has ended.
    if (session === null || session.sessionId === null) return 'unmade';
    if (provider === undefined || line === undefined) return 'away';
    await line.turn();
    try {
      const report = await provider.sessions.cancelSession(session.kind, session.sessionId);
      line.answered();
      if (report.state === 'cancelled') return 'over';
      if (report.state === 'open') throw new Error(`${provider.name} left the session ${session.sessionId} open`);
      await this.tell(order.id, toldBySession(session, order, report));
      return 'told';
    } catch (error) {
      return this.findingOf(error, session, line);
    }
  }

  /** Money that a person has looked at for as long as he has is not handed in a second time. */
  private async tell(orderId: number, event: PaymentEvent): Promise<void> {
    const known = await this.webhooks.findEventsOf(orderId);
    // A try at the same payment that failed may be in review as well, and is no money.
    const isInReview = known.some(
      ({ status, event: { status: said, transactionId } }) =>
        status === 'review' && said === 'success' && transactionId === event.transactionId,
    );
    if (!isInReview) await this.webhooks.handleNotice(event);
  }

  private findingOf(error: unknown, { holdId, provider }: SessionRow, line: ProviderLine): Finding {
    // It has no such session: nobody pays by it.
    if (error instanceof SessionRefusedError) {
      line.answered();
      this.logger.warn({ err: error, holdId }, 'A payment provider does not know a session of its own');
      return 'over';
    }
    if (!(error instanceof ProviderUnavailableError)) throw error;
    if (error.reason === 'busy') line.busyFor(error.retryAfterMs);
    else line.failed();
    if (!line.isNear) this.logger.warn({ err: error, provider }, 'A payment provider is left alone');
    return 'away';
  }
}
