import { BullModule } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import { type Processor, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { withinLimit } from '../common/within-limit.js';
import type { Tracing } from '../tracing/tracing.types.js';
import { processTraced } from './job-tracing.js';

/** A job that takes longer has failed, so that its id is free for a successor; what it does may go on beside that. */
const JOB_LIMIT_MS = 600_000;

/** How long closing waits for a job that runs; a job that is cut off runs again, and all of ours may. */
const CLOSE_LIMIT_MS = 3000;

/**
 * How often jobs are looked for whose worker died with them. The second look that finds such a job hands it out again:
 * until then its id keeps its successors out.
 */
const STALLED_CHECK_MS = 5000;

/** BullMQ's worker, which waits neither for a job nor for a Redis that never ends. */
export class JobWorker extends Worker {
  private readonly logger = new Logger('Jobs');

  constructor(name: string, process: Processor, options: WorkerOptions) {
    const connection = (options.connection as Redis).duplicate();
    super(name, (job, token) => withinLimit(process(job, token), JOB_LIMIT_MS), {
      ...options,
      connection,
      stalledInterval: STALLED_CHECK_MS,
    });
    this.on('error', (error) => this.logger.debug({ err: error }, `Worker ${name}`));
    this.on('failed', (job, error) => this.logger.warn({ err: error, jobId: job?.id }, `A job of ${name} failed`));
  }

  /** Has each job done in a span. */
  traceBy(tracing: Tracing): void {
    const { processFn } = this;
    this.processFn = (job, ...rest) => processTraced(tracing, this.name, job, () => processFn(job, ...rest));
  }

  override async close(isForced?: boolean): Promise<void> {
    await withinLimit(super.close(isForced), CLOSE_LIMIT_MS).catch(() => undefined);
  }
}

BullModule.workerClass = JobWorker;
