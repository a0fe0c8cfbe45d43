// A private Redis or Valkey: append-only file, no eviction (a queue must not lose jobs), loopback.

import { resolve } from 'node:path';

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
