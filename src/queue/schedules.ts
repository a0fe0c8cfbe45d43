import { getQueueToken } from '@nestjs/bullmq';
import {
  type BeforeApplicationShutdown,
  type FactoryProvider,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type Type,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { CONFIG, type Config } from '../config/config.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import type { JobQueue } from './job-queue.js';
import { processTraced } from './job-tracing.js';

/** How long work may be due before its queue is given up on and the scheduler does it by itself. */
const OVERDUE_MS = 5000;

/** A job that is to be done now. */
export interface DueJob<Data> {
  /** Of the jobs with one id only one waits or runs. */
  readonly id: string;
  readonly data: Data;
  /** For how long it has been due, in milliseconds. */
  readonly overdueMs: number;
}

/** What does a job: the queue's processor. */
interface Processing<Data> {
  process(job: { readonly data: Data }): Promise<unknown>;
}

interface ScheduledWork {
  readonly name: string;
  readonly cron: string;
  readonly work: () => Promise<void>;
}

/**
 * Work by the clock, in processes with the role `scheduler`. Nothing stops two instances from ticking in the
 * same second, so all work must be harmless in parallel. A tick is left out while the one before it still runs.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Schedules');
  private readonly scheduled: ScheduledWork[] = [];
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly registry: SchedulerRegistry,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(TRACING) private readonly tracing: Tracing | null,
  ) {}

  /** Runs `work` by the cron expression; `off` leaves it to the operator's commands. */
  add(name: string, cron: string, work: () => Promise<void>): void {
    if (cron !== 'off') this.scheduled.push({ name, cron, work });
  }

  /**
   * Has what is due done by the queue's workers, at least once each. The scheduler does by itself what Redis does not take,
   * and what is overdue: its job waits for a worker, or for one that hangs, and keeps its successors out. No tick waits for
   * that, since what hangs there would keep all else from being looked for.
   */
  addQueued<Data>(
    cron: string,
    queue: JobQueue<Data>,
    processor: Processing<Data>,
    findDue: () => Promise<readonly DueJob<Data>[]>,
  ): void {
    const underWay = new Set<string>();
    const doAlone = async ({ id, data }: DueJob<Data>): Promise<void> => {
      underWay.add(id);
      try {
        await processTraced(this.tracing, queue.name, { data }, () => processor.process({ data }));
      } finally {
        underWay.delete(id);
      }
    };
    this.add(queue.name, cron, async () => {
      const due = await findDue();
      if (due.length === 0) return;
      const isQueued = await queue.enqueue(due);
      for (const job of due) {
        const isLeft = !isQueued || job.overdueMs > OVERDUE_MS;
        if (isLeft && !underWay.has(job.id)) void this.follow(queue.name, doAlone(job));
      }
    });
  }

  onApplicationBootstrap(): void {
    if (!this.config.roles.includes('scheduler')) return;
    for (const entry of this.scheduled) {
      const job = CronJob.from({
        cronTime: entry.cron,
        timeZone: 'UTC',
        waitForCompletion: true,
        onTick: () => this.follow(entry.name, entry.work()),
      });
      this.registry.addCronJob(entry.name, job);
      job.start();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const job of this.registry.getCronJobs().values()) void job.stop();
    // A tick that ends may have begun something.
    while (this.running.size > 0) await Promise.all(this.running);
  }

  /** Says of work what it failed of, and has the process wait for it before it ends. Never rejects. */
  private async follow(name: string, work: Promise<void>): Promise<void> {
    const run = work.catch((error: unknown) => {
      this.logger.warn({ err: error }, `${name} failed; the next tick tries again`);
    });
    this.running.add(run);
    await run;
    this.running.delete(run);
  }
}

/**
 * Has a queue's work done in the background at each tick: whether there is any is what the work itself finds out. Its one
 * job is in the queue until it is done, and so says for how long it has been due.
 *
 * @param cron picks the expression of the work.
 */
export function alwaysDue(
  queueName: string,
  processor: Type<Processing<unknown>>,
  cron: (schedules: Config['schedules']) => string,
): FactoryProvider {
  return {
    provide: `schedule of ${queueName}`,
    inject: [Schedules, CONFIG, getQueueToken(queueName), processor],
    useFactory: (schedules: Schedules, config: Config, queue: JobQueue, worker: Processing<unknown>) =>
      schedules.addQueued(cron(config.schedules), queue, worker, async () => [
        { id: 'all', data: {}, overdueMs: await queue.ageMs('all') },
      ]),
  };
}
