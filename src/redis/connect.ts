import { Redis, type RedisOptions } from 'ioredis';
import type { Config } from '../config/config.js';
import { redisTls } from '../config/tls.js';

/** Connects to the Redis of the configuration; `options` say how the owner of the connection waits. */
export function connectToRedis(settings: Config['redis'], options: RedisOptions): Redis {
  const { host, port, password, database } = settings;
  return new Redis({
    host,
    port,
    db: database,
    ...(password !== '' && { password }),
    ...redisTls(settings),
    connectTimeout: 2000,
    // ioredis waits this long at closing even for a connection that is gone already.
    disconnectTimeout: 100,
    reconnectOnError: isFromAnother,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2000),
    ...options,
  });
}

/**
 * Whether the server is no longer the one that we should talk to: demoted in a failover, or one that wants the password
 * again. A new connection finds the other, and tells the password; the command that failed is its caller's to repeat.
 */
function isFromAnother({ message }: Error): boolean {
  return message.startsWith('READONLY') || message.startsWith('NOAUTH');
}

/** Resolves once Redis has answered on this connection. */
export async function untilReady(connection: Redis): Promise<void> {
  if (connection.status !== 'ready') await new Promise((ready) => connection.once('ready', ready));
}

/** For who has the database to fall back on: a command that is not answered in time fails, and none waits in line. */
export function failingFast({ commandTimeoutMs }: Config['redis']): RedisOptions {
  return { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: commandTimeoutMs };
}
