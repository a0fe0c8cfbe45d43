// The system's package manager: used where we may, and named to the person where not.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { runTool } from '../owned.mjs';
import { findBinary } from './binaries.mjs';

const MANAGERS = [
  { name: 'apt', program: 'apt-get', install: 'sudo apt-get install -y' },
  { name: 'dnf', program: 'dnf', install: 'sudo dnf install -y' },
  { name: 'brew', program: 'brew', install: 'brew install' },
  { name: 'apk', program: 'apk', install: 'sudo apk add' },
  { name: 'pacman', program: 'pacman', install: 'sudo pacman -S --needed' },
];

export function findPackageManager() {
  return MANAGERS.find(({ program }) => findBinary([program]));
}

export function canInstall() {
  return process.getuid?.() === 0 && findBinary(['apt-get']) !== null;
}

function isOffered(name) {
  try {
    return /^Package: /m.test(
      execFileSync('apt-cache', ['show', '--no-all-versions', name], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    return false;
  }
}

/**
 * The names in the first alternative of each list that can be had, each once: several needs may be met by one package.
 * @param {string[][][]} lists
 * @param {(name: string) => boolean} [canBeHad]
 */
export function packagesOf(lists, canBeHad = () => true) {
  return [...new Set(lists.flatMap((alternatives) => alternatives.find(([first]) => canBeHad(first)) ?? []))];
}

/**
 * Installs packages, of each list the first alternative that is offered. Never interrupted half-way: a package manager
 * that is killed leaves the machine's package database in need of repair, which is also why a repair comes first.
 * @param {string[][][]} lists
 */
export async function installPackages(lists, { dir, log }) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const as = { pidDir: dir, cwd: '/', env, isWaitedFor: true };
  const aptGet = (name, args) => runTool('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { ...as, name });
  if (existsSync('/var/lib/dpkg/updates'))
    await runTool('dpkg', ['--configure', '-a'], { ...as, name: 'dpkg-configure' });
  log('Refreshing the package lists (apt-get update)');
  await aptGet('apt-get-update', ['update']);
  const packages = packagesOf(lists, isOffered);
  if (packages.length === 0) throw new Error('The package lists hold none of the packages.');
  log(`Installing ${packages.join(', ')} (apt-get install)`);
  await aptGet('apt-get-install', ['install', '-y', '--no-install-recommends', ...packages]);
}
