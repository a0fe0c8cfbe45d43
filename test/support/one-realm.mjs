import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM'];

/**
 * The tests share the globals of the process that runs them, as the service does in production, and do not get a realm of
 * their own: an `Error` of a package is one for the sources, too, so that packages need not be loaded anew for each file
 * (packages-once.mjs). What a file leaves on the globals ends with it: typeorm and class-validator keep there what the
 * decorators of its sources told them.
 */
export default class OneRealm {
  global = globalThis;
  fakeTimers = null;
  #globals = Object.getOwnPropertyDescriptors(globalThis);
  #environment = { ...process.env };
  #listeners = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  #process = { exit: process.exit, getBuiltinModule: process.getBuiltinModule };

  constructor({ projectConfig }) {
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (!Object.hasOwn(this.#globals, name)) delete globalThis[name];
    }
    for (const [signal, before] of this.#listeners) {
      for (const listener of process.listeners(signal)) if (!before.includes(listener)) process.off(signal, listener);
    }
    // Jest's own, for the file.
    Object.defineProperty(globalThis, 'console', this.#globals.console);
    Object.assign(process, this.#process);
    for (const name of Object.keys(process.env)) if (!(name in this.#environment)) delete process.env[name];
    Object.assign(process.env, this.#environment);
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return globalThis;
  }
}
