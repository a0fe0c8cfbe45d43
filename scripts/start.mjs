// `npm start`: from a fresh clone to a running service. `--watch` (`npm run start:dev`) rebuilds and
// restarts the application at every change of the sources.

import './node-version.mjs';

import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  buildPages,
  builtCli,
  builtMain,
  forgetBuild,
  loadEnvFile,
  localDir,
  nestCli,
  prepareCheckout,
  root,
} from './checkout.mjs';
import { runTool, spawnOwned } from './owned.mjs';
import { claimPort, claimPortFrom, getStatus, isPortFree } from './ports.mjs';
import { endLeftovers, self } from './processes.mjs';
import { keptSecret, simulatedPayments } from './secrets.mjs';
import { ensureServers } from './servers.mjs';
import {
  announceService,
  claimAsService,
  findAnnounced,
  isService,
  releaseData,
  waitForRelease,
  withdrawService,
} from './service.mjs';
import { Shutdown } from './shutdown.mjs';

const PORT_DEFAULT = 3000;
const APP_STOP_GRACE_MS = 20_000;
const READY_CAP_MS = 60_000;
// Without the second, each rebuild wipes the terminal and our banner with it.
const WATCH_FLAGS = ['--watch', '--preserveWatchOutput', '--entryFile', 'src/main'];
const isWatching = process.argv.includes('--watch');
const startedAt = Date.now();

function say(line) {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
  console.log(`${seconds} s  ${line}`);
}

const shutdown = new Shutdown({ log: say });

/** One service a checkout; a short command that has the data at the moment is waited for. */
async function claimCheckout() {
  for (let holder = await claimAsService(); holder; holder = await claimAsService()) {
    if (isService(holder)) {
      const run = findAnnounced(holder);
      const state = run ? `is running already at ${run.url}` : 'is starting already';
      console.error(`This checkout ${state} (pid ${holder.pid}). Stop it with: kill ${holder.pid}`);
      process.exit(1);
    }
    say(`Waiting for "${holder.command}" (pid ${holder.pid}), which is using the data of this checkout`);
    await waitForRelease(localDir, holder);
  }
}

function isPort(text) {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;
}

/** A port that somebody asked for is never replaced by another. */
async function choosePort(from = PORT_DEFAULT) {
  const asked = process.env.PORT;
  if (!asked) {
    const port = await claimPortFrom(from);
    if (port !== PORT_DEFAULT) say(`Port ${PORT_DEFAULT} is busy; using ${port} (set PORT to choose)`);
    return port;
  }
  if (!isPort(asked)) throw new Error(`PORT=${asked} is not a port: it must be between 1 and 65535.`);
  if (await claimPort(Number(asked))) return Number(asked);
  throw new Error(`PORT=${asked} is busy. Stop what listens there, or choose another PORT.`);
}

function appEnv(servers) {
  return {
    APP_ENV: process.env.APP_ENV || 'local',
    ...(process.env.DB_DATABASE && { DB_DATABASE: process.env.DB_DATABASE }),
    ADMIN_TOKEN: process.env.ADMIN_TOKEN || keptSecret(join(localDir, 'admin-token')),
    ...simulatedPayments(),
    ...servers.env,
  };
}

function urlOf(port) {
  const host = process.env.HOST ?? '';
  if (host === '' || host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function spawnApp(env) {
  const args = isWatching ? [nestCli, 'start', ...WATCH_FLAGS] : [builtMain];
  const options = {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  };
  /** @type {import('./owned.mjs').Ownership} */
  const as = { name: 'service', role: 'app', pidDir: localDir, graceMs: APP_STOP_GRACE_MS };
  return spawnOwned(process.execPath, args, options, as);
}

/** Builds the pages anew at each change of theirs; the service reads what is built. */
function watchPages() {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  spawnOwned(process.execPath, [...buildPages, '--watch'], options, {
    name: 'pages',
    role: 'app',
    pidDir: localDir,
    graceMs: APP_STOP_GRACE_MS,
  });
}

/** Resolves to true when ready, to false when the application ended before. */
async function becomesReady(app, url) {
  let hasEnded = false;
  void app.exited.then(() => (hasEnded = true));
  const deadline = Date.now() + READY_CAP_MS;
  while (!hasEnded) {
    if ((await getStatus(`${url}/health/ready`)) === 200 && !hasEnded) return true;
    // While watching, an application that does not start waits for its author.
    if (!isWatching && Date.now() > deadline)
      throw new Error(`The service is not ready after ${READY_CAP_MS / 1000} s`);
    await sleep(50);
  }
  return false;
}

/** Its pages lead buyers back to what this service serves, unless other origins are named. */
function returnOrigins(port, url) {
  return { PAYMENT_RETURN_ORIGINS: process.env.PAYMENT_RETURN_ORIGINS || `${url},http://localhost:${port}` };
}

/** Between our look at the port and the application's, another service may have taken it. */
async function startApp(env) {
  for (let from = PORT_DEFAULT; ;) {
    const port = await choosePort(from);
    const url = urlOf(port);
    const own = { ...env, PORT: String(port), ...returnOrigins(port, url) };
    const app = spawnApp(own);
    if (await becomesReady(app, url)) return { app, env: own, url };
    const wasTaken = !process.env.PORT && !(await isPortFree(port));
    if (!wasTaken) return { app, env: own, url: null };
    from = port + 1;
  }
}

function printBanner({ url, env, where }) {
  console.log(`
  Flash-sale checkout is running

    Shop     ${url}/
    Console  ${url}/admin
    API      ${url}/api
    Docs     ${url}/docs
    Health   ${url}/health/ready
    Data     ${relative(root, localDir)}/ (${where.join('; ')})
    Admin    Authorization: Bearer ${env.ADMIN_TOKEN}
    Stop     Ctrl-C, or: kill ${process.pid}

  Try it:

    curl -s -X POST ${url}/api/holds -H 'content-type: application/json' -d '{"product_id":1,"quantity":1}'
`);
}

async function passOnTheEnd(app) {
  const { code, signal } = await app.exited;
  if (shutdown.isRunning) return;
  const how = signal ? `by ${signal}` : `with exit code ${code}`;
  await shutdown.request(`The service ended by itself, ${how}`, signal ? 1 : code);
}

async function main() {
  await claimCheckout();
  shutdown.cleanUp = () => {
    withdrawService();
    releaseData(localDir);
  };
  await endLeftovers(localDir, say);
  loadEnvFile();
  // Early, so that a wrong PORT is not found out after minutes of installing.
  if (process.env.PORT) await choosePort();
  await prepareCheckout({ log: say });
  const servers = await ensureServers({ dir: localDir, log: say });
  const env = appEnv(servers);
  await runTool(process.execPath, [builtCli, 'migrate', '--seed'], {
    name: 'migrate',
    cwd: root,
    pidDir: localDir,
    env: { ...process.env, ...env },
  });
  say('Database migrated and seeded');
  if (isWatching) {
    forgetBuild();
    watchPages();
  }
  say(`Starting the service${isWatching ? ', watching the sources' : ''}`);
  const { app, env: own, url } = await startApp(env);
  if (url) {
    announceService({ ...self, url, isWatching, env: own });
    say('Ready');
    printBanner({ url, env, where: servers.where });
  }
  await passOnTheEnd(app);
}

shutdown.listen();
main().catch((error) => shutdown.fail(error));
