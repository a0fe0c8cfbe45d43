import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { installAdvice, TEST_NEEDS } from '../../scripts/needs.mjs';
import { packagesOf } from '../../scripts/servers/packages.mjs';

const TESTS = join(import.meta.dirname, '..');
// Those that every system has, and those that the README asks for.
const ALWAYS_THERE = ['sh', 'bash', 'mkfifo', 'git', 'node', 'npm'];

const sources = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(TESTS, name), 'utf8'));

describe('the programs that the tests need', () => {
  it('are all in the list of what the test command makes sure of', () => {
    const started = sources.flatMap((text) =>
      [...text.matchAll(/\b(?:execFile|execFileSync|spawn|spawnSync)\(\s*'([^']+)'/g)].map(([, name]) => name!),
    );
    expect(started.length).toBeGreaterThan(0);
    expect([...new Set(started)].filter((name) => ![...ALWAYS_THERE, ...TEST_NEEDS].includes(name))).toEqual([]);
  });

  it.each([
    ['apt', 'sudo apt-get install -y'],
    ['dnf', 'sudo dnf install -y'],
    ['brew', 'brew install'],
    ['apk', 'sudo apk add'],
    ['pacman', 'sudo pacman -S --needed'],
  ])('are named with one line to install them, by %s too', (name, install) => {
    const advice = installAdvice(TEST_NEEDS, { name, install });
    expect(advice).toContain('Missing on this machine: MariaDB or MySQL server, Redis or Valkey server, mariadb-dump');
    const [line, ...others] = advice.split('\n').filter((text) => text.includes(install));
    expect(others).toEqual([]);
    expect(line).toMatch(/mariadb.*(redis|valkey).*(prometheus|promtool)/);
    expect(line).not.toContain('undefined');
    const packages = line!.trim().slice(install.length).trim().split(' ');
    expect(packages).toEqual([...new Set(packages)]);
  });

  it('are installed by packages of which each is named once, the first of its alternatives that is offered', () => {
    const lists = [
      [['prometheus']],
      [['mariadb-server-core', 'mariadb-client-core'], ['mariadb-server-core-10.6']],
      [['prometheus']],
      [['redis-tools'], ['valkey-tools']],
      [['nowhere']],
      [['mariadb-server-core']],
    ];
    const isOffered = (name: string) => !['redis-tools', 'nowhere'].includes(name);
    expect(packagesOf(lists, isOffered)).toEqual([
      'prometheus',
      'mariadb-server-core',
      'mariadb-client-core',
      'valkey-tools',
    ]);
  });

  it('are named without a line where no package manager is known', () => {
    expect(installAdvice(['openssl'], null)).toContain('Missing on this machine: openssl.');
  });
});
