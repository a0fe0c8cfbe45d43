import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/**
 * The import rules guard nothing unless they fail: the step that `npm run check` runs is run on a copy of the
 * sources, as they are and with imports planted that no layer may have.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;

let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'imports-'));
  for (const entry of [
    'src',
    'migrations',
    'scripts',
    'bench',
    'web',
    'clients',
    'ormconfig.ts',
    'package.json',
    'tsconfig.json',
    'tsconfig.scripts.json',
    '.dependency-cruiser.cjs',
  ]) {
    cpSync(join(ROOT, entry), join(tree, entry), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
});

afterAll(() => rmSync(tree, { recursive: true }));

/** Runs a step of the check, with these files added to the sources for the time of the run. */
function check(command: string, planted: Record<string, string>): { exitCode: number | null; output: string } {
  const paths = Object.keys(planted).map((path) => join(tree, path));
  for (const path of paths) mkdirSync(dirname(path), { recursive: true });
  Object.values(planted).forEach((content, index) => writeFileSync(paths[index]!, content));
  const { status, stdout, stderr } = spawnSync(command, { cwd: tree, encoding: 'utf8', shell: true });
  for (const path of paths) rmSync(path);
  return { exitCode: status, output: stdout + stderr };
}

const checkImports = (planted: Record<string, string> = {}) => check('npm run --silent imports', planted);

const importing = (path: string): string => `export * from '${path}';\n`;

const plantedPath = (folder: string, index: number): string =>
  `${folder}/planted-${index}.${/^(src|clients)/.test(folder) ? 'ts' : 'mjs'}`;

