// The layers of ARCHITECTURE.md as rules: `npm run check` fails on an import against them.

const FEATURES = ['products', 'holds', 'orders', 'refunds', 'webhooks'];
const FOUNDATIONS = ['common', 'config', 'database', 'queue', 'redis', 'observability', 'idempotency', 'providers'];

const folders = (names) => `^src/(${names.join('|')})/`;

/** products ← holds ← orders ← refunds ← webhooks: a feature imports only those to its left. */
const featureOrder = FEATURES.slice(0, -1).map((feature, index) => ({
  name: `${feature}-import-nothing-to-their-right`,
  severity: 'error',
  from: { path: folders([feature]) },
  to: { path: folders(FEATURES.slice(index + 1)) },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circular-imports',
      comment: 'Two files that import each other are one file in two places.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'foundations-import-no-feature',
      severity: 'error',
      from: { path: folders(FOUNDATIONS) },
      to: { path: '^src/', pathNot: folders(FOUNDATIONS) },
    },
    ...featureOrder,
    {
      name: 'features-do-not-compose',
      comment: 'Whole applications are put together by admin, storefront, cli, app.module, app and main.',
      severity: 'error',
      from: { path: folders(FEATURES) },
      to: { path: '^src/', pathNot: folders([...FOUNDATIONS, ...FEATURES]) },
    },
    {
      name: 'repositories-and-entities-are-private',
      comment: 'Another feature is used through its service, types and errors.',
      severity: 'error',
      from: { path: '^src/([^/]+)' },
      to: { path: '^src/[^/]+/.+[.](repository|entity)[.]ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '^(src|migrations)/|^ormconfig' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count: what a layer may not use it may not name either.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
