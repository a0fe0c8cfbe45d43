import { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/config.js';
import { Lifecycle } from './lifecycle.js';

/** How long open connections may bring one more request each, once there are no new ones. */
const LAST_REQUESTS_MS = 1000;

/**
 * The first SIGTERM or SIGINT ends the process with code 0. What does not end in time, such as a worker whose
 * Redis hangs, is left behind: everything that was answered is committed, and the rest is repeated by who sent it.
 */
export function stopOnSignals(app: NestFastifyApplication, config: Config): void {
  const lifecycle = app.get(Lifecycle);
  const stop = (): void => {
    if (lifecycle.stage !== 'serving') return;
    setTimeout(() => process.exit(0), config.shutdownDelayMs + config.shutdownTimeoutMs - 500).unref();
    leave(app, lifecycle, config).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`Shutdown: ${String(error)}\n`);
        process.exit(0);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/**
 * A load balancer keeps connections open and needs a moment to see that this instance is not ready. So none is closed
 * on which a request may be on its way: first the readiness alone says no, then no new connections are taken, and those
 * that are open are told so with an answer.
 */
async function leave(app: NestFastifyApplication, lifecycle: Lifecycle, config: Config): Promise<void> {
  lifecycle.enter('leaving');
  await sleep(config.shutdownDelayMs);
  lifecycle.enter('closing');
  // The listener alone: the HTTP server's own method would also cut connections that are idle at this moment.
  const allGone = new Promise((resolve) => Server.prototype.close.call(app.getHttpServer(), resolve));
  await Promise.race([allGone, sleep(Math.min(LAST_REQUESTS_MS, config.shutdownTimeoutMs / 4))]);
  await app.close();
}
