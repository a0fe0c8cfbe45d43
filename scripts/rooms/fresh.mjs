// `npm run test:fresh`: a bare Debian with Node, npm and git, and nothing else that this machine has; HEAD cloned into it,
// and the README's two commands run there. What a developer once installed by hand can't hide a missing step in it.
//
// The room has process ids and mounts of its own: both end with its first process, whatever ends that one.

import '../node-version.mjs';

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { localDir, root } from '../checkout.mjs';
import { spawnOwned } from '../owned.mjs';
import { endLeftovers } from '../processes.mjs';
import { claimData, releaseData } from '../service.mjs';
import { Shutdown } from '../shutdown.mjs';
import { debianArchive, unpackTree } from './debian-tree.mjs';

const CLONE = '/root/flash-sale-checkout';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PASSED_ON = /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|cafile))$/i;
const pidDir = join(localDir, 'rooms');
// Not below the checkout, whose tools would walk through it; one for each checkout, so that a next run finds what a
// killed one left.
const room = join(tmpdir(), `flash-sale-room-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);

const say = (line) => console.error(`  ${line}`);
const read = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', cwd: root }).trim();

/** Into the room, at the path that it has here. */
function carry(path) {
  if (existsSync(path)) cpSync(path, join(room, path), { recursive: true, dereference: true });
}

function installNode() {
  cpSync(process.execPath, join(room, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(process.env.npm_execpath ?? read('which', 'npm'))));
  cpSync(npm, join(room, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(room, 'usr/local/bin', name));
  }
}

/** How this machine reaches package registries belongs to the network that it is in, and not to the machine. */
function carryNetwork() {
  writeFileSync(join(room, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  cpSync('/etc/resolv.conf', join(room, 'etc/resolv.conf'), { dereference: true });
  const forApt = read('apt-config', 'dump').split('\n');
  const proxies = forApt.filter((line) => /^Acquire::https?::(.*::)?(Proxy|CaInfo)\b.*"[^"]+";$/i.test(line));
  writeFileSync(join(room, 'etc/apt/apt.conf.d/90network'), `${proxies.join('\n')}\n`);
  const cafile = read('npm', 'config', 'get', 'cafile');
  for (const file of [process.env.NODE_EXTRA_CA_CERTS, cafile]) if (file && file !== 'null') carry(file);
  const settings = [join(homedir(), '.npmrc'), read('npm', 'config', 'get', 'globalconfig')];
  for (const [index, file] of settings.entries()) {
    const inRoom = join(room, ['root/.npmrc', 'usr/local/etc/npmrc'][index]);
    if (existsSync(file)) cpSync(file, inRoom);
  }
}

function clone() {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, join(room, CLONE)], { stdio: 'inherit' });
  const changed = read('git', 'status', '--porcelain').split('\n').filter(Boolean).length;
  say(
    `HEAD is ${read('git', 'rev-parse', '--short', 'HEAD')}${changed > 0 ? `; ${changed} changed files are not in it` : ''}`,
  );
}

async function furnish() {
  const archive = await debianArchive({ suite: 'bookworm', packages: ['git'], log: say });
  rmSync(room, { recursive: true, force: true });
  say(`Unpacking the room (${room})`);
  mkdirSync(room, { mode: 0o700 });
  await unpackTree(archive, room);
  installNode();
  carryNetwork();
  clone();
}

function enter() {
  const carried = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  const env = Object.fromEntries([...carried, ['PATH', PATH], ['HOME', '/root'], ['LANG', 'C.UTF-8']]);
  const script =
    'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && ' +
    'exec chroot "$1" sh -c "cd $2 && exec node scripts/rooms/newcomer.mjs"';
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  /** @type {import('../owned.mjs').Ownership} */
  const as = { name: 'room', role: 'app', pidDir, graceMs: 500 };
  return spawnOwned(
    'unshare',
    [...namespaces, 'sh', '-c', script, 'sh', room, CLONE],
    { env, stdio: ['ignore', 'inherit', 'inherit'] },
    as,
  );
}

async function main() {
  const holder = await claimData(pidDir, 'npm run test:fresh');
  if (holder) throw new Error(`Another run of this checkout is in the room (pid ${holder.pid}).`);
  shutdown.cleanUp = () => {
    rmSync(room, { recursive: true, force: true });
    releaseData(pidDir);
  };
  await endLeftovers(pidDir, say);
  await furnish();
  const { code } = await enter().exited;
  await shutdown.request('', code ?? 1);
}

const shutdown = new Shutdown({ log: say });
shutdown.onSignal = (signal) => shutdown.request(`Leaving the room (${signal})`, 1);
shutdown.listen();
main().catch((error) => shutdown.fail(error));
