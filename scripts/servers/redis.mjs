// A private Redis or Valkey: append-only file, no eviction (a queue must not lose jobs), loopback.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { answersOn } from '../ports.mjs';
import { findRedis } from './binaries.mjs';
import { PrivateServer, claimServerDir } from './private-server.mjs';

/** @typedef {Awaited<ReturnType<typeof startRedis>>} RedisServer */

function serverArgs(dir, flags) {
  return (port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--protected-mode', 'yes'],
    ...['--dir', dir, '--appendonly', 'yes', '--save', ''],
    ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
    ...flags,
  ];
}

/** While it loads its data it answers -LOADING, which is not ready yet. */
function isReady(port) {
  return answersOn(port, {
    greeting: 'PING\r\n',
    accepts: (bytes) => bytes.toString().startsWith('+PONG'),
  });
}

/** @param {{ dir: string, port?: number, flags?: string[], log?(line: string): void }} options */
export async function startRedis({ dir, port, flags = [], log = () => {} }) {
  const found = findRedis();
  if (!found) throw new Error('No Redis or Valkey server on this machine');
  const home = resolve(dir);
  await claimServerDir('redis', home, log);
  const server = new PrivateServer({
    ...found,
    kind: 'redis',
    dir: home,
    port,
    args: serverArgs(home, flags),
    isReady,
  });
  return server.start();
}

/**
 * A sentinel that watches one master, and goes over to a replica a second after it is gone.
 *
 * @param {{ dir: string, master: { name: string, port: number }, quorum: number }} options
 */
export async function startSentinel({ dir, master, quorum }) {
  const found = findRedis();
  if (!found) throw new Error('No Redis or Valkey server on this machine');
  const home = resolve(dir);
  await claimServerDir('redis', home, () => {});
  const file = join(home, 'sentinel.conf');
  const settings = [
    `monitor ${master.name} 127.0.0.1 ${master.port} ${quorum}`,
    `down-after-milliseconds ${master.name} 1000`,
    `failover-timeout ${master.name} 10000`,
  ];
  // It writes down there what it learns.
  writeFileSync(file, settings.map((line) => `sentinel ${line}\n`).join(''));
  const args = (/** @type {number} */ port) => [file, '--port', String(port), '--bind', '127.0.0.1', '--sentinel'];
  return new PrivateServer({ ...found, kind: 'redis', dir: home, args, isReady }).start();
}
