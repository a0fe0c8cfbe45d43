import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { createApp } from './app.js';
import { supervise } from './cluster.js';
import { loadConfig } from './config/config.js';
import { stopping } from './http/shutdown.js';

/**
 * Reads `.env` and starts the service, or the primary of several processes.
 *
 * @param whenToldToEnd is given what a signal does from then on; until then nothing was answered, and none has to wait.
 */
export async function start(whenToldToEnd: (stop: () => void) => void): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  if (config.webConcurrency > 1 && cluster.isPrimary) return whenToldToEnd(supervise(config));
  const app = await createApp(config);
  whenToldToEnd(stopping(app, config));
  await app.listen(config.http.port, config.http.host);
}
