// A bare Debian in a folder, to run things in that must not find what this machine has. Laid once by debootstrap and
// kept as an archive outside the checkout; the archive's name says what it was made of.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { localDir } from '../checkout.mjs';
import { ROOM_NEEDS, ensureNeeds } from '../needs.mjs';
import { runTool } from '../owned.mjs';
import { withLock } from '../processes.mjs';

const MIRROR = process.env.DEBIAN_MIRROR ? [process.env.DEBIAN_MIRROR] : [];
const pidDir = join(localDir, 'rooms');
/** Outside the checkout, so that each clone finds it, a fresh one too. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flash-sale-checkout');

function archiveOf(suite, packages) {
  const content = JSON.stringify([suite, [...packages].sort(), process.arch, ...MIRROR]);
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return join(cacheDir, `debian-${suite}-${digest}.tar`);
}

/** Before the file of its name exists, it is made beside it: an archive is always whole. */
async function lay(archive, suite, packages, log) {
  const dir = `${archive}.tree`;
  const as = { pidDir, cwd: '/' };
  rmSync(dir, { recursive: true, force: true });
  log(`Laying Debian ${suite} with ${packages.join(', ') || 'nothing more'} (debootstrap; once)`);
  const include = packages.length > 0 ? [`--include=${packages.join(',')}`] : [];
  try {
    const args = ['--variant=minbase', ...include, suite, dir, ...MIRROR];
    await runTool('debootstrap', args, { ...as, name: 'debootstrap' });
    // What apt has fetched is in place already.
    const fetched = [join(dir, 'var/cache/apt/archives'), join(dir, 'var/lib/apt/lists')];
    for (const folder of fetched) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    }
    await runTool('tar', ['-C', dir, '-cf', `${archive}.new`, '.'], { ...as, name: 'tar' });
    renameSync(`${archive}.new`, archive);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * The archive (.tar) of a Debian tree, laid on the first call and kept below `$XDG_CACHE_HOME`. Needs root.
 * @param {{ suite: string, packages?: string[], log?(line: string): void }} options  `bookworm` or `sid`; packages beside
 *   those that every Debian has
 * @returns {Promise<string>} its path
 */
export async function debianArchive({ suite, packages = [], log = () => {} }) {
  if (process.getuid?.() !== 0) throw new Error('A Debian tree can only be laid by root: run this command as root.');
  const archive = archiveOf(suite, packages);
  await ensureNeeds(ROOM_NEEDS, { dir: pidDir, log });
  await withLock(`${archive}.lock`, async () => {
    if (!existsSync(archive)) await lay(archive, suite, packages, log);
  });
  return archive;
}

/** Unpacks such a tree into a folder, which must be new. */
export async function unpackTree(archive, dir) {
  mkdirSync(dir, { recursive: true });
  await runTool('tar', ['-C', dir, '-xf', archive], { name: 'tar', pidDir, cwd: '/' });
}
