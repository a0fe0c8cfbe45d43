import { getQueueToken } from '@nestjs/bullmq';
import type { JobQueue } from '../../src/queue/job-queue.js';
import type { Service } from './service.js';

/** A queue of a running service, once Redis is there for it: the service itself starts without waiting for that. */
export async function queueOf(service: Service, name: string): Promise<JobQueue> {
  const queue = service.app.get<JobQueue>(getQueueToken(name));
  await queue.waitUntilReady();
  return queue;
}
