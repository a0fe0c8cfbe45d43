// Database and Redis from docker-compose.yml, for machines with a Docker engine and no server of
// their own. The containers belong to this checkout: project name, ports and password are its own.

import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { own, runTool } from '../owned.mjs';
import { findFreePort } from '../ports.mjs';
import { keptSecret } from '../secrets.mjs';

const ANSWER_TIMEOUT_MS = 5_000;

/** True when the engine answers, not only the client, and knows `compose`. */
export function isDockerReachable() {
  /** @type {import('node:child_process').ExecFileSyncOptions} */
  const options = { stdio: 'ignore', timeout: ANSWER_TIMEOUT_MS };
  try {
    execFileSync('docker', ['compose', 'version'], options);
    execFileSync('docker', ['info'], options);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {('database' | 'redis')[]} services
 * @returns {Promise<{ ports: { database?: number, redis?: number }, password: string, stop(): Promise<void> }>}
 */
export async function startContainers(services, { root, dir, log }) {
  const password = keptSecret(join(dir, 'docker-password'));
  const ports = { database: await findFreePort(), redis: await findFreePort() };
  while (ports.redis === ports.database) ports.redis = await findFreePort();
  // The password is part of the name: a volume made with another one must not be met again.
  const project =
    'flash-sale-' +
    createHash('sha256')
      .update(dir + password)
      .digest('hex')
      .slice(0, 12);
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    DB_PASSWORD: password,
    // The file wants them for the service, which is not started here.
    ENV_FILE: '/dev/null',
    ADMIN_TOKEN: 'unused',
    WEBHOOK_SECRETS: 'unused',
    DB_PUBLISHED_PORT: String(ports.database),
    REDIS_PUBLISHED_PORT: String(ports.redis),
  };
  const compose = (name, args, more = {}) =>
    runTool('docker', ['compose', '-f', join(root, 'docker-compose.yml'), ...args], {
      name,
      cwd: root,
      env,
      pidDir: dir,
      ...more,
    });
  const end = () => compose('docker-compose-stop', ['stop', ...services], { isWaitedFor: true, isPartOfStop: true });
  const disown = own({ role: 'server', end, kill: () => {} });
  log(`Starting ${services.join(' and ')} with Docker (project ${project}; the first time fetches the images)`);
  await compose('docker-compose-up', ['up', '-d', '--wait', ...services]);
  return { ports, password, stop: async () => (disown(), void (await end())) };
}
