// Where database and Redis come from. In this order: the environment, programs on this machine run
// as private instances, Docker, the system's package manager.
// Tests and benchmarks import startDatabase and startRedis to run, kill and restart servers.

import { join, resolve } from 'node:path';

import { root } from './checkout.mjs';
import { ensureNeeds, missingNeeds } from './needs.mjs';
import { startDatabase } from './servers/database.mjs';
import { isDockerReachable, startContainers } from './servers/docker.mjs';
import { startRedis, startSentinel } from './servers/redis.mjs';

export { startDatabase, startRedis, startSentinel };

/** @typedef {import('./servers/database.mjs').DatabaseServer} DatabaseServer */
/** @typedef {import('./servers/redis.mjs').RedisServer} RedisServer */

/** By which settings a server is named, the first that is set counts, and what else belongs to it. */
const GIVEN = {
  database: { names: ['DB_HOST'], others: ['DB_PORT', 'DB_USERNAME', 'DB_PASSWORD'] },
  redis: {
    names: ['REDIS_SENTINELS', 'REDIS_HOST'],
    others: ['REDIS_PORT', 'REDIS_PASSWORD', 'REDIS_SENTINEL_MASTER', 'REDIS_SENTINEL_PASSWORD'],
  },
};
const KINDS = Object.keys(GIVEN);

const nameOf = (kind, env) => GIVEN[kind].names.find((name) => env[name]);

function fromEnvironment(kind, env) {
  const { names, others } = GIVEN[kind];
  const entries = [...names, ...others].filter((key) => env[key]).map((key) => [key, env[key]]);
  const name = nameOf(kind, env);
  return { env: Object.fromEntries(entries), where: `${env[name]} (${name})`, stop: async () => {} };
}

function databaseEnv(port, username, password) {
  return {
    DB_HOST: '127.0.0.1',
    DB_PORT: String(port),
    DB_USERNAME: username,
    DB_PASSWORD: password,
  };
}

/** A password meant for another Redis would be refused by one that has none. */
function redisEnv(port, env) {
  const password = env.REDIS_PASSWORD ? { REDIS_PASSWORD: '' } : {};
  return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), ...password };
}

async function startPrivate(kind, { dir, env, log, databaseFlags }) {
  const home = join(dir, kind);
  const server =
    kind === 'database'
      ? await startDatabase({ dir: home, log, flags: databaseFlags })
      : await startRedis({ dir: home, log });
  log(`${server.label} is ready on port ${server.port}`);
  return {
    env: 'username' in server ? databaseEnv(server.port, server.username, server.password) : redisEnv(server.port, env),
    where: `${server.label}, private, port ${server.port}`,
    stop: () => server.stop(),
  };
}

async function startDocker(kinds, { dir, env, log }) {
  const { ports, password, stop } = await startContainers(kinds, { root, dir, log });
  return kinds.map((kind, index) => ({
    env: kind === 'database' ? databaseEnv(ports.database, 'root', password) : redisEnv(ports.redis, env),
    where: `${kind} in Docker, port ${ports[kind]}`,
    // One command stops them all.
    stop: index === 0 ? stop : async () => {},
  }));
}

/**
 * Database and Redis, each from the first source that has it.
 * @param {{ dir: string, env?: Record<string, string | undefined>, log?(line: string): void,
 *   databaseFlags?: string[] }} options
 */
export async function ensureServers({ dir, env = process.env, log = () => {}, databaseFlags = [] }) {
  const context = { dir: resolve(dir), env, log, databaseFlags };
  const given = KINDS.filter((kind) => nameOf(kind, env));
  const wanted = KINDS.filter((kind) => !given.includes(kind));
  const missing = missingNeeds(wanted, log);
  const viaDocker = missing.length > 0 && isDockerReachable() ? missing : [];
  if (missing.length > viaDocker.length) await ensureNeeds(missing, context);
  const isPrivate = (kind) => !given.includes(kind) && !viaDocker.includes(kind);
  const started = await Promise.all([
    ...given.map((kind) => fromEnvironment(kind, env)),
    ...KINDS.filter(isPrivate).map((kind) => startPrivate(kind, context)),
    ...(viaDocker.length > 0 ? [startDocker(viaDocker, context)] : []),
  ]);
  const sources = started.flat();
  return {
    env: Object.assign({}, ...sources.map((source) => source.env)),
    where: sources.map((source) => source.where),
    stop: async () => void (await Promise.all(sources.map((source) => source.stop()))),
  };
}
