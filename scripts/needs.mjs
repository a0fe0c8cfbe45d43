// The programs that the commands of this project need beside Node, npm and what every system has. Each command
// names its own in one list, and none starts before they are all there: installed where we may, else asked for by name.

import { existsSync } from 'node:fs';

import { findBinary, findDatabase, findRedis } from './servers/binaries.mjs';
import { canInstall, findPackageManager, installPackages, packagesOf } from './servers/packages.mjs';

export const GALERA = '/usr/lib/galera/libgalera_smm.so';
export const CLUSTER_SERVER = '/usr/sbin/mariadbd';

const program = (...names) => ({ title: names[0], find: () => findBinary(names) });
const sameEverywhere = (name) => ({ apt: [[name]], dnf: name, brew: name, apk: name, pacman: name });

/** For what runs on a Debian only. */
const debian = (name, path) => ({
  title: name,
  find: () => existsSync(path),
  packages: { apt: [[name]], dnf: '', brew: '', apk: '', pacman: '' },
});

/**
 * A name that is empty means that such a system has or offers the program in no package that we know; there it is not
 * asked for, and the tests that need it fail.
 *
 * `apt` has alternatives, of which the first that is offered is taken. The servers' were chosen because they hold the
 * programs without an init script or unit: nothing is started or enabled on the machine. The client package has
 * my_print_defaults, which mariadb-install-db needs.
 */
const NEEDS = {
  database: {
    title: 'MariaDB or MySQL server',
    find: findDatabase,
    packages: {
      apt: [
        ['mariadb-server-core', 'mariadb-client-core'],
        ['mariadb-server-core-10.6', 'mariadb-client-core-10.6'],
      ],
      dnf: 'mariadb-server',
      brew: 'mariadb',
      apk: 'mariadb mariadb-client',
      pacman: 'mariadb',
    },
  },
  redis: {
    title: 'Redis or Valkey server',
    find: findRedis,
    packages: {
      apt: [['redis-tools'], ['valkey-tools']],
      dnf: 'valkey',
      brew: 'redis',
      apk: 'redis',
      pacman: 'valkey',
    },
  },
  dump: {
    ...program('mariadb-dump', 'mysqldump'),
    packages: {
      apt: [['mariadb-client']],
      dnf: '/usr/bin/mariadb-dump',
      brew: 'mariadb',
      apk: 'mariadb-client',
      pacman: 'mariadb-clients',
    },
  },
  openssl: { ...program('openssl'), packages: sameEverywhere('openssl') },
  curl: { ...program('curl'), packages: sameEverywhere('curl') },
  ps: {
    ...program('ps'),
    packages: { apt: [['procps']], dnf: 'procps-ng', brew: '', apk: 'procps', pacman: 'procps-ng' },
  },
  promtool: { ...program('promtool'), packages: { ...sameEverywhere('prometheus'), dnf: '/usr/bin/promtool' } },
  nginx: { ...program('nginx'), packages: sameEverywhere('nginx') },
  prometheus: { ...program('prometheus'), packages: sameEverywhere('prometheus') },
  amtool: {
    ...program('amtool'),
    packages: { ...sameEverywhere('alertmanager'), apt: [['prometheus-alertmanager']], dnf: '/usr/bin/amtool' },
  },
  alertmanager: {
    ...program('prometheus-alertmanager', 'alertmanager'),
    packages: { ...sameEverywhere('alertmanager'), apt: [['prometheus-alertmanager']] },
  },
  kubectl: {
    ...program('kubectl'),
    packages: {
      ...sameEverywhere('kubectl'),
      apt: [['kubernetes-client']],
      dnf: 'kubernetes-client',
      brew: 'kubernetes-cli',
    },
  },
  galera: debian('galera-4', GALERA),
  clusterServer: debian('mariadb-server-core', CLUSTER_SERVER),
  debootstrap: {
    ...program('debootstrap'),
    packages: {
      ...sameEverywhere('debootstrap'),
      apt: [['debootstrap', 'debian-archive-keyring', 'gpgv']],
      brew: '',
    },
  },
  podman: debian('podman', '/usr/bin/podman'),
  buildah: debian('buildah', '/usr/bin/buildah'),
  runc: debian('runc', '/usr/sbin/runc'),
  'docker-compose': debian('docker-compose', '/usr/bin/docker-compose'),
  // What podman calls for its networks, for names in them, and for `init`.
  iptables: debian('iptables', '/usr/sbin/iptables'),
  netavark: debian('netavark', '/usr/lib/podman/netavark'),
  'aardvark-dns': debian('aardvark-dns', '/usr/lib/podman/aardvark-dns'),
  catatonit: debian('catatonit', '/usr/bin/catatonit'),
  // The nodes of a cluster give each other their data with it. The only package that starts a service of its own.
  stateTransfer: {
    ...program('wsrep_sst_rsync'),
    packages: { apt: [['mariadb-server', 'rsync']], dnf: '', brew: '', apk: '', pacman: '' },
  },
  chromium: {
    ...program('chromium', 'chromium-browser', 'google-chrome'),
    packages: { ...sameEverywhere('chromium'), apt: [['chromium'], ['chromium-browser']] },
  },
  // Letters for the pictures of the pages. Without them the system's own are taken.
  inter: {
    title: 'the typeface Inter',
    find: () => existsSync('/usr/share/fonts/opentype/inter') || process.platform === 'darwin',
    packages: { apt: [['fonts-inter']], dnf: '', brew: '', apk: '', pacman: '' },
  },
  wrk: { ...program('wrk'), packages: sameEverywhere('wrk') },
};

