import { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/config.js';
import { Connections } from './connections.js';
import { Lifecycle } from './lifecycle.js';
import { LiveStreams } from './live-streams.js';

/** How long open connections may bring one more request each, once there are no new ones. */
const LAST_REQUESTS_MS = 1000;

const CLOSE_INTERVAL_MS = 250;

/**
 * What a signal does: the first one ends the process with code 0. What does not end in time, such as a worker whose
 * Redis hangs, is left behind: everything that was answered is committed, and the rest is repeated by who sent it.
 */
export function stopping(app: NestFastifyApplication, config: Config): () => void {
  let isTold = false;
  return () => {
    if (isTold) return;
    isTold = true;
    setTimeout(() => process.exit(0), config.shutdownDelayMs + config.shutdownTimeoutMs - 500).unref();
    leave(app, config).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`Shutdown: ${String(error)}\n`);
        process.exit(0);
      },
    );
  };
}

/**
 * A load balancer keeps connections open and needs a moment to see that this instance is not ready. So none is closed
 * on which a request may be on its way: first the readiness alone says no, then no new connections are taken but for
 * those that wait already, and those that are open are told so with an answer. Who asks nothing then is cut off; who has
 * a request under way gets half of the time for it, so that the rest is left for what is behind the answers.
 */
async function leave(app: NestFastifyApplication, config: Config): Promise<void> {
  const lifecycle = app.get(Lifecycle);
  const connections = app.get(Connections);
  lifecycle.enter('leaving');
  await sleep(config.shutdownDelayMs);
  lifecycle.enter('closing');
  connections.endWithAnswers();
  app.get(LiveStreams).endAll();
  const closingAt = performance.now();
  const lastRequestsMs = Math.min(LAST_REQUESTS_MS, config.shutdownTimeoutMs / 4);
  await connections.takeWaiting(config.shutdownTimeoutMs / 4);
  let isAlone = false;
  // The listener alone: the HTTP server's own method would also cut connections that are idle at this moment.
  const alone = new Promise((resolve) => Server.prototype.close.call(app.getHttpServer(), resolve));
  void alone.then(() => (isAlone = true));
  await Promise.race([alone, sleep(lastRequestsMs)]);
  lifecycle.enter('draining');
  const patienceEndsAt = closingAt + lastRequestsMs + config.shutdownTimeoutMs / 2;
  while (!isAlone && performance.now() < patienceEndsAt) {
    connections.closeWaiting();
    await Promise.race([alone, sleep(CLOSE_INTERVAL_MS)]);
  }
  connections.closeAll();
  await app.close();
}
