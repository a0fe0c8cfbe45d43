import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { PoolInsides } from '../database/pool.js';
import { Queues } from '../queue/queues.js';
import { RedisService } from '../redis/redis.service.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { MetricDescription, Sample } from '../metrics/samples.js';

const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;

/** What the service stands on: the connection pool, Redis and the job queues. */
@Injectable()
export class SystemMetrics {
  constructor(
    private readonly metrics: MetricsService,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly redis: RedisService,
    private readonly queues: Queues,
  ) {
    this.watchPool();
    this.watchRedis();
    this.watchQueues();
  }

  private watchPool(): void {
    const states: Record<string, (pool: PoolInsides) => number> = {
      in_use: (pool) => pool._allConnections.length - pool._freeConnections.length,
      free: (pool) => pool._freeConnections.length,
    };
    this.addPoolGauge('checkout_pool_connections', 'Open connections to the database, by state', (pool) =>
      Object.entries(states).map(([state, count]) => ({ labels: { state }, value: count(pool) })),
    );
    this.addPoolGauge('checkout_pool_size', 'Most connections that the pool opens', (pool) => [
      { labels: {}, value: pool.config.connectionLimit },
    ]);
    this.addPoolGauge('checkout_pool_waiting', 'Work that waits for a connection', (pool) => [
      { labels: {}, value: pool._connectionQueue.length },
    ]);
  }

  private addPoolGauge(name: string, help: string, read: (pool: PoolInsides) => Sample[]): void {
    this.metrics.add({ name, help, type: 'gauge' }, () => {
      const { pool } = this.dataSource.driver as unknown as { readonly pool?: PoolInsides };
      return pool === undefined ? [] : read(pool);
    });
  }

  private watchRedis(): void {
    this.metrics.add(
      {
        name: 'checkout_redis_up',
        help: 'Whether Redis answers; without it the database answers alone',
        type: 'gauge',
        aggregator: 'min',
      },
      () => [{ labels: {}, value: Number(this.redis.isReady) }],
    );
    const memory = (
      name: string,
      help: string,
      field: string,
    ): MetricDescription & { read(info: string): Sample[] } => ({
      name,
      help,
      type: 'gauge',
      aggregator: 'first',
      read: (info) => [{ labels: {}, value: Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0) }],
    });
    this.metrics.addFacts('redis', () => this.redisInfo(), [
      memory('checkout_redis_memory_bytes', 'Memory that Redis uses', 'used_memory'),
      memory('checkout_redis_memory_max_bytes', 'Memory that Redis may use; 0 is without a limit', 'maxmemory'),
    ]);
  }

  private async redisInfo(): Promise<string> {
    const info = await this.redis.attempt((client) => client.info('memory'));
    if (info === null) throw new Error('Redis is away');
    return info;
  }

  private watchQueues(): void {
    this.metrics.addFacts('queues', () => this.countJobs(), [
      {
        name: 'checkout_queue_jobs',
        help: 'Jobs in each queue, by state',
        type: 'gauge',
        aggregator: 'first',
        read: (counts) =>
          counts.flatMap(({ queue, jobs }) =>
            JOB_STATES.map((state) => ({ labels: { queue, state }, value: jobs[state] ?? 0 })),
          ),
      },
    ]);
  }

  private countJobs(): Promise<{ queue: string; jobs: Record<string, number> }[]> {
    return Promise.all(
      this.queues.all.map(async (queue) => ({ queue: queue.name, jobs: await queue.getJobCounts(...JOB_STATES) })),
    );
  }
}
