// This checkout: where its things are, and bringing its dependencies and its build up to date.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runTool } from './owned.mjs';
import { withLock } from './processes.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything that a start leaves behind: servers' data, secrets, records of processes. */
export const localDir = join(root, '.local');
export const nestCli = join(root, 'node_modules/@nestjs/cli/bin/nest.js');
export const buildPages = [
  join(root, 'node_modules/vite/bin/vite.js'),
  'build',
  '--config',
  join(root, 'web/vite.config.mjs'),
];
export const builtCli = join(root, 'dist/src/cli/main.js');
export const builtMain = join(root, 'dist/src/main.js');

const PACKAGES = ['package.json', 'package-lock.json'];
/** What is built of what. The pages apart, since they are made in a second and the service is not. */
const SERVICE = {
  title: 'the service',
  inputs: [
    'src',
    'migrations',
    'ormconfig.ts',
    'nest-cli.json',
    '.swcrc',
    'tsconfig.json',
    'tsconfig.build.json',
    ...PACKAGES,
  ],
  made: builtMain,
  stamp: join(root, 'dist/.flash-sale-stamp'),
  tool: [nestCli, 'build'],
};
const PAGES = {
  title: 'the pages',
  inputs: [
    ...['admin', 'shared', 'storefront', 'index.html', 'vite.config.mjs'].map((name) => `web/${name}`),
    ...PACKAGES,
  ],
  made: join(root, 'web/dist/index.html'),
  stamp: join(root, 'web/dist/.flash-sale-stamp'),
  tool: buildPages,
};
const lockFile = join(root, 'package-lock.json');
// Kept inside what they speak of, so that deleting the folder deletes the claim.
const dependenciesStamp = join(root, 'node_modules/.flash-sale-stamp');

/** Real variables win over the file's. */
export function loadEnvFile() {
  const file = join(root, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function listFiles(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => listFiles(join(path, name)));
}

/**
 * Content, not modification times: a git checkout changes those of files it leaves alike. The version of Node is no part
 * of it: no dependency is compiled for one.
 */
function hashFiles(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(listFiles)) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** A folder that somebody installed by hand has no stamp, but npm's own record of what is in it. */
function isInstalledByHand() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (existsSync(dependenciesStamp) || !existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(lockFile).mtimeMs;
}

/** The npm that runs us if there is one, so that its version is the one the person chose. */
/** @returns {[string, string[]]} */
function npmCommand(args) {
  const running = process.env.npm_execpath ?? '';
  return /npm-cli\.c?js$/.test(basename(running)) ? [process.execPath, [running, ...args]] : ['npm', args];
}

async function installDependencies(log) {
  const wanted = hashFiles([lockFile]);
  if (readText(dependenciesStamp) === wanted) return;
  if (!isInstalledByHand()) {
    log('Installing the dependencies (npm ci)');
    // The build needs the development dependencies even where NODE_ENV says production.
    const args = ['ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund'];
    await runTool(...npmCommand(args), { name: 'npm-ci', cwd: root, pidDir: localDir });
    log('Dependencies installed');
  }
  writeFileSync(dependenciesStamp, wanted);
}

async function build({ title, inputs, made, stamp, tool }, log) {
  const wanted = hashFiles(inputs.map((name) => join(root, name)));
  if (existsSync(made) && readText(stamp) === wanted) return;
  log(`Building ${title}`);
  // An interrupted build must not pass for the one before it.
  rmSync(stamp, { force: true });
  await runTool(process.execPath, tool, { name: 'build', cwd: root, pidDir: localDir });
  writeFileSync(stamp, wanted);
}

/** For the watch mode, after which nobody knows which sources dist/ was made of. */
export function forgetBuild() {
  rmSync(SERVICE.stamp, { force: true });
}

/** Under a lock, because `npm start` and `npm test` of a fresh clone may come at the same time. */
export function prepareCheckout({ log, isBuilt = true }) {
  const work = async () => {
    await installDependencies(log);
    for (const part of isBuilt ? [SERVICE, PAGES] : []) await build(part, log);
  };
  const onWait = (holder) => log(`Waiting for another command that prepares this checkout (pid ${holder.pid})`);
  return withLock(join(localDir, 'setup.lock'), work, onWait);
}
