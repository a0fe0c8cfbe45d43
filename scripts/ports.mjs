// Free ports, and whether a server on a port really answers.

import http from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tryLock } from './processes.mjs';

function canListen(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES'),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Some systems let a wildcard and a loopback listener share a port, so both are tried. */
export async function isPortFree(port) {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    if (!(await canListen(port, host))) return false;
  }
  return true;
}

/** Below those that systems give to connections and to who asks for any: a server that was killed finds its own again. */
const SERVER_PORTS = { first: 10_000, count: 10_000 };
const FIND_TRIES = 1000;

export function isServerPort(port) {
  return port >= SERVER_PORTS.first && port < SERVER_PORTS.first + SERVER_PORTS.count;
}

/** A port that is free now; whoever listens on it must be ready to lose the race for it. */
export async function findFreePort() {
  for (let tries = 0; tries < FIND_TRIES; tries++) {
    const port = SERVER_PORTS.first + Math.floor(Math.random() * SERVER_PORTS.count);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`No free port from ${SERVER_PORTS.first} to ${SERVER_PORTS.first + SERVER_PORTS.count - 1}`);
}

/**
 * Takes a port for this process. The lock settles what looking cannot: two checkouts that start in
 * the same second both find the port free, and each would take the other's answer for its own.
 * @returns whether the port is ours
 */
export async function claimPort(port) {
  const user = process.getuid?.() ?? 'user';
  const lock = join(tmpdir(), `flash-sale-ports-${user}`, `${port}.lock`);
  return (await tryLock(lock)) === null && (await isPortFree(port));
}

/** Takes the first free port from `first` on. */
export async function claimPortFrom(first, triesMax = 100) {
  for (let port = first; port < first + triesMax; port++) {
    if (await claimPort(port)) return port;
  }
  throw new Error(`No free port between ${first} and ${first + triesMax - 1}`);
}

/**
 * Connects to loopback, sends `greeting` if given, and resolves to whether the first bytes that
 * come back satisfy `accepts`. Never rejects: refused, silent and wrong all mean "not ready".
 */
export function answersOn(port, { greeting = '', accepts, timeoutMs = 2_000 }) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (isReady) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('connect', () => greeting && socket.write(greeting));
    socket.once('data', (bytes) => finish(accepts(bytes)));
  });
}

/** The status of a GET, or 0 when nothing answers; without keep-alive, which would delay a drain. */
export function getStatus(url, timeoutMs = 2_000) {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}
