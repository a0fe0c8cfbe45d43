import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/** `.ci/run` with a stand-in for npm, which prints and ends as each test says. */
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ci-run-'));
  mkdirSync(join(dir, '.ci'));
  mkdirSync(join(dir, 'bin'));
  cpSync(join(import.meta.dirname, '../../.ci/run'), join(dir, '.ci/run'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** @param parts  what the stand-in does for a part, in the shell; all others of the eight pass two tests each */
function run(parts: Readonly<Record<string, string>>) {
  const cases = Object.entries(parts).map(([name, code]) => `*" ${name}") ${code} ;;`);
  const npm = ['#!/bin/sh', 'case " $*" in', ...cases, '*) echo "2 passed, 0 failed" ;;', 'esac', ''].join('\n');
  writeFileSync(join(dir, 'bin/npm'), npm, { mode: 0o755 });
  const env = { ...process.env, PATH: `${join(dir, 'bin')}:${process.env.PATH}` };
  const { status, stdout } = spawnSync('bash', ['.ci/run'], { cwd: dir, env, encoding: 'utf8' });
  return { status, stdout, last: stdout.trimEnd().split('\n').slice(-3) };
}

describe('.ci/run', () => {
  it('sums up what its parts counted', () => {
    const { status, last } = run({ check: 'echo "5 passed, 0 failed"' });
    expect(last.at(-1)).toBe('19 passed, 0 failed');
    expect(status).toBe(0);
  });

  it('goes on after a failure, and names each at the end', () => {
    const failing = { test: 'echo "1 passed, 3 failed"; exit 1', 'test:lts': 'echo "what went wrong"; exit 7' };
    const { status, stdout, last } = run(failing);
    expect(last).toEqual([
      'npm run test failed with exit code 1: 1 passed, 3 failed',
      'npm run test:lts failed with exit code 7: it counted nothing',
      '13 passed, 4 failed',
    ]);
    expect(stdout.split('=== npm run test:lts failed:\n')[1]).toMatch(/^what went wrong\n/);
    expect(status).toBe(1);
  });

  it('says at the end what the failed tests said', () => {
    const lines = [
      '  ● Console',
      '  noise',
      'PASS one',
      '  ● holds › are granted',
      '    Expected: 3',
      '1 passed, 1 failed',
    ];
    const { stdout } = run({ 'test:mysql': `printf '%s\\n' ${lines.map((line) => `"${line}"`).join(' ')}; exit 1` });
    const [, said] = stdout.split('=== npm run test:mysql failed:\n');
    expect(said).toMatch(/^ {2}● holds › are granted\n {4}Expected: 3\n/);
    expect(stdout.split('Expected: 3')).toHaveLength(3);
  });

  it('counts a failure where no test failed', () => {
    const { status, last } = run({ check: 'echo "5 passed, 0 failed"; exit 2' });
    expect(last.slice(1)).toEqual(['npm run check failed with exit code 2: 5 passed, 0 failed', '19 passed, 1 failed']);
    expect(status).toBe(1);
  });
});
