import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { standardHeaders, standardSecret } from '../../common/standard-webhooks.js';
import { Throttle } from '../../common/throttle.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { Transaction } from '../../database/transactions.js';
import { ownOrigin } from '../../http/own-origin.js';
import { Schedules } from '../../queue/schedules.js';
import { type DueNotice, SimulatedAccountRepository } from './simulated-account.repository.js';
import { type EventDetails, SIMULATED, simulatedEvent } from './simulated-events.js';
import type { SimulatedEventType, SimulatedPayment } from './simulated-payment.js';

const EVERY_SECOND = '* * * * * *';
const STEP = 20;
const TIMEOUT_MS = 10_000;
const WARNING_INTERVAL_MS = 60_000;

/**
 * Tells our own route what happened, as a provider does from outside: signed, over HTTP, at least once each, and again until
 * it is taken. What is to be told is kept in the transaction of what it tells.
 */
@Injectable()
export class SimulatedNotices implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Simulated payments');
  private readonly failures = new Throttle(WARNING_INTERVAL_MS);
  private readonly key: Buffer | null;
  private isWanted = false;
  private isClosed = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly account: SimulatedAccountRepository,
    private readonly schedules: Schedules,
    private readonly host: HttpAdapterHost,
    @Inject(CONFIG) { payments }: Config,
  ) {
    const [secret] = payments.simulated.webhookSecrets;
    this.key = secret === undefined ? null : keyOf(secret);
  }

  onModuleInit(): void {
    if (this.key !== null) this.schedules.add('simulated-notices', EVERY_SECOND, () => this.sendDue());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await this.running;
  }

  /** Keeps what is to be told of a locked payment, from so many seconds on. */
  tell(
    tx: Transaction,
    type: SimulatedEventType,
    payment: SimulatedPayment,
    { delaySeconds = 0, ...details }: EventDetails & { delaySeconds?: number } = {},
  ): void {
    this.account.insertNotice(tx, JSON.stringify(simulatedEvent(type, payment, details)), delaySeconds);
    tx.afterCommit(() => void this.sendDue(), { isHarmless: true });
  }

  /** Sends what is due; who asks while that goes on has it looked for once more. */
  private sendDue(): Promise<void> {
    this.isWanted = true;
    this.running ??= this.work().finally(() => (this.running = undefined));
    return this.running;
  }

  private async work(): Promise<void> {
    while (this.isWanted && !this.isClosed) {
      this.isWanted = false;
      await this.sendStep().catch((error: unknown) => this.warn(error));
    }
  }

  /** One after the other: real providers keep no order, but who plays with this one wants to see it. */
  private async sendStep(): Promise<void> {
    const origin = ownOrigin(this.host);
    // A command has nothing that listens; the service has.
    if (origin === null) return;
    const due = await this.account.findDueNotices(STEP);
    for (const notice of due) {
      if (await this.account.claimNotice(notice)) await this.send(origin, notice);
    }
    if (due.length === STEP) this.isWanted = true;
  }

  private async send(origin: string, notice: DueNotice): Promise<void> {
    const { id } = JSON.parse(notice.body) as { readonly id: string };
    try {
      const { status } = await fetch(`${origin}/api/payments/webhook/${SIMULATED}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...standardHeaders([this.key!], id, notice.body) },
        body: notice.body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (status >= 300) throw new Error(`The notice was answered with ${status}`);
      await this.account.deleteNotice(notice);
    } catch (error) {
      this.warn(error);
    }
  }

  private warn(error: unknown): void {
    const others = this.failures.pass();
    if (others !== null) this.logger.warn({ err: error, others }, 'A notice is sent again in a while');
  }
}

/** @throws Error for a secret that no notice can be signed with. */
function keyOf(secret: string): Buffer {
  const key = standardSecret(secret);
  if (key === null) throw new Error('SIMULATED_WEBHOOK_SECRETS: what follows whsec_ is not base64');
  return key;
}