/** What a service needs when it is told of no database and no Redis. */
export const SERVER_NEEDS = ['database', 'redis'];
/** The tests start, kill and restart servers of their own, so that those of the environment are not enough. */
export const TEST_NEEDS = [
  ...SERVER_NEEDS,
  'dump',
  'openssl',
  'curl',
  'ps',
  'promtool',
  'prometheus',
  'amtool',
  'alertmanager',
  'kubectl',
  'nginx',
  'galera',
  'clusterServer',
];
export const CLUSTER_NEEDS = [...SERVER_NEEDS, 'galera', 'stateTransfer'];
export const BROWSER_NEEDS = [...SERVER_NEEDS, 'chromium', 'inter'];
export const BENCH_NEEDS = ['wrk'];
/** Of what lays a Debian tree and runs things in it. */
export const ROOM_NEEDS = ['debootstrap'];
/** Of the container engine on which the image and the compose files are tried. */
export const CONTAINER_NEEDS = [
  ...['podman', 'buildah', 'runc', 'docker-compose', 'iptables', 'netavark', 'aardvark-dns', 'catatonit', 'openssl'],
  ...ROOM_NEEDS,
];

/** @returns which of the needs this machine does not have */
export function missingNeeds(names, log) {
  const manager = findPackageManager()?.name ?? '';
  return names.filter((name) => !NEEDS[name].find(log) && NEEDS[name].packages[manager] !== '');
}

/**
 * What to run, for a person whose machine misses the needs.
 * @param {string[]} missing
 * @param {{ name: string, install: string } | null} [manager]
 */
export function installAdvice(missing, manager = findPackageManager()) {
  const titles = missing.map((name) => NEEDS[name].title).join(', ');
  const found = missing.map((name) => NEEDS[name].packages[manager?.name ?? ''] ?? '');
  const lists = found.map((names) => (Array.isArray(names) ? names : [names.split(' ').filter(Boolean)]));
  const how = manager
    ? `Install them with:\n\n    ${manager.install} ${packagesOf(lists).join(' ')}`
    : 'Install them with your package manager (MariaDB 10.6+ or MySQL 8.4+, Redis 7+ or Valkey).';
  const isForServers = missing.some((name) => SERVER_NEEDS.includes(name));
  const other = isForServers ? 'Or start Docker, or set DB_HOST and REDIS_HOST (see .env.example). ' : '';
  return `Missing on this machine: ${titles}. ${how}\n\n${other}Then run the command again.`;
}

/**
 * Makes sure of all the needs at once, with one installation for those that are missing.
 * @param {string[]} names
 * @throws Error with the line to run where we may not install, or where that failed
 */
export async function ensureNeeds(names, { dir, log }) {
  const missing = missingNeeds(names, log);
  if (missing.length === 0) return;
  if (!canInstall()) throw new Error(installAdvice(missing));
  try {
    await installPackages(
      missing.map((name) => NEEDS[name].packages.apt),
      { dir, log },
    );
  } catch (error) {
    throw new Error(`${error.message}\n\n${installAdvice(missing)}`, { cause: error });
  }
  const absent = missingNeeds(missing, log);
  if (absent.length > 0) throw new Error(installAdvice(absent));
}
