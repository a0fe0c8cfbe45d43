import { Redis, type RedisOptions } from 'ioredis';
import type { Config } from '../config/config.js';
import { redisTls } from '../config/tls.js';

/** Connects to the Redis of the configuration; `options` say how the owner of the connection waits. */
export function connectToRedis(settings: Config['redis'], options: RedisOptions): Redis {
  const { password, database } = settings;
  const connection = new Redis({
    ...serverOf(settings),
    db: database,
    ...(password !== '' && { password }),
    ...redisTls(settings),
    connectTimeout: 2000,
    // ioredis waits this long at closing even for a connection that is gone already.
    disconnectTimeout: 100,
    reconnectOnError: isFromAnother,
    retryStrategy: backOff,
    ...options,
  });
  return quietly(connection);
}

/** What a connection tells when it was let in without the password that it sent. */
export const NEEDLESS_PASSWORD = 'needlessPassword';

/** ioredis prints that on the console; so it is told as an event, and by who owns the connection in the log. */
function quietly(connection: Redis): Redis {
  const auth = connection.auth.bind(connection) as Authentication;
  const authenticate: Authentication = (credentials, done) =>
    auth(credentials, (error) => {
      const isNeedless = /no password is set|without any password configured/.test(error?.message ?? '');
      if (isNeedless) connection.emit(NEEDLESS_PASSWORD);
      done(isNeedless ? null : error);
    });
  connection.auth = authenticate as typeof connection.auth;
  return connection;
}

type Authentication = (credentials: unknown, done: (error?: Error | null) => void) => Promise<unknown>;

const backOff = (attempt: number): number => Math.min(100 * attempt, 2000);

/** The one server, or the master as the sentinels name it at each connect. */
function serverOf({ host, port, sentinels, sentinelMaster, sentinelPassword, ...tls }: Config['redis']): RedisOptions {
  if (sentinels.length === 0) return { host, port };
  const { tls: sentinelTLS } = redisTls(tls);
  return {
    sentinels: [...sentinels],
    name: sentinelMaster,
    ...(sentinelPassword !== '' && { sentinelPassword }),
    ...(sentinelTLS !== undefined && { enableTLSForSentinelMode: true, sentinelTLS }),
    sentinelRetryStrategy: backOff,
  };
}

/**
 * Whether the server is no longer the one that we should talk to: demoted in a failover, or one that wants the password
 * again. A new connection finds the other, and tells the password; the command that failed is its caller's to repeat.
 */
function isFromAnother({ message }: Error): boolean {
  return message.startsWith('READONLY') || message.startsWith('NOAUTH');
}

/** What is set up wrong, in words for the operator, if an error of a connection tells of that; else null. */
export function misconfiguration({ message }: Error): string | null {
  if (/^(WRONGPASS|NOAUTH|ERR invalid password)/.test(message)) return 'Redis refuses the password (REDIS_PASSWORD)';
  if (/^NOPERM/.test(message)) return 'Redis refuses its user what the service needs';
  if (/cluster mode|^MOVED|^CROSSSLOT|^CLUSTERDOWN/.test(message)) return CLUSTER_MODE;
  return null;
}

const CLUSTER_MODE = 'Redis runs in cluster mode, where jobs and numbered databases are not possible (REDIS_HOST)';

/** Resolves once Redis has answered on this connection. */
export async function untilReady(connection: Redis): Promise<void> {
  if (connection.status !== 'ready') await new Promise((ready) => connection.once('ready', ready));
}

/** For who has the database to fall back on: a command that is not answered in time fails, and none waits in line. */
export function failingFast({ commandTimeoutMs }: Config['redis']): RedisOptions {
  return { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: commandTimeoutMs };
}
