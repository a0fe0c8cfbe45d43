import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.js';
import { supervise } from './cluster.js';
import { type Config, loadConfig } from './config/config.js';
import { Lifecycle } from './observability/lifecycle.js';

if (existsSync('.env')) process.loadEnvFile('.env');

try {
  const config = loadConfig(process.env);
  if (config.webConcurrency > 1 && cluster.isPrimary) supervise(config);
  else await serve(config);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function serve(config: Config): Promise<void> {
  const app = await createApp(config);
  stopOnSignals(app, config);
  await app.listen(config.http.port, config.http.host);
}

/**
 * The first SIGTERM or SIGINT drains and ends with code 0. What does not end in time, such as a worker whose
 * Redis hangs, is left behind: everything that was answered is committed, and the rest is repeated by who sent it.
 */
function stopOnSignals(app: NestFastifyApplication, config: Config): void {
  const stop = (): void => {
    const lifecycle = app.get(Lifecycle);
    if (lifecycle.isDraining) return;
    lifecycle.drain();
    setTimeout(() => process.exit(0), config.shutdownTimeoutMs - 500).unref();
    app.close().then(
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
