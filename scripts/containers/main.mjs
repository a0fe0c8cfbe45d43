// `npm run test:containers`: builds the image, and runs the suite of test/containers on a container engine of its own.

import '../node-version.mjs';

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { localDir, prepareCheckout, root } from '../checkout.mjs';
import { CONTAINER_NEEDS, ensureNeeds } from '../needs.mjs';
import { own, spawnOwned } from '../owned.mjs';
import { endLeftovers, withLock } from '../processes.mjs';
import { Shutdown } from '../shutdown.mjs';
import { engineEnv, engineLock, removeContainers, startEngine } from './engine.mjs';
import { buildImages } from './images.mjs';

const JEST = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const CONFIG = ['--config', join(root, 'test/containers/jest.config.mjs')];

const say = (line) => console.error(`  ${line}`);
const shutdown = new Shutdown({ log: say });

async function runSuite() {
  await endLeftovers(localDir, say);
  await startEngine();
  own({ role: 'server', end: removeContainers, kill: () => {} });
  await buildImages({ log: say });
  const options = { cwd: root, env: engineEnv, stdio: 'inherit' };
  /** @type {import('../owned.mjs').Ownership} */
  const as = { name: 'container-tests', role: 'app', pidDir: localDir };
  return spawnOwned(process.execPath, [...JEST, ...CONFIG, ...process.argv.slice(2)], options, as).exited;
}

async function main() {
  if (process.getuid?.() !== 0) throw new Error('The container engine needs root.');
  await ensureNeeds(CONTAINER_NEEDS, { dir: localDir, log: say });
  await prepareCheckout({ log: say, isBuilt: false });
  mkdirSync(dirname(engineLock), { recursive: true, mode: 0o700 });
  const onWait = ({ pid }) => say(`Waiting for another run (pid ${pid}), which has the container engine`);
  await withLock(
    engineLock,
    async () => {
      const { code } = await runSuite();
      await shutdown.request('', code ?? 1);
    },
    onWait,
  );
}

shutdown.onSignal = (signal) => shutdown.request(`Stopping (${signal})`, 1);
shutdown.listen();
main().catch((error) => shutdown.fail(error));
