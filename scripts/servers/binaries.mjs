// Which database and Redis programs this machine has.

import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

// Homebrew keeps versioned formulas (mysql@8.4) out of PATH, each in a folder of its own.
const KEG_ROOTS = ['/opt/homebrew/opt', '/usr/local/opt'];
const KEG_NAME = /^(mariadb|mysql|redis|valkey)(@|$)/;
const EXTRA_DIRS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/bin',
  '/usr/local/bin',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
];

// design.md: what the schema and the locking reads are written for.
const OLDEST = { mariadb: [10, 6], mysql: [8, 4] };

function kegDirs() {
  return KEG_ROOTS.flatMap((root) => {
    try {
      return readdirSync(root)
        .filter((name) => KEG_NAME.test(name))
        .map((name) => join(root, name, 'bin'));
    } catch {
      return [];
    }
  });
}

function searchDirs() {
  const fromPath = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...new Set([...fromPath, ...EXTRA_DIRS, ...kegDirs()])];
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Every match, in the order of the names first: the first name is preferred over all folders. */
function findAll(names, firstDirs = []) {
  const dirs = [...firstDirs, ...searchDirs()];
  return names.flatMap((name) => dirs.map((dir) => join(dir, name)).filter(isExecutable));
}

export function findBinary(names, firstDirs) {
  return findAll(names, firstDirs)[0] ?? null;
}

function versionLine(binary, args, argv0) {
  try {
    /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding & { argv0?: string }} */
    const options = {
      argv0,
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    return execFileSync(binary, args, options).trim();
  } catch {
    return '';
  }
}

function isNewEnough(version, oldest) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/**
 * Asks the program itself what it is: on Debian `mysqld` is another name of MariaDB.
 * @param {string} binary
 * @returns {{ binary: string, engine: 'mariadb' | 'mysql', label: string, isSupported: boolean } | null} null when it is neither
 */
export function inspectDatabase(binary) {
  const line = versionLine(binary, ['--no-defaults', '--version']);
  const version = /Ver (\d+\.\d+(?:\.\d+)?)/.exec(line)?.[1];
  if (!version) return null;
  const engine = /mariadb/i.test(line) ? 'mariadb' : 'mysql';
  const label = `${engine === 'mariadb' ? 'MariaDB' : 'MySQL'} ${version}`;
  return { binary, engine, label, isSupported: isNewEnough(version, OLDEST[engine]) };
}

/**
 * The database server to use, or null; says so when one is there but too old. DATABASE_SERVER names one that is taken in
 * place of those which are found.
 * @param {(line: string) => void} [log]
 */
export function findDatabase(log = () => {}) {
  const chosen = process.env.DATABASE_SERVER;
  if (chosen) {
    const found = inspectDatabase(chosen);
    if (!found?.isSupported)
      throw new Error(`DATABASE_SERVER=${chosen} is no MariaDB or MySQL server for this project`);
    return found;
  }
  for (const binary of findAll(['mariadbd', 'mysqld'])) {
    const found = inspectDatabase(binary);
    if (found?.isSupported && (found.engine === 'mysql' || findInstaller(binary))) return found;
    if (found && !found.isSupported) log(`${found.label} (${binary}) is too old for this project; looking on`);
  }
  return null;
}

/** MariaDB's first data folder is made by a script that ships beside the server or apart from it. */
export function findInstaller(serverBinary) {
  const beside = [
    dirname(serverBinary),
    join(dirname(dirname(serverBinary)), 'bin'),
    join(dirname(dirname(serverBinary)), 'scripts'),
  ];
  return findBinary(['mariadb-install-db', 'mysql_install_db'], beside);
}

/**
 * Redis and Valkey are one program under several names that takes its role from the name it is
 * called by. Debian's `redis-tools` holds it as `redis-check-rdb`: good enough to run a server, and
 * without the system service that its `redis-server` package enables.
 */
export function findRedis() {
  const names = ['redis-server', 'valkey-server', 'redis-check-rdb', 'valkey-check-rdb'];
  for (const binary of findAll(names)) {
    const argv0 = basename(binary).startsWith('valkey') ? 'valkey-server' : 'redis-server';
    const version = /server v=(\S+)/.exec(versionLine(binary, ['--version'], argv0))?.[1];
    if (version)
      return {
        binary,
        argv0,
        label: `${argv0 === 'redis-server' ? 'Redis' : 'Valkey'} ${version}`,
      };
  }
  return null;
}
