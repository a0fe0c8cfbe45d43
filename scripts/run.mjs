// Runs a command of this project with everything it needs: dependencies, build, database, Redis.
//
//   node scripts/run.mjs [--test | --cluster | --browser | --scratch | --bench] -- <command> [arguments]
//
// Without a flag the command uses the database that its environment names. Told of none, it talks to the service that is
// running in this checkout, if one is, and else to the same data without a service. Tests and benchmarks get servers and data of their own, and the programs
// that they need; `--scratch` gets the tests' servers alone.

import './node-version.mjs';

import { join } from 'node:path';

import { loadEnvFile, localDir, prepareCheckout, root } from './checkout.mjs';
import { BENCH_NEEDS, BROWSER_NEEDS, CLUSTER_NEEDS, TEST_NEEDS, ensureNeeds } from './needs.mjs';
import { spawnOwned } from './owned.mjs';
import { endLeftovers, signalProcess } from './processes.mjs';
import { simulatedPayments } from './secrets.mjs';
import { ensureServers } from './servers.mjs';
import { claimData, findRunning, isService, releaseData, waitForRelease, waitForService } from './service.mjs';
import { Shutdown } from './shutdown.mjs';
import { chooseDatabase } from './which-database.mjs';

const COMMAND_STOP_GRACE_MS = 20_000;

// A test's database need not survive a power cut; kill -9 it does survive. With a binary log, which MySQL writes unless it is
// told not to, each backup that one test makes would stop the writes of all others; who tries the log has a server of its own.
const TEST_DATABASE_FLAGS = ['--innodb-flush-log-at-trx-commit=2', '--skip-log-bin'];

// .env is for the service: tests must never find their way to the database it names.
const SCRATCH = {
  dir: join(localDir, 'test'),
  appEnv: 'test',
  readsEnvFile: false,
  joinsService: false,
  databaseFlags: TEST_DATABASE_FLAGS,
  needs: [],
};
const MODES = {
  '': {
    dir: localDir,
    appEnv: 'local',
    readsEnvFile: true,
    joinsService: true,
    databaseFlags: [],
    needs: [],
  },
  '--test': { ...SCRATCH, needs: TEST_NEEDS },
  '--cluster': { ...SCRATCH, needs: CLUSTER_NEEDS },
  '--browser': { ...SCRATCH, needs: BROWSER_NEEDS },
  '--scratch': SCRATCH,
  '--bench': {
    dir: join(localDir, 'bench'),
    appEnv: 'local',
    readsEnvFile: false,
    joinsService: false,
    databaseFlags: [],
    needs: BENCH_NEEDS,
  },
};

// Standard output belongs to the command.
const say = (line) => console.error(`  ${line}`);

function parseArguments(args) {
  const separator = args.indexOf('--');
  const flags = args.slice(0, separator);
  const command = args.slice(separator + 1);
  const mode = MODES[flags[0] ?? ''];
  if (separator < 0 || flags.length > 1 || !mode || command.length === 0) {
    console.error(
      'Usage: node scripts/run.mjs [--test | --cluster | --browser | --scratch | --bench] -- <command> [arguments]',
    );
    process.exit(2);
  }
  return { mode, command };
}

/** The service to join, or null once this process has the data to itself. */
async function claimOrJoin(mode, name) {
  for (let holder = await claimData(mode.dir, name); holder; holder = await claimData(mode.dir, name)) {
    if (mode.joinsService && isService(holder)) {
      const service = await waitForService(holder);
      if (service) return service;
    } else {
      say(`Waiting for "${holder.command}" (pid ${holder.pid}), which is using ${mode.dir}`);
      await waitForRelease(mode.dir, holder);
    }
  }
  return null;
}

/** Says which database is meant, before anything else is said; one of the environment's has nothing of the checkout's. */
function chooseMode(mode) {
  if (!mode.joinsService) return mode;
  const { from, line } = chooseDatabase({ env: process.env, service: findRunning() });
  say(line);
  // The Redis, where none is named, is not the service's either: it would mix up the stock of two databases.
  return from === 'environment' ? { ...mode, dir: join(localDir, 'elsewhere'), joinsService: false } : mode;
}

async function commandEnv(mode, service) {
  if (service) {
    const name = process.env.DB_DATABASE;
    return { ...service.env, SERVICE_URL: service.url, ...(name && { DB_DATABASE: name }) };
  }
  await endLeftovers(localDir, say);
  const servers = await ensureServers({
    dir: mode.dir,
    log: say,
    databaseFlags: mode.databaseFlags,
  });
  const simulated = mode.joinsService ? simulatedPayments() : {};
  return { APP_ENV: process.env.APP_ENV || mode.appEnv, ...simulated, ...servers.env };
}

function spawnCommand([command, ...args], env, mode) {
  const program = command === 'node' ? process.execPath : command;
  const options = { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' };
  /** @type {import('./owned.mjs').Ownership} */
  const as = {
    name: `command-${process.pid}`,
    role: 'app',
    pidDir: mode.dir,
    graceMs: COMMAND_STOP_GRACE_MS,
  };
  return spawnOwned(program, args, options, as);
}

async function main({ mode: asked, command }, shutdown) {
  const name = process.env.npm_lifecycle_event ? `npm run ${process.env.npm_lifecycle_event}` : command.join(' ');
  if (asked.readsEnvFile) loadEnvFile();
  const mode = chooseMode(asked);
  const service = await claimOrJoin(mode, name);
  if (!service) shutdown.cleanUp = () => releaseData(mode.dir);
  await ensureNeeds(mode.needs, { dir: mode.dir, log: say });
  // While watching, nest itself keeps dist/ up to date.
  await prepareCheckout({ log: say, isBuilt: !service?.isWatching });
  const env = await commandEnv(mode, service);
  const running = spawnCommand(command, env, mode);
  shutdown.onSignal = (signal) => {
    // The command decides how it ends; past its grace it is ended.
    signalProcess(running.record, signal);
    setTimeout(() => shutdown.request('', 1), COMMAND_STOP_GRACE_MS).unref();
  };
  const { code, signal } = await running.exited;
  // A crashed test run leaves its servers behind.
  if (!service) await endLeftovers(mode.dir, say);
  await shutdown.request('', signal ? 1 : code);
}

const shutdown = new Shutdown({ log: say });
shutdown.onSignal = (signal) => shutdown.request(`Stopping (${signal})`, 1);
shutdown.listen();
main(parseArguments(process.argv.slice(2)), shutdown).catch((error) => shutdown.fail(error));
