import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    'ormconfig.ts',
    'package.json',
    'tsconfig.json',
    '.dependency-cruiser.cjs',
  ]) {
    cpSync(join(ROOT, entry), join(tree, entry), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
});

afterAll(() => rmSync(tree, { recursive: true }));

/** Runs the import step of the check, with these files added to the sources for the time of the run. */
function checkImports(planted: Record<string, string> = {}): { exitCode: number | null; output: string } {
  const paths = Object.keys(planted).map((path) => join(tree, path));
  for (const path of paths) mkdirSync(dirname(path), { recursive: true });
  Object.values(planted).forEach((content, index) => writeFileSync(paths[index]!, content));
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'imports'], { cwd: tree, encoding: 'utf8' });
  for (const path of paths) rmSync(path);
  return { exitCode: status, output: stdout + stderr };
}

const importing = (path: string): string => `export * from '${path}';\n`;

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
        ['foundations-import-no-feature', 'src/common', '../products/products.types.js'],
        ['foundations-import-no-feature', 'src/config', '../holds/holds.types.js'],
        ['foundations-import-no-feature', 'src/database', '../orders/orders.types.js'],
        ['foundations-import-no-feature', 'src/redis', '../webhooks/webhooks.types.js'],
        ['foundations-import-no-feature', 'src/queue', '../holds/holds.service.js'],
        ['foundations-import-no-feature', 'src/observability', '../admin/admin-gate.js'],
        ['products-import-nothing-to-their-right', 'src/products', '../holds/holds.types.js'],
        ['holds-import-nothing-to-their-right', 'src/holds', '../orders/orders.types.js'],
        ['orders-import-nothing-to-their-right', 'src/orders', '../webhooks/webhooks.types.js'],
        ['features-do-not-compose', 'src/webhooks', '../admin/admin-gate.js'],
        ['features-do-not-compose', 'src/products', '../app.module.js'],
        ['repositories-and-entities-are-private', 'src/holds', '../products/products.repository.js'],
        ['repositories-and-entities-are-private', 'src/orders', '../holds/hold.entity.js'],
        ['repositories-and-entities-are-private', 'src/admin', '../orders/orders.repository.js'],
        ['sources-import-no-tests', 'src/cli', '../../test/support/factories.js'],
        ['imports-resolve', 'src/holds', './not-there.js'],
      ];
      const planted: Record<string, string> = {
        'test/support/factories.ts': 'export {};\n',
        'src/common/circle-a.ts': importing('./circle-b.js'),
        'src/common/circle-b.ts': importing('./circle-a.js'),
        'src/holds/circle-a.ts': "import type { B } from './circle-b.js';\nexport interface A { b: B }\n",
        'src/holds/circle-b.ts': "import type { A } from './circle-a.js';\nexport interface B { a: A }\n",
      };
      for (const [index, [, from, to]] of FORBIDDEN.entries()) planted[`${from}/planted-${index}.ts`] = importing(to);
      const { exitCode, output } = checkImports(planted);
      expect(exitCode).not.toBe(0);
      for (const [index, [rule, from]] of FORBIDDEN.entries()) {
        expect(output).toContain(`${rule}: ${from}/planted-${index}.ts → `);
      }
      expect(output).toContain('no-circular-imports: src/common/circle-');
      expect(output).toContain('no-circular-imports: src/holds/circle-');
    },
    TIMEOUT_MS,
  );
});