describe('the import step of npm run check', () => {
  it(
    'passes the sources as they are',
    () => {
      expect(checkImports()).toMatchObject({
        exitCode: 0,
        output: expect.stringContaining('no dependency violations'),
      });
    },
    TIMEOUT_MS,
  );

  it(
    'fails on each planted import against the layers and on circles, of types alone too, and names their rules',
    () => {
      const FORBIDDEN: [rule: string, from: string, to: string][] = [
        ['common-imports-nothing-to-its-right', 'src/common', '../config/config.js'],
        ['config-imports-nothing-to-its-right', 'src/config', '../holds/holds.types.js'],
        ['metrics-imports-nothing-to-its-right', 'src/metrics', '../database/sql.js'],
        ['tracing-imports-nothing-to-its-right', 'src/tracing', '../database/sql.js'],
        ['database-imports-nothing-to-its-right', 'src/database', '../engine/group-commit.js'],
        ['redis-imports-nothing-to-its-right', 'src/redis', '../webhooks/webhooks.types.js'],
        ['engine-imports-nothing-to-its-right', 'src/engine', '../http/problem.filter.js'],
        ['queue-imports-nothing-to-its-right', 'src/queue', '../holds/holds.service.js'],
        ['http-imports-nothing-to-its-right', 'src/http/openapi', '../../observability/logger.js'],
        ['observability-imports-nothing-to-its-right', 'src/observability', '../access/admin-gate.js'],
        ['access-imports-nothing-to-its-right', 'src/access', '../orders/orders.types.js'],
        ['idempotency-imports-nothing-to-its-right', 'src/idempotency', '../products/products.types.js'],
        ['events-imports-nothing-to-its-right', 'src/events', '../orders/orders.types.js'],
        ['deliveries-imports-nothing-to-its-right', 'src/deliveries', '../sales/sales.types.js'],
        ['payment-providers-imports-nothing-to-its-right', 'src/payment-providers', '../orders/orders.types.js'],
        ['payment-sessions-imports-nothing-to-its-right', 'src/payment-sessions', '../orders/orders.types.js'],
        ['products-imports-nothing-to-its-right', 'src/products', '../holds/holds.types.js'],
        ['sales-imports-nothing-to-its-right', 'src/sales', '../holds/holds.types.js'],
        ['holds-imports-nothing-to-its-right', 'src/holds', '../orders/orders.types.js'],
        ['orders-imports-nothing-to-its-right', 'src/orders', '../webhooks/webhooks.types.js'],
        ['refunds-imports-nothing-to-its-right', 'src/refunds', '../webhooks/webhooks.types.js'],
        ['webhooks-imports-nothing-to-its-right', 'src/webhooks/deciding', '../../operations/sale-metrics.js'],
        ['operations-imports-nothing-to-its-right', 'src/operations', '../cli/output.js'],
        ['pages-imports-nothing-to-its-right', 'src/pages', '../cli/output.js'],
        ['rooms-do-not-import-the-process', 'src/products', '../app.module.js'],
        ['rooms-do-not-import-the-process', 'src/operations', '../app.js'],
        ['every-folder-is-a-room', 'src/elsewhere', '../common/retry.js'],
        ['repositories-and-entities-are-private', 'src/holds', '../products/products.repository.js'],
        ['repositories-and-entities-are-private', 'src/orders', '../holds/hold.entity.js'],
        ['repositories-and-entities-are-private', 'src/operations', '../orders/orders.repository.js'],
        ['rules-are-pure', 'src/holds/granting/rules', '../../holds.repository.js'],
        ['rules-are-pure', 'src/orders/ordering/rules', '../../../database/transactions.js'],
        ['sources-import-no-tests', 'src/cli', '../../test/support/factories.js'],
        ['sources-import-no-tests', 'src/holds', '../../scripts/ports.mjs'],
        ['scripts-know-no-source', 'scripts/servers', '../../src/common/retry.js'],
        ['scripts-know-no-source', 'scripts', '../bench/figures.mjs'],
        ['the-benchmark-knows-no-source', 'bench/rows', '../../src/common/retry.js'],
        ['the-pages-know-no-source', 'web/shared', '../../src/common/money.js'],
        ['the-service-knows-no-page', 'src/orders', '../../web/shared/money.js'],
        ['pages-share-by-web-shared', 'web/storefront', '../admin/main.js'],
        ['pages-share-by-web-shared', 'web/shared', '../storefront/main.js'],
        ['the-client-knows-nothing-of-the-service', 'clients/typescript/src', '../../../src/common/retry.js'],
        ['sources-import-no-tests', 'src/http', '../../clients/typescript/src/index.js'],
        ['imports-resolve', 'scripts', './not-there.mjs'],
        ['imports-resolve', 'src/holds', './not-there.js'],
      ];
      const planted: Record<string, string> = {
        'test/support/factories.ts': 'export {};\n',
        'src/http/upwards.ts': importing('../observability/upwards.js'),
        'src/observability/upwards.ts': importing('../http/problem-answer.js'),
        'src/common/circle-a.ts': importing('./circle-b.js'),
        'src/common/circle-b.ts': importing('./circle-a.js'),
        'src/holds/circle-a.ts': "import type { B } from './circle-b.js';\nexport interface A { b: B }\n",
        'src/holds/circle-b.ts': "import type { A } from './circle-a.js';\nexport interface B { a: A }\n",
      };
      for (const [index, [, from, to]] of FORBIDDEN.entries()) planted[plantedPath(from, index)] = importing(to);
      const { exitCode, output } = checkImports(planted);
      expect(exitCode).not.toBe(0);
      for (const [index, [rule, from]] of FORBIDDEN.entries()) {
        expect(output).toContain(`${rule}: ${plantedPath(from, index)} → `);
      }
      expect(output).toContain('no-circular-imports: src/common/circle-');
      expect(output).toContain('no-circular-imports: src/holds/circle-');
      expect(output).toMatch(/no-circular-folders: src\/http →\s+src\/observability →\s+src\/http/);
      const broken = new Set([...FORBIDDEN.map(([rule]) => rule), 'no-circular-imports', 'no-circular-folders']);
      const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
        forbidden: { name: string }[];
      };
      expect(forbidden.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('the types of the scripts', () => {
  it(
    'are checked: what a script hands to another must be what that takes',
    () => {
      const { exitCode, output } = check('npx tsc -p tsconfig.scripts.json', {
        'scripts/planted.mjs': "import { keptSecret } from './secrets.mjs';\n\nkeptSecret('file').toFixed(2);\n",
        'bench/planted.mjs': "import { atLeast } from './figures.mjs';\n\natLeast('much', 'title', { figure: 1 });\n",
      });
      expect(exitCode).not.toBe(0);
      expect(output.match(/^\S+planted[.]mjs/gm)).toEqual(['bench/planted.mjs', 'scripts/planted.mjs']);
    },
    TIMEOUT_MS,
  );
});
