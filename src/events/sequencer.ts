import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Throttle } from '../common/throttle.js';
import { CONFIG, type Config } from '../config/config.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { EventsRepository } from './events.repository.js';
import type { OrderReader, WaitingEvent } from './events.types.js';

/** Events that get their numbers in one transaction. */
const STEP = 500;

/** How long after a commit that wrote events they get their numbers: those of the commits meanwhile get theirs with them. */
const PAUSE_MS = 50;

/** How often schedulers look whether anything waits, such as what an instance wrote that died after its COMMIT. */
const LOOK_MS = 200;

/** How long after a try that failed the next one is made. */
const RETRY_MS = LOOK_MS;

const LOG_INTERVAL_MS = 60_000;

/**
 * Gives events their place. A number that a transaction draws before its COMMIT is no order to read by: a reader that has
 * seen 7 may see 6 appear later. So events wait in an inbox, and get their numbers in a transaction of their own, which
 * locks the one counter and takes what is committed by then. Whoever comes later with a lower number in the inbox is taken
 * by a later run, and gets a higher number in the sequence: nothing is looked for "after" a number of the inbox.
 *
 * The events of one order keep their order: each is written under the order's lock, so that the next has a higher number in
 * the inbox, and is not committed before it.
 *
 * Any instance may do it, at any time; who dies is rolled back, numbers included. `SKIP LOCKED` leaves it to who is at it,
 * who may have read the inbox too early for what waits: so who was left out looks again, as does who failed, and nobody
 * has to rely on a scheduler. Where the reply to COMMIT is lost the next run finds the inbox empty, or does it again: both
 * are right.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Events');
  private readonly failures = new Throttle(LOG_INTERVAL_MS);
  private readonly listeners: ((last: number) => void)[] = [];
  private readOrders: OrderReader = () => Promise.resolve(new Map());
  private looking: NodeJS.Timeout | undefined;
  private waking: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isAsked = false;
  private isEnding = false;

  constructor(
    private readonly events: EventsRepository,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.roles.includes('scheduler')) this.looking = setInterval(() => this.wake(0), LOOK_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    clearInterval(this.looking);
    clearTimeout(this.waking);
    await this.running;
  }

  /** Takes who tells what an order is; once. */
  setOrderReader(reader: OrderReader): void {
    this.readOrders = reader;
  }

  /** Calls `listener` with the newest number whenever this process has given some. It must not throw. */
  onSequenced(listener: (last: number) => void): void {
    this.listeners.push(listener);
  }

  /** Has what waits get its numbers soon. */
  wake(pauseMs = PAUSE_MS): void {
    this.isAsked = true;
    if (this.isEnding) return;
    this.waking ??= setTimeout(() => {
      this.running = this.run().then((nextPauseMs) => {
        this.waking = undefined;
        if (this.isAsked) this.wake(nextPauseMs);
      });
    }, pauseMs);
  }

  /** @returns how long to wait before the next run, if one is asked for: what was committed meanwhile may have come too late. */
  private async run(): Promise<number> {
    this.isAsked = false;
    try {
      if (!(await this.events.isWaiting())) return PAUSE_MS;
      let count: number | null;
      do count = await this.step();
      while (count === STEP);
      if (count === null) this.isAsked = true;
      return PAUSE_MS;
    } catch (error) {
      const heldBack = this.failures.pass();
      if (heldBack !== null) this.logger.warn({ err: error, heldBack }, 'Events get their numbers later');
      this.isAsked = true;
      return RETRY_MS;
    }
  }

  /** @returns how many events got their numbers; null where somebody else is at it. */
  private step(): Promise<number | null> {
    return this.transactions.once(async (tx) => {
      const locked = await this.events.lockInbox(tx, STEP);
      if (locked === null) return null;
      if (locked.waiting.length === 0) return 0;
      const { last, waiting } = locked;
      this.events.append(tx, last, await this.withOrders(tx, waiting));
      tx.afterCommit(() => {
        for (const listener of this.listeners) listener(last + waiting.length);
      });
      return waiting.length;
    });
  }

  private async withOrders(tx: Transaction, waiting: readonly WaitingEvent[]): Promise<readonly WaitingEvent[]> {
    const holdIds = new Set(waiting.flatMap(({ holdId }) => (holdId === null ? [] : [holdId])));
    if (holdIds.size === 0) return waiting;
    const orders = await this.readOrders(tx, [...holdIds]);
    const texts = new Map([...orders].map(([holdId, order]) => [holdId, JSON.stringify(order)]));
    return waiting.map((event) => {
      const order = texts.get(event.holdId ?? '');
      return order === undefined ? event : { ...event, json: joined(order, event.json) };
    });
  }
}

/** One object of what two have, as JSON; neither is empty. */
function joined(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`;
}
