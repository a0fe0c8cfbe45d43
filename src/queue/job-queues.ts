import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { type JobsOptions, Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { CONFIG, type Config } from '../config/config.js';
import { redisTls } from '../config/tls.js';

/** How long closing waits for a job that runs; a job that is cut off runs again, and all of ours may. */
const CLOSE_TIMEOUT_MS = 3000;

/** Failed jobs stay for the operator to look at and retry; done ones only for a while. Both are bounded. */
const JOB_OPTIONS: JobsOptions = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 7 * 86_400, count: 1000 },
};

/** A queue of one kind of job. */
export interface JobQueue<Data> {
  /**
   * Adds jobs; of those with the same `id` only one waits or runs at a time.
   *
   * @returns false when Redis did not take them in time: then the caller does the work itself.
   */
  enqueue(jobs: readonly { readonly id: string; readonly data: Data }[]): Promise<boolean>;
}

/**
 * The BullMQ queues of the service and, in processes with the role `worker`, the workers on them. The
 * database is the truth about what is to be done; a queue only spreads the work, and jobs run at least once.
 */
@Injectable()
export class JobQueues implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly queues = new Map<string, Queue>();
  private readonly handlers = new Map<string, (data: never) => Promise<unknown>>();
  private readonly workers: Worker[] = [];
  private readonly connections: Redis[] = [];

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Declares a queue, named by a noun in the plural, and what is done with its jobs. */
  create<Data>(name: string, handle: (data: Data) => Promise<unknown>): JobQueue<Data> {
    const queue = new Queue(name, {
      connection: this.connect(this.producerOptions()),
      defaultJobOptions: JOB_OPTIONS,
      skipWaitingForReady: true,
      // The check would be the connection's first command, and fail for good when Redis is not there yet.
      skipVersionCheck: true,
    });
    queue.on('error', (error) => this.logger.debug({ err: error }, `Queue ${name}`));
    this.queues.set(name, queue);
    this.handlers.set(name, handle);
    return { enqueue: (jobs) => this.enqueue(queue, jobs) };
  }

  /** The queues by name, for the operator's commands and the metrics. */
  get all(): ReadonlyMap<string, Queue> {
    return this.queues;
  }

  /** Whether Redis is there for the queues within `timeoutMs`. */
  async areConnected(timeoutMs: number): Promise<boolean> {
    const ready = this.connections.map(
      (connection) =>
        new Promise<true>((resolve) => {
          if (connection.status === 'ready') resolve(true);
          else connection.once('ready', () => resolve(true));
        }),
    );
    const result = await withinLimit(Promise.all(ready), timeoutMs);
    return result !== undefined;
  }

  onApplicationBootstrap(): void {
    if (!this.config.roles.includes('worker')) return;
    for (const [name, handle] of this.handlers) {
      const worker = new Worker(name, (job) => handle(job.data as never), {
        connection: this.connect({ maxRetriesPerRequest: null }),
      });
      worker.on('error', (error) => this.logger.debug({ err: error }, `Worker ${name}`));
      worker.on('failed', (job, error) => this.logger.warn({ err: error, jobId: job?.id }, `A job of ${name} failed`));
      this.workers.push(worker);
    }
  }

  /**
   * Jobs that run are waited for, but neither they nor a Redis that is away hold the process up: BullMQ's own
   * closing waits for as long as Redis does, so the connections are ours and are cut when the time is over.
   */
  async beforeApplicationShutdown(): Promise<void> {
    const closing = [...this.workers, ...this.queues.values()].map((closable) => closable.close());
    await withinLimit(Promise.all(closing), CLOSE_TIMEOUT_MS);
    for (const connection of this.connections) connection.disconnect();
  }

  private async enqueue(queue: Queue, jobs: readonly { id: string; data: unknown }[]): Promise<boolean> {
    const bulk = jobs.map(({ id, data }) => ({ name: queue.name, data, opts: { deduplication: { id } } }));
    try {
      await queue.addBulk(bulk);
      return true;
    } catch (error) {
      this.logger.debug({ err: error }, `Queue ${queue.name} takes no jobs`);
      return false;
    }
  }

  /** Fails fast: who enqueues has the database to fall back on. */
  private producerOptions(): RedisOptions {
    return { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: this.config.redis.commandTimeoutMs };
  }

  /** A connection that we can cut, and so are the copies that BullMQ makes of it. */
  private connect(options: RedisOptions): Redis {
    const { host, port, password, database } = this.config.redis;
    const connection = new Redis({
      host,
      port,
      db: database,
      ...(password !== '' && { password }),
      ...redisTls(this.config.redis),
      connectTimeout: 2000,
      // ioredis waits this long at closing even for a connection that is gone already.
      disconnectTimeout: 100,
      retryStrategy: (attempt) => Math.min(100 * attempt, 2000),
      ...options,
    });
    const duplicate = connection.duplicate.bind(connection);
    connection.duplicate = (override) => this.track(duplicate(override));
    return this.track(connection);
  }

  private track(connection: Redis): Redis {
    connection.on('error', (error) => this.logger.debug({ err: error }, 'Queue connection'));
    this.connections.push(connection);
    return connection;
  }
}

/** The result of the work, or undefined when it failed or was not done in time. */
async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  const result = await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
  return result;
}
