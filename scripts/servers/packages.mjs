// The last resort: the system's package manager where we may use it, and the line to run where not.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { runTool } from '../owned.mjs';
import { findBinary } from './binaries.mjs';

// Chosen because they hold the programs without an init script or unit: nothing is started or
// enabled on the machine. The client package has my_print_defaults, which mariadb-install-db needs.
const APT = {
  database: [
    ['mariadb-server-core', 'mariadb-client-core'],
    ['mariadb-server-core-10.6', 'mariadb-client-core-10.6'],
  ],
  redis: [['redis-tools'], ['valkey-tools']],
};

const COMMANDS = [
  ['apt-get', 'sudo apt-get install -y mariadb-server-core mariadb-client-core redis-tools'],
  ['dnf', 'sudo dnf install -y mariadb-server valkey'],
  ['brew', 'brew install mariadb redis'],
  ['apk', 'sudo apk add mariadb mariadb-client redis'],
  ['pacman', 'sudo pacman -S --needed mariadb valkey'],
];

export function canInstall() {
  return process.getuid?.() === 0 && findBinary(['apt-get']) !== null;
}

/** What a person can do when we can do nothing. */
export function installAdvice(missing) {
  const known = COMMANDS.find(([tool]) => findBinary([tool]));
  const line = known
    ? `Install them with:\n\n    ${known[1]}\n`
    : 'Install MariaDB 10.6+ (or MySQL 8.4+) and Redis (or Valkey) with your package manager.\n';
  return (
    `There is no ${missing.join(' and no ')} server on this machine. ${line}\n` +
    'Or start Docker, or set DB_HOST and REDIS_HOST (see .env.example). Then run the command again.'
  );
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
 * Installs what is missing. Never interrupted half-way: a package manager that is killed leaves the
 * machine's package database in need of repair, which is also why a repair comes first.
 * @param {('database' | 'redis')[]} missing
 */
export async function installPackages(missing, { dir, log }) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const as = { pidDir: dir, cwd: '/', env, isWaitedFor: true };
  const aptGet = (name, args) => runTool('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], { ...as, name });
  if (existsSync('/var/lib/dpkg/updates'))
    await runTool('dpkg', ['--configure', '-a'], { ...as, name: 'dpkg-configure' });
  log('Refreshing the package lists (apt-get update)');
  await aptGet('apt-get-update', ['update']);
  const packages = missing.flatMap((kind) => APT[kind].find(([first]) => isOffered(first)) ?? []);
  if (packages.length === 0) throw new Error(installAdvice(missing));
  log(`Installing ${packages.join(', ')} (apt-get install)`);
  await aptGet('apt-get-install', ['install', '-y', '--no-install-recommends', ...packages]);
}
