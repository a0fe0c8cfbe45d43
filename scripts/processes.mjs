// Which process is which, across launchers that may be killed at any moment.
//
// A pid alone proves nothing, because the system hands it out again. A record therefore carries the
// moment the process started, and nothing is ever signalled whose moment does not match. Every
// recorded process leads a group of its own, so that what it spawned ends with it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PID_FILE_SUFFIX = '.pid.json';
const PID_FILE_DEPTH_MAX = 6;
const hasProc = existsSync('/proc/self/stat');
// Start times count from the boot, so a record of before the last boot must never match.
const bootId = hasProc ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';

/** @typedef {{ pid: number, started: string }} ProcessRecord */

/** Name, state, parent, group and start time of a process, or null when there is none. */
function inspect(pid) {
  return hasProc ? inspectProc(pid) : inspectPs(pid);
}

function inspectProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces and parentheses itself.
    const end = stat.lastIndexOf(')');
    const name = stat.slice(stat.indexOf('(') + 1, end);
    const [state, parent, group, ...rest] = stat.slice(end + 2).split(' ');
    const started = `${bootId}:${rest[16]}`;
    return { name, state, parent: Number(parent), group: Number(group), started };
  } catch {
    return null;
  }
}

function inspectPs(pid) {
  try {
    const out = execFileSync('ps', ['-o', 'state=,ppid=,pgid=,lstart=,comm=', '-p', String(pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    // lstart is five words: Sat Nov 21 23:56:49 2026
    const match = /^\s*(\S)\S*\s+(\d+)\s+(\d+)\s+((?:\S+\s+){5})(.+?)\s*$/.exec(out);
    if (!match) return null;
    const [, state, parent, group, started, path] = match;
    return { name: basename(path), state, parent: Number(parent), group: Number(group), started };
  } catch {
    return null;
  }
}

/**
 * The npm that runs us as a script, directly or through a shell; null when none does. A record that nothing alive matches means: npm was killed before we came.
 */
export function findNpm() {
  if (!process.env.npm_lifecycle_event) return null;
  const parent = inspect(process.ppid);
  const isShell = parent !== null && /^-?(ba|da|a|z|k)?sh$/.test(parent.name);
  const npm = isShell ? parent.parent : process.ppid;
  // Orphans go to process 1, which in a container may as well be npm itself.
  const isOrphan = npm === 1 && !/^(npm|node)/.test(inspect(1)?.name ?? '');
  return isOrphan ? { pid: 1, started: 'never' } : identify(npm);
}

/** The record of a running process, by which it is recognised later. */
export function identify(pid) {
  const found = inspect(pid);
  return { pid, started: found ? found.started : '' };
}

export const self = identify(process.pid);

export function isSameProcess(a, b) {
  return a.pid === b.pid && a.started === b.started;
}

/**
 * A zombie counts as gone: where nobody reaps orphans, it would otherwise live for ever. But a
 * killed server shows as one while its other threads still hold its files.
 */
function isRunning(pid, found) {
  if (found.state !== 'Z') return true;
  try {
    return hasProc && readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

export function isAlive(record) {
  const found = inspect(record.pid);
  return found !== null && found.started === record.started && isRunning(record.pid, found);
}

/** Whether no thread of the process runs, since it was told to stop: each of them takes note of that when its turn comes. */
export function isStopped({ pid }) {
  if (!hasProc) return true;
  return readdirSync(`/proc/${pid}/task`).every((thread) => inspectProc(`${pid}/task/${thread}`)?.state === 'T');
}

/** True while the process or anything else of the group it led is running. */
export function isGroupAlive(record) {
  if (isAlive(record)) return true;
  const successor = inspect(record.pid);
  // The pid has gone to a stranger, which the system allows only once the whole group has ended.
  if (successor && successor.started !== record.started) return false;
  return hasLiveMembers(record.pid);
}

function hasLiveMembers(group) {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (!hasProc) return true;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      const found = inspectProc(pid);
      return found !== null && found.group === group && isRunning(pid, found);
    });
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime, which is what the signal is for.
  }
}

/** Signals the recorded process alone, and only if it still is that process. */
export function signalProcess(record, signal) {
  if (isAlive(record)) send(record.pid, signal);
}

/** Signals the whole group the recorded process led. */
export function signalGroup(record, signal) {
  if (isGroupAlive(record)) send(-record.pid, signal);
}

/** Resolves to whether `isDone` became true within the time; cheap where /proc exists. */
export async function waitUntil(isDone, capMs, everyMs = hasProc ? 20 : 100) {
  const deadline = Date.now() + capMs;
  while (!isDone()) {
    if (Date.now() >= deadline) return false;
    await sleep(everyMs);
  }
  return true;
}

/**
 * Ends a process and its group: SIGTERM, SIGKILL when the grace is over. The leader is asked first
 * and alone, because a leader that passes the signal on would make its children see it twice.
 */
export async function endProcess(record, graceMs = 10_000) {
  signalProcess(record, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  if (await waitUntil(() => !isAlive(record), graceMs)) {
    signalGroup(record, 'SIGTERM');
    if (await waitUntil(() => !isGroupAlive(record), Math.max(deadline - Date.now(), 500))) return;
  }
  signalGroup(record, 'SIGKILL');
  await waitUntil(() => !isGroupAlive(record), 5_000);
}

export function pidFilePath(dir, name) {
  return join(dir, name + PID_FILE_SUFFIX);
}

/** Written beside and renamed, so that a reader never sees half of it. */
export function writeJson(file, value) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(value, null, 2) + '\n', { mode: 0o600 });
  renameSync(draft, file);
}

/** The parsed file, or null when it is missing or unreadable. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function findPidFiles(dir, depth = 0) {
  if (depth > PID_FILE_DEPTH_MAX || !existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return findPidFiles(path, depth + 1);
    return entry.name.endsWith(PID_FILE_SUFFIX) ? [path] : [];
  });
}

/**
 * Ends what a killed launcher left running anywhere below a folder: the application and tools
 * first, servers last. What belongs to a launcher that lives is left alone.
 * @param {(line: string) => void} [log]
 * @returns how many processes were ended
 */
export async function endLeftovers(dir, log = () => {}) {
  const found = [];
  for (const file of findPidFiles(dir)) {
    const record = readJson(file);
    if (record?.pid > 1 && isAlive(record.owner)) continue;
    if (record?.pid > 1 && isGroupAlive(record)) found.push({ file, record });
    else rmSync(file, { force: true });
  }
  const end = async ({ file, record }) => {
    log(`Ending ${record.name} (pid ${record.pid}), left over from a launcher that was killed`);
    await endProcess(record, record.graceMs);
    rmSync(file, { force: true });
  };
  await Promise.all(found.filter(({ record }) => record.role !== 'server').map(end));
  await Promise.all(found.filter(({ record }) => record.role === 'server').map(end));
  return found.length;
}

/**
 * Takes a lock file for this process; the lock of a dead process is taken over.
 * @returns null, or the record of the living process that has it
 */
export async function tryLock(file, extra = {}) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      const content = JSON.stringify({ ...self, ...extra }) + '\n';
      writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
      // Two that find the same dead lock may both remove it; the one written last stays.
      await sleep(20);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readJson(file);
    if (holder && isSameProcess(holder, self)) return null;
    if (holder && isAlive(holder)) return holder;
    rmSync(file, { force: true });
  }
}

/**
 * Runs `work` under the lock, waiting for a living holder for as long as it lives.
 * @template T
 * @param {() => T} work
 * @param {(holder: ProcessRecord) => void} [onWait]
 */
export async function withLock(file, work, onWait = () => {}) {
  let told = false;
  for (let holder = await tryLock(file); holder; holder = await tryLock(file)) {
    if (!told) onWait(holder);
    told = true;
    await waitUntil(() => !existsSync(file) || !isAlive(holder), 60_000, 100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}
