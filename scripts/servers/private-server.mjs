// A server process of our own: started on a free port, ready when it really answers, stopped
// cleanly, killed and restarted at will by tests. Knows nothing of databases or Redis.

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { spawnOwned } from '../owned.mjs';
import { findFreePort, isPortFree, isServerPort } from '../ports.mjs';
import {
  endLeftovers,
  isAlive,
  isGroupAlive,
  isStopped,
  pidFilePath,
  readJson,
  signalGroup,
  waitUntil,
  writeJson,
} from '../processes.mjs';

const LOG_BYTES_MAX = 5_000_000;
const LOG_TAIL_LINES = 15;
// Long, because after a kill -9 the server first replays its log.
const START_CAP_MS = 120_000;
const STOP_GRACE_MS = 30_000;
const PORT_TRIES = 4;

/** @template {'database' | 'redis'} [Kind='database' | 'redis'] */
export class PrivateServer {
  /** @type {ReturnType<typeof spawnOwned> | null} */
  #process = null;

  /**
   * @param {{ kind: Kind, label: string, dir: string, port?: number,
   *   binary: string, argv0?: string, args(port: number): string[],
   *   isReady(port: number): Promise<boolean> }} spec
   */
  constructor(spec) {
    this.spec = spec;
    this.kind = spec.kind;
    this.label = spec.label;
    this.dir = spec.dir;
    this.host = '127.0.0.1';
    this.port = spec.port ?? 0;
    this.logFile = join(spec.dir, 'server.log');
  }

  get pid() {
    return this.#process ? this.#process.record.pid : 0;
  }

  get isRunning() {
    return this.#process !== null && isAlive(this.#process.record);
  }

  /** Starts on the given port, or on a free one; another process may win the race for that one. */
  async start() {
    for (let tries = PORT_TRIES; ; tries--) {
      this.port = this.spec.port ?? (await this.#choosePort());
      try {
        await this.#launch();
        return this;
      } catch (error) {
        if (this.spec.port || tries === 1 || !error.isPortTaken) throw error;
      }
    }
  }

  /** Stops what still runs, then starts again on the same port and the same data. */
  async restart() {
    await this.stop();
    await this.#launch();
  }

  async stop() {
    if (!this.#process) return;
    await this.#process.end();
    this.#process = null;
  }

  /**
   * Signals the whole server at once: `kill('SIGKILL')` is the crash of the tests.
   * @param {NodeJS.Signals} signal
   */
  kill(signal = 'SIGKILL') {
    if (this.#process) signalGroup(this.#process.record, signal);
  }

  /** Stops the server in its tracks, and resolves once it does nothing any more; on a busy machine that takes a moment. */
  async freeze() {
    if (!this.#process) throw new Error(`${this.kind} does not run`);
    const { record } = this.#process;
    signalGroup(record, 'SIGSTOP');
    if (!(await waitUntil(() => isStopped(record), STOP_GRACE_MS))) throw new Error(`${this.kind} runs on`);
  }

  /** Lets a frozen server go on; does nothing to one that is not. */
  thaw() {
    this.kill('SIGCONT');
  }

  /** Resolves once a killed server is gone. */
  async gone() {
    const process = this.#process;
    if (process) await waitUntil(() => !isGroupAlive(process.record), STOP_GRACE_MS);
  }

  /** The port of the last time if it is free: addresses in a developer's tools then stay right. */
  async #choosePort() {
    const last = readJson(this.#portFile);
    if (isServerPort(last?.port) && (await isPortFree(last.port))) return last.port;
    return findFreePort();
  }

  async #launch() {
    const logStart = this.#prepareLog();
    const out = openSync(this.logFile, 'a', 0o600);
    try {
      const options = { cwd: this.dir, stdio: ['ignore', out, out], argv0: this.spec.argv0 };
      /** @type {import('../owned.mjs').Ownership} */
      const as = { name: this.kind, role: 'server', pidDir: this.dir, graceMs: STOP_GRACE_MS };
      this.#process = spawnOwned(this.spec.binary, this.spec.args(this.port), options, as);
    } finally {
      closeSync(out);
    }
    // A test runner must be able to end although a server that it forgot is still running.
    this.#process.child.unref();
    await this.#waitUntilReady(this.#process.record, logStart);
    writeJson(this.#portFile, { port: this.port });
  }

  get #portFile() {
    return join(this.dir, 'port.json');
  }

  #prepareLog() {
    if (!existsSync(this.logFile)) return 0;
    if (statSync(this.logFile).size > LOG_BYTES_MAX) truncateSync(this.logFile);
    return statSync(this.logFile).size;
  }

  async #waitUntilReady(record, logStart) {
    const deadline = Date.now() + START_CAP_MS;
    while (isAlive(record)) {
      if ((await this.spec.isReady(this.port)) && isAlive(record)) return;
      if (Date.now() > deadline) {
        await this.stop();
        throw this.#startError(`did not answer within ${START_CAP_MS / 1000} s`, logStart);
      }
      await sleep(25);
    }
    throw this.#startError('ended while starting', logStart);
  }

  #startError(what, logStart) {
    const log = readFileSync(this.logFile).subarray(logStart).toString().trimEnd();
    const tail = log.split('\n').slice(-LOG_TAIL_LINES).join('\n');
    const error = new Error(`${this.label} ${what}. End of ${this.logFile}:\n${tail}`);
    return Object.assign(error, { isPortTaken: /address already in use|port: Address/i.test(log) });
  }
}

/**
 * Makes a server's folder ready: ends the server that a killed owner left in it, and refuses one
 * that belongs to somebody alive, because two servers on the same files destroy them.
 */
export async function claimServerDir(kind, dir, log) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await endLeftovers(dir, log);
  const record = readJson(pidFilePath(dir, kind));
  if (record && isGroupAlive(record)) {
    throw new Error(
      `The ${kind} in ${dir} is in use by another command of this checkout (pid ${record.owner.pid}). ` +
        'Wait for it to end, or stop it.',
    );
  }
}
