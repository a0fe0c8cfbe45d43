import { BullModule } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import { type JobsOptions, Queue, type QueueOptions } from 'bullmq';
import type { Span } from '@opentelemetry/api';
import type { Redis } from 'ioredis';
import { untilReady } from '../redis/connect.js';
import type { Tracing } from '../tracing/tracing.types.js';
import { withTraceparent } from './job-tracing.js';

/** Failed jobs stay for the operator to look at and retry; done ones only for a while. Both are bounded. */
export const JOB_OPTIONS: JobsOptions = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 7 * 86_400, count: 1000 },
};

/** A queue of one kind of job, named as the schedule that feeds it. */
export class JobQueue<Data = unknown> extends Queue {
  private readonly logger = new Logger('Jobs');
  /** Set before anything is enqueued; BullMQ's modules make queues, and hand on no options but theirs. */
  tracing: Tracing | null = null;

  constructor(name: string, options: QueueOptions) {
    super(name, options);
    this.on('error', (error) => this.logger.debug({ err: error }, `Queue ${name}`));
  }

  /** BullMQ's own answer means nothing here: its queues don't wait for Redis (`skipWaitingForReady`). */
  override waitUntilReady(): Promise<void> {
    return untilReady(this.opts.connection as Redis);
  }

  /**
   * For how long the job with this `id` has been waiting, or running without saying that it goes on, in milliseconds; 0 where
   * none is, or Redis is away. A job says so with the time as its progress.
   */
  async ageMs(id: string): Promise<number> {
    try {
      const jobId = await this.getDeduplicationJobId(id);
      const job = jobId === null ? undefined : await this.getJob(jobId);
      if (job === undefined) return 0;
      const wentOnAt = typeof job.progress === 'number' ? job.progress : 0;
      return Math.max(0, Date.now() - Math.max(job.timestamp, wentOnAt));
    } catch (error) {
      this.logger.debug({ err: error }, `Queue ${this.name} tells nothing`);
      return 0;
    }
  }

  /**
   * Adds jobs; of those with the same `id` only one waits or runs at a time.
   *
   * @param span what the jobs are done for; their spans go on with its trace.
   * @returns false when Redis did not take them in time: then the caller does the work itself.
   */
  async enqueue(jobs: readonly { readonly id: string; readonly data: Data }[], span?: Span): Promise<boolean> {
    const { name, tracing } = this;
    try {
      await this.addBulk(
        jobs.map(({ id, data }) => ({
          name,
          data: withTraceparent(tracing, data, span),
          opts: { deduplication: { id } },
        })),
      );
      return true;
    } catch (error) {
      this.logger.debug({ err: error }, `Queue ${this.name} takes no jobs`);
      return false;
    }
  }
}

// Here, and not in a module: `registerQueue` takes the class when a feature's module is read, and who injects a queue
// has read this file before.
BullModule.queueClass = JobQueue;
