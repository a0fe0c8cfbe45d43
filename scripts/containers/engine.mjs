// A container engine of our own: podman with its images, volumes and networks beside those of the machine, spoken to by
// docker-compose as if it were Docker.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { localDir } from '../checkout.mjs';
import { runTool, spawnOwned } from '../owned.mjs';
import { waitUntil } from '../processes.mjs';
import { cacheDir } from '../rooms/debian-tree.mjs';

const home = join(cacheDir, 'containers');
/** What must be gone after a restart of the machine. */
const runDir = '/run/flash-sale-checkout-containers';
const socket = join(runDir, 'podman.sock');
const START_CAP_MS = 30_000;

/**
 * A network's bridge has the lowest MAC address of its containers', so another one when that container ends. The others send
 * to the old one for half a minute, and have no name server meanwhile (Docker gives a bridge an address of its own). With
 * this the kernel tells them, for all interfaces that are made from now on; it stays set.
 */
const TELL_OF_ADDRESSES = '/proc/sys/net/ipv4/conf/default/arp_notify';

/** One run at a time has the engine. */
export const engineLock = join(home, 'lock');

const FILES = {
  // runc and cgroupfs also work where the machine is a container itself; without systemd nobody runs healthchecks by timers.
  'containers.conf': `
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
lock_type = "file"
tmp_dir = "${runDir}/libpod"
env = ["DISABLE_HC_SYSTEMD=true"]
[network]
network_backend = "netavark"
network_config_dir = "${home}/networks"
`,
  'storage.conf': `
[storage]
driver = "overlay"
graphroot = "${home}/storage"
runroot = "${runDir}/storage"
`,
};

/** For podman and buildah, and for docker-compose and podman's client to find the engine. */
export const engineEnv = {
  ...process.env,
  CONTAINERS_CONF: join(home, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
  DISABLE_HC_SYSTEMD: 'true',
  DOCKER_HOST: `unix://${socket}`,
};

/** Runs a program of the engine to its end. */
export function engineTool(command, args, as = {}) {
  return runTool(command, args, { name: `${command}-${args[0]}`, cwd: '/', pidDir: localDir, env: engineEnv, ...as });
}

export async function startEngine() {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(home, name), content);
  writeFileSync(TELL_OF_ADDRESSES, '1');
  await removeContainers();
  rmSync(socket, { force: true });
  const options = { cwd: '/', env: engineEnv, stdio: 'ignore' };
  /** @type {import('../owned.mjs').Ownership} */
  const as = { name: 'podman', role: 'server', pidDir: localDir };
  spawnOwned('podman', ['system', 'service', '--time=0', engineEnv.DOCKER_HOST], options, as);
  if (!(await waitUntil(() => existsSync(socket), START_CAP_MS))) throw new Error('podman does not listen');
}

/** Ends and forgets all containers with their volumes and networks; the images stay for the next run. */
export async function removeContainers() {
  const as = { isPartOfStop: true };
  await engineTool('podman', ['rm', '--all', '--force', '--time', '5', '--volumes'], as);
  await engineTool('podman', ['volume', 'prune', '--force'], as);
  await engineTool('podman', ['network', 'prune', '--force'], as);
}
