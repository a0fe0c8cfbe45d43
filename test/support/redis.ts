import { Redis } from 'ioredis';
import { loadConfig } from '../../src/config/config.js';

/** Forgets all that the worker's Redis has: figures, and how often which client called. */
export async function emptyRedis(): Promise<void> {
  const { host, port, password, database } = loadConfig(process.env).redis;
  const redis = new Redis({ host, port, db: database, ...(password !== '' && { password }) });
  await redis.flushdb();
  await redis.quit();
}
