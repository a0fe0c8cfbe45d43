// Runs a command of this project on something else than what this machine has:
//
//   node scripts/rooms/with.mjs <mysql | node-lts> -- <command> [arguments]

import '../node-version.mjs';

import { join } from 'node:path';

import { localDir, root } from '../checkout.mjs';
import { spawnOwned } from '../owned.mjs';
import { signalProcess } from '../processes.mjs';
import { Shutdown } from '../shutdown.mjs';
import { mysqlEnv } from './mysql.mjs';
import { nodeLtsEnv } from './node-lts.mjs';

// Longer than the command gives to its own.
const STOP_GRACE_MS = 60_000;
const OTHERS = { mysql: mysqlEnv, 'node-lts': nodeLtsEnv };

const say = (line) => console.error(`  ${line}`);

async function main(/** @type {string[]} */ [other, separator, ...words]) {
  if (!OTHERS[other] || separator !== '--' || words.length === 0) {
    throw new Error(`Usage: node scripts/rooms/with.mjs <${Object.keys(OTHERS).join(' | ')}> -- <command> [arguments]`);
  }
  const env = { ...process.env, ...(await OTHERS[other](say)) };
  const [program, ...args] = words;
  /** @type {import('../owned.mjs').Ownership} */
  const as = { name: `with-${process.pid}`, role: 'app', pidDir: join(localDir, 'rooms'), graceMs: STOP_GRACE_MS };
  const running = spawnOwned(program, args, { cwd: root, env, stdio: 'inherit' }, as);
  shutdown.onSignal = (signal) => signalProcess(running.record, signal);
  const { code } = await running.exited;
  await shutdown.request('', code ?? 1);
}

const shutdown = new Shutdown({ log: say });
shutdown.onSignal = (signal) => shutdown.request(`Stopping (${signal})`, 1);
shutdown.listen();
main(process.argv.slice(2)).catch((error) => shutdown.fail(error));
