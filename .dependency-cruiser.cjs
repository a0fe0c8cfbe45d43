// The layers of ARCHITECTURE.md as rules: `npm run check` fails on an import against them.

/** The rooms of src/, leftmost first: each imports only those before it, so no two can import each other. */
const FOUNDATIONS = [
  'common',
  'config',
  'metrics',
  'tracing',
  'database',
  'redis',
  'engine',
  'queue',
  'http',
  'observability',
  'access',
  'idempotency',
  'events',
  'deliveries',
  'payment-providers',
];
const FEATURES = ['payment-sessions', 'products', 'sales', 'holds', 'orders', 'refunds', 'webhooks'];
const COMPOSING = ['operations', 'pages', 'cli'];
const ROOMS = [...FOUNDATIONS, ...FEATURES, ...COMPOSING];

const rooms = (names) => `^src/(${names.join('|')})/`;

const roomOrder = ROOMS.slice(0, -1).map((room, index) => ({
  name: `${room}-imports-nothing-to-its-right`,
  severity: 'error',
  from: { path: rooms([room]) },
  to: { path: rooms(ROOMS.slice(index + 1)) },
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
    ...roomOrder,
    {
      name: 'rooms-do-not-import-the-process',
      comment: 'The whole application is put together by app.module, app, main and the commands.',
      severity: 'error',
      from: { path: rooms(ROOMS), pathNot: rooms(['cli']) },
      to: { path: '^src/[^/]+[.]ts$' },
    },
    {
      name: 'no-circular-folders',
      comment: 'Two folders that need each other are one folder in two places.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-folder-is-a-room',
      comment: 'A new folder of src/ gets its place in ROOMS.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: rooms(ROOMS) },
      to: {},
    },
    {
      name: 'repositories-and-entities-are-private',
      comment: 'Another feature is used through its service, types and errors.',
      severity: 'error',
      from: { path: '^src/([^/]+)' },
      to: { path: '^src/[^/]+/.+[.](repository|entity)[.]ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'rules-are-pure',
      comment: 'A rule decides on what was gathered, and reads or writes nothing by itself.',
      severity: 'error',
      from: { path: '^src/.+/(rules/|[^/]+-rules[.]ts$)' },
      to: { path: '^src/(database/(transactions|pool)[.]|redis/|engine/|queue/)|[.](service|repository)[.]ts$' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '^(src|migrations)/|^ormconfig' },
      to: { path: '^(test|bench|scripts|clients)/' },
    },
    {
      name: 'scripts-know-no-source',
      comment: 'They start what is built, in a process of its own, and run before anything is built.',
      severity: 'error',
      from: { path: '^scripts/' },
      to: { path: '^(src|migrations|test|bench)/|^ormconfig' },
    },
    {
      name: 'the-benchmark-knows-no-source',
      comment: 'It measures what is built, from outside.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^(src|migrations|test)/|^ormconfig' },
    },
    {
      name: 'the-pages-know-no-source',
      comment: 'They run in browsers, and know the service by its API.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|migrations|test|scripts|bench)/|^ormconfig' },
    },
    {
      name: 'the-service-knows-no-page',
      comment: 'It serves what is built of them.',
      severity: 'error',
      from: { path: '^(src|migrations|scripts|bench)/|^ormconfig' },
      to: { path: '^web/' },
    },
    {
      name: 'pages-share-by-web-shared',
      comment: 'What both pages use is in web/shared, which uses neither.',
      severity: 'error',
      from: { path: '^web/(storefront|admin|shared)/' },
      to: { path: '^web/(storefront|admin)/', pathNot: '^web/$1/' },
    },
    {
      name: 'the-client-knows-nothing-of-the-service',
      comment: 'It is built and installed by itself; all it knows of the service is the OpenAPI document.',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(src|migrations|test|scripts|bench|web)/|^ormconfig' },
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
