// The processes this launcher has started, so that one call ends them all.
//
// Each leads a process group of its own: Ctrl-C in a terminal then reaches the launcher only, which
// ends them in the right order (application before servers) and exactly once.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

import {
  endProcess,
  identify,
  isGroupAlive,
  isSameProcess,
  pidFilePath,
  readJson,
  self,
  signalGroup,
  signalProcess,
  waitUntil,
  writeJson,
} from './processes.mjs';

const OUTPUT_KEPT_CHARS = 20_000;
const GRACE_MS = 10_000;
const WAITED_FOR_CAP_MS = 300_000;

/**
 * How a process is owned. What is waited for is never interrupted; what is part of the stop may be started during it.
 * @typedef {{ name: string, role: 'tool' | 'app' | 'server', pidDir: string, graceMs?: number,
 *   isWaitedFor?: boolean, isPartOfStop?: boolean }} Ownership
 */

/**
 * Everything that must be ended.
 * @type {Set<{ role: Ownership['role'], end(): Promise<unknown>, kill(): unknown, ask?(): void }>}
 */
const owned = new Set();
let isClosing = false;

/** Thrown by every start once the launcher is stopping: what would be started, nobody would end. */
export class StoppingError extends Error {
  constructor() {
    super('The launcher is stopping');
  }
}

let isExitWatched = false;

/** For importers without a shutdown of their own, such as a test that throws. */
function askAllAtExit() {
  if (isExitWatched) return;
  isExitWatched = true;
  process.once('exit', () => owned.forEach((entry) => entry.ask?.()));
}

export function own(entry) {
  if (isClosing) throw new StoppingError();
  owned.add(entry);
  return () => owned.delete(entry);
}

/**
 * Starts a process that is ended with the launcher, or by the next one if this one is killed.
 * @param {Ownership} as
 * @returns {{ child: any, record: import('./processes.mjs').ProcessRecord & { graceMs: number }, exited: Promise<{ code: number | null, signal: string | null }>, end(): Promise<void> }}
 */
export function spawnOwned(command, args, options, as) {
  if (isClosing && !as.isPartOfStop) throw new StoppingError();
  const child = spawn(command, args, { ...options, detached: true });
  const exited = new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', () => {});
  });
  if (!child.pid) throw new Error(`Can't run ${command}: is it installed and executable?`);
  const { name, role, graceMs = GRACE_MS } = as;
  const record = { ...identify(child.pid), name, role, graceMs, owner: self };
  // At once, because whoever kills us from here on leaves the process behind.
  const pidFile = pidFilePath(as.pidDir, name);
  writeJson(pidFile, record);
  const entry = ownProcess(record, pidFile, as);
  void exited.then(entry.forget);
  return { child, record, exited, end: entry.end };
}

function ownProcess(record, pidFile, { role, isWaitedFor = false }) {
  const entry = {
    role,
    end: async () => {
      if (isWaitedFor) await waitUntil(() => !isGroupAlive(record), WAITED_FOR_CAP_MS);
      else await endProcess(record, record.graceMs);
      entry.forget();
    },
    ask: () => signalProcess(record, 'SIGTERM'),
    // A server is closing its data files, and a waited-for tool the machine's.
    kill: () => !isWaitedFor && role !== 'server' && signalGroup(record, 'SIGKILL'),
    forget: () => {
      // What the process left running in its group stays ours to end.
      if (isGroupAlive(record)) return;
      owned.delete(entry);
      // A restarted server may have written its own record by now.
      const written = readJson(pidFile);
      if (written && isSameProcess(written, record)) rmSync(pidFile, { force: true });
    },
  };
  owned.add(entry);
  askAllAtExit();
  return entry;
}

/**
 * Runs a tool to its end, quietly: its output is shown only if it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {Omit<Ownership, 'role'> & { cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @throws Error with the end of the output when the exit code is not 0
 */
export async function runTool(command, args, { cwd, env, ...as }) {
  const options = { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] };
  const { child, exited } = spawnOwned(command, args, options, { role: 'tool', ...as });
  let output = '';
  const keep = (chunk) => (output = (output + chunk).slice(-OUTPUT_KEPT_CHARS));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const closed = new Promise((resolve) => child.on('close', resolve));
  const { code, signal } = await exited;
  // A grandchild that keeps the pipe open must not hold up the launcher.
  await Promise.race([closed, waitUntil(() => false, 500)]);
  if (isClosing && !as.isPartOfStop) throw new StoppingError();
  if (code !== 0) throw new Error(`${as.name} failed (${signal ?? `exit code ${code}`})\n${output.trimEnd()}`);
  return output;
}

/** Ends everything: tools and the application first, then the servers they talk to. */
export async function endOwned() {
  isClosing = true;
  const endAll = (entries) => Promise.allSettled(entries.map((entry) => entry.end()));
  await endAll([...owned].filter((entry) => entry.role !== 'server'));
  await endAll([...owned].filter((entry) => entry.role === 'server'));
}

/** Ends the grace of tools and application. Servers keep theirs: they are closing their data files. */
export function hurryOwned() {
  for (const entry of owned) entry.kill();
}
