import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { createApp } from './app.js';
import { supervise } from './cluster.js';
import { type Config, loadConfig } from './config/config.js';
import { stopOnSignals } from './http/shutdown.js';

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
