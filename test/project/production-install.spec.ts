import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');

/** A package with all that it depends on, by name. */
function withDependencies(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(dependencies)) withDependencies(dependency, found);
  return found;
}

describe('an installation without the packages for development', () => {
  const dir = mkdtempSync(join(tmpdir(), 'production-install-'));

  beforeAll(() => {
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    for (const file of ['logger.js', 'log-output.js'])
      cpSync(join(ROOT, 'dist/src/observability', file), join(dir, file));
    for (const name of withDependencies('pino'))
      cpSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name), { recursive: true });
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('logs lines of JSON into a terminal, too', () => {
    writeFileSync(
      join(dir, 'main.js'),
      `import { createLogger } from './logger.js';
       process.stdout.isTTY = true;
       createLogger({ appEnv: 'local', logLevel: 'info' }).log('It runs', 'Test');`,
    );
    const env = { PATH: process.env.PATH };
    const output = execFileSync(process.execPath, [join(dir, 'main.js')], { cwd: dir, env, encoding: 'utf8' });
    expect(JSON.parse(output)).toMatchObject({ msg: 'It runs' });
  });
});
