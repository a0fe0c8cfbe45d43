// One way out for a launcher, whatever asks for it: a signal, a closed terminal, a killed npm, the
// end of the application, or an error.

import { endOwned, hurryOwned } from './owned.mjs';
import { findNpm, isAlive } from './processes.mjs';

// npm passes Ctrl-C on although the terminal has sent it already: a second signal within this
// time is the same key press, a later one is an impatient operator.
const SAME_KEY_PRESS_MS = 1_000;
const PARENT_CHECK_MS = 500;

export class Shutdown {
  /** @type {Promise<void> | null} */
  #running = null;
  #startedAt = 0;

  /**
   * What to do with the first signal.
   * @type {(signal: NodeJS.Signals) => unknown}
   */
  onSignal = (signal) => this.request(`Stopping (${signal})`);

  /** @param {{ log(line: string): void, cleanUp?(): void }} options */
  constructor({ log, cleanUp = () => {} }) {
    this.log = log;
    this.cleanUp = cleanUp;
  }

  get isRunning() {
    return this.#running !== null;
  }

  /** Ends everything and exits with the code; the first request decides. */
  request(reason, exitCode = 0) {
    if (!this.#running) {
      this.#startedAt = Date.now();
      this.#running = this.#run(reason, exitCode);
    }
    return this.#running;
  }

  async #run(reason, exitCode) {
    if (reason) this.log(reason);
    await endOwned();
    this.cleanUp();
    if (reason) this.log('Stopped; nothing is left running');
    process.exit(exitCode);
  }

  listen() {
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        if (!this.isRunning) return void this.onSignal(signal);
        if (Date.now() - this.#startedAt > SAME_KEY_PRESS_MS) hurryOwned();
      });
    }
    this.#watchParent();
    this.#surviveClosedOutput();
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.on(event, (error) => this.fail(error));
    }
  }

  /** For errors: says what happened, ends everything, exits with 1. */
  fail(error) {
    // What ends because the launcher is stopping reports errors of its own; they are no news.
    if (this.isRunning) return this.#running;
    this.log(error instanceof Error ? error.message : String(error));
    if (process.env.DEBUG && error?.stack) this.log(error.stack);
    return this.request('', 1);
  }

  /** npm can be killed without a chance to pass anything on; then nobody is left to stop us. */
  #watchParent() {
    const npm = findNpm();
    if (!npm) return;
    const parent = process.ppid;
    setInterval(() => {
      const isGone = process.ppid !== parent || !isAlive(npm);
      if (isGone) this.request('Stopping (npm, which started this, is gone)');
    }, PARENT_CHECK_MS).unref();
  }

  /** A reader that goes away (`npm start | head`) must not make us die without cleaning up. */
  #surviveClosedOutput() {
    process.stdout.on('error', () => {});
    process.stderr.on('error', () => {});
  }
}
