// `npm test` runs everything, `npm test -- holds` one folder of test/, `npm run test:unit` the files named `.unit.spec.ts`,
// which need no servers.

const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: '<rootDir>/test/support/one-realm.mjs',
  runtime: '<rootDir>/test/support/packages-once.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/'],
  // The sources reach the tests as the build has them: ES modules, decorators with their types.
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

/** The files that match, as one project of jest. */
export const suite = (name, setup) => ({ ...shared, ...setup, displayName: name });

/** All but unit tests get a database and a Redis database for each worker. */
const withServers = { setupFilesAfterEnv: ['<rootDir>/test/support/worker-data.ts'] };

/** Needs a cluster of three databases: `npm run test:galera`. */
const galera =
  process.env.TEST_GALERA === '1'
    ? [suite('galera', { ...withServers, testMatch: ['<rootDir>/test/galera/*.spec.ts'] })]
    : [];

/** Needs Chromium: `npm run test:browser`. */
const browser =
  process.env.TEST_BROWSER === '1'
    ? [suite('browser', { ...withServers, testMatch: ['<rootDir>/test/browser/*.spec.ts'] })]
    : [];

export default {
  rootDir: import.meta.dirname,
  // Tests wait for more than half of their time, so that two cores carry four; each has a Redis database, of which there are 16.
  maxWorkers: 4,
  // Longer than anything takes on a machine that does ten other things: what is late there is not wrong.
  testTimeout: 240_000,
  reporters: ['default', '<rootDir>/test/support/count-reporter.mjs'],
  projects: [
    suite('unit', { testMatch: ['<rootDir>/test/**/*.unit.spec.ts'] }),
    suite('service', {
      ...withServers,
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['[.]unit[.]spec[.]ts$', '<rootDir>/test/(browser|containers|galera)/'],
    }),
    ...galera,
    ...browser,
  ],
};
