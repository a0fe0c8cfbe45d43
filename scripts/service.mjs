// The running service of this checkout, as the other commands find it: `npm start` holds a lock
// while it lives and describes itself in run.json once it is ready.

import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { localDir } from './checkout.mjs';
import { isAlive, isSameProcess, readJson, self, tryLock, waitUntil, writeJson } from './processes.mjs';

const runFile = join(localDir, 'run.json');
const START = 'npm start';

function launcherLock(dir) {
  return join(dir, 'launcher.lock');
}

/**
 * Claims a data folder for this launcher until it exits.
 * @returns null, or who has it: { pid, command }
 */
export function claimData(dir, command) {
  return tryLock(launcherLock(dir), { command });
}

export function claimAsService() {
  return claimData(localDir, START);
}

/** Lets go of a data folder that this launcher has; another one's claim stays. */
export function releaseData(dir) {
  const holder = readJson(launcherLock(dir));
  if (holder && isSameProcess(holder, self)) rmSync(launcherLock(dir), { force: true });
}

/** Resolves when the holder of a data folder has let go of it or died. */
export function waitForRelease(dir, holder) {
  const isFree = () => {
    const now = readJson(launcherLock(dir));
    return !now || !isSameProcess(now, holder) || !isAlive(holder);
  };
  return waitUntil(isFree, Infinity, 100);
}

export function isService(holder) {
  return holder.command === START;
}

/** @param {{ pid: number, started: string, url: string, isWatching: boolean, env: Record<string, string> }} run */
export function announceService(run) {
  writeJson(runFile, run);
}

export function withdrawService() {
  rmSync(runFile, { force: true });
}

/** What the launcher has announced, or null while it has not. */
export function findAnnounced(holder) {
  const run = readJson(runFile);
  return run && isSameProcess(run, holder) ? run : null;
}

/** The service of this checkout, or null while none is ready. */
export function findRunning() {
  const holder = readJson(launcherLock(localDir));
  return holder && isService(holder) && isAlive(holder) ? findAnnounced(holder) : null;
}

/** Waits for a launcher that is still starting. Null when it ended instead. */
export async function waitForService(holder) {
  await waitUntil(() => findAnnounced(holder) || !isAlive(holder), Infinity, 100);
  return findAnnounced(holder);
}
