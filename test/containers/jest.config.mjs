import { join } from 'node:path';
import { suite } from '../../jest.config.mjs';

// Not part of `npm test`: the suite needs root and a container engine, which `npm run test:containers` brings.
const rootDir = join(import.meta.dirname, '../..');

export default {
  rootDir,
  // One after the other: both have the machine's ports and memory.
  maxWorkers: 1,
  testTimeout: 600_000,
  reporters: ['default', '<rootDir>/test/support/count-reporter.mjs'],
  projects: [suite('containers', { testMatch: ['<rootDir>/test/containers/*.spec.ts'] })],
};
