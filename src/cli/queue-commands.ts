import type { Queue } from 'bullmq';
import { withinLimit } from '../common/within-limit.js';
import type { Config } from '../config/config.js';
import { Queues } from '../queue/queues.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print, printTable } from './output.js';

/** How long the commands wait for Redis before they say that it is away. */
const REDIS_WAIT_MS = 3000;

export async function queueStatus(config: Config): Promise<void> {
  await withQueues(config, async (queues) => {
    const lines = await Promise.all(
      queues.map(async (queue) => {
        const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed');
        return { queue: queue.name, ...counts };
      }),
    );
    printTable(lines);
  });
}

export async function listFailedJobs(config: Config): Promise<void> {
  await withQueues(config, async (queues) => {
    const failed = (await Promise.all(queues.map((queue) => queue.getFailed(0, 999)))).flat();
    if (failed.length === 0) return print('No job has failed.');
    printTable(
      failed.map((job) => ({
        queue: job.queueName,
        job: job.id ?? null,
        tries: job.attemptsMade,
        data: JSON.stringify(job.data),
        reason: job.failedReason ?? null,
      })),
    );
  });
}

/** Puts one failed job, or all of them, back in line. @throws CommandFailedError when there is no such job. */
export async function retryFailedJobs(config: Config, jobId?: string): Promise<void> {
  await withQueues(config, async (queues) => {
    const failed = (await Promise.all(queues.map((queue) => queue.getFailed(0, -1)))).flat();
    const chosen = jobId === undefined ? failed : failed.filter((job) => job.id === jobId);
    if (jobId !== undefined && chosen.length === 0) throw new CommandFailedError(`There is no failed job ${jobId}.`);
    for (const [index, job] of chosen.entries()) {
      await job.retry();
      print(`${job.queueName} ${job.id}: in line again (${index + 1} of ${chosen.length})`);
    }
    print(`${chosen.length} jobs are in line again.`);
  });
}

async function withQueues(config: Config, work: (queues: readonly Queue[]) => Promise<void>): Promise<void> {
  await withServices(config, async (app) => {
    const queues = app.get(Queues).all;
    const areReady = Promise.all(queues.map((queue) => queue.waitUntilReady()));
    await withinLimit(areReady, REDIS_WAIT_MS).catch(() => {
      throw new CommandFailedError('Redis, where the queues are, does not answer.');
    });
    await work(queues);
  });
}
