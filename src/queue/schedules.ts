import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { CONFIG, type Config } from '../config/config.js';

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
  ) {}

  /** Runs `work` by the cron expression; `off` leaves it to the operator's commands. */
  add(name: string, cron: string, work: () => Promise<void>): void {
    if (cron !== 'off') this.scheduled.push({ name, cron, work });
  }

  onApplicationBootstrap(): void {
    if (!this.config.roles.includes('scheduler')) return;
    for (const entry of this.scheduled) {
      const job = CronJob.from({
        cronTime: entry.cron,
        timeZone: 'UTC',
        waitForCompletion: true,
        onTick: () => this.tick(entry),
      });
      this.registry.addCronJob(entry.name, job);
      job.start();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const job of this.registry.getCronJobs().values()) void job.stop();
    await Promise.all(this.running);
  }

  private async tick({ name, work }: ScheduledWork): Promise<void> {
    const run = work().catch((error: unknown) => {
      this.logger.warn({ err: error }, `${name} failed; the next tick tries again`);
    });
    this.running.add(run);
    await run;
    this.running.delete(run);
  }
}
