import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { headline } from '../../bench/headline.mjs';
import { registerCommands } from '../../src/cli/commands.js';
import { blocksOf, commandsOf, DOCUMENTS, filesBelow, readDocument as read, ROOT } from '../support/documents.js';

/** What single pages promise; what all pages do is in documents.unit.spec.ts. */

describe('README.md', () => {
  it('prints three commands and no other: scripts/rooms/newcomer.mjs runs them in a bare Debian', () => {
    const start = blocksOf('README.md').filter(({ heading }) => heading === 'Start');
    expect(start.map(({ language }) => language)).toEqual(['console', 'sh', 'json', 'console']);
    expect(commandsOf('README.md').map(({ code }) => code.split(' ')[0]!.trim())).toEqual(['npm', 'curl', 'npm']);
    const text = read('README.md').replace(/^```[^]*?^```$/gm, '');
    expect(text.match(/`(npm|npx|node|sh|curl|docker|mysql|redis-cli) [^`]*`/g)).toBeNull();
  });

  it('has the figures of the newest page of the benchmark', () => {
    const results = filesBelow('bench/results').filter((path) => path.endsWith('.json'));
    const runs = results.map((path) => ({
      file: path.replace(/json$/, 'md'),
      ...(JSON.parse(read(path)) as { run: { date: string }; results: unknown[] }),
    }));
    const { run, results: rows, file } = runs.sort((a, b) => (a.run.date < b.run.date ? -1 : 1)).at(-1)!;
    expect(read('README.md')).toContain(`<!-- bench:begin -->\n\n${headline(run, rows, file)}\n\n<!-- bench:end -->`);
  });
});

describe('docs/commands.md', () => {
  const page = read('docs/commands.md');
  const program = new Command();
  registerCommands(program, () => {
    throw new Error('No command is run here');
  });
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  it('names every npm script', () => {
    const named = [...page.matchAll(/`(?:npm(?: run)? )?([a-z:]+)(?: [^`]*)?`/g)].map(([, name]) => name!);
    expect(Object.keys(scripts).filter((name) => !named.includes(name))).toEqual([]);
  });

  it('names every command of the CLI', () => {
    const named = [...page.matchAll(/`npm run (?:cli -- )?([a-z:]+)/g)].map(([, name]) => name!);
    const commands = program.commands.map((command) => command.name());
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((name) => !named.includes(name))).toEqual([]);
  });

  it.each(DOCUMENTS)('and %s name only commands of the CLI that there are, with options that they have', (document) => {
    const commands = [...read(document).matchAll(/cli(?: --|\/main\.js) (?!--)([a-z:]+)((?: --[a-z-]+)*)/g)];
    for (const [, name, options] of commands) {
      const command = program.commands.find((one) => one.name() === name);
      expect(`${document}: ${command?.name()}`).toBe(`${document}: ${name}`);
      const known = command!.options.map(({ long }) => long);
      expect(known).toEqual(expect.arrayContaining(options!.split(' ').filter(Boolean)));
    }
  });
});

describe('the decisions', () => {
  const decisions = filesBelow('docs/adr').sort();

  it('are numbered without a gap, and all of them listed in ARCHITECTURE.md', () => {
    expect(decisions.map((path) => Number(/(\d{4})-/.exec(path)![1]))).toEqual(decisions.map((_, index) => index + 1));
    expect(decisions.filter((path) => !read('ARCHITECTURE.md').includes(`](${path})`))).toEqual([]);
  });

  it.each(decisions)('%s says the context, the options, what was decided and what follows, on one page', (path) => {
    const headings = [...read(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Context', 'Options', 'Decision', 'Consequences']);
    expect(read(path).split('\n').length).toBeLessThan(60);
  });
});

describe('SECURITY.md', () => {
  const [, promises] = /^## What is promised\n([^]*?)^## /m.exec(read('SECURITY.md'))!;

  it('names for each promise the tests that hold it', () => {
    const suites = filesBelow('test').map((path) => basename(path));
    const promised = [...promises!.matchAll(/^\*\*.+?\*\*[^]*?(?=^\*\*|(?![^]))/gm)].map(([promise]) => promise);
    const held = promised.map((promise) => promise.match(/[a-z][a-z-]*(?:\.unit)?\.spec\.ts/g) ?? []);
    expect(promised.length).toBeGreaterThan(6);
    expect(held.filter((names) => names.length === 0)).toEqual([]);
    expect(held.flat().filter((name) => !suites.includes(name))).toEqual([]);
  });
});

it('ARCHITECTURE.md names every table', () => {
  const made = filesBelow('migrations').flatMap((path) => [
    ...read(path).matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g),
  ]);
  const [, named] = /^The tables are ([^]*?)\n\n/m.exec(read('ARCHITECTURE.md'))!;
  expect(made.length).toBeGreaterThan(0);
  expect(made.map(([, table]) => table!).filter((table) => !named!.includes(`\`${table}\``))).toEqual([]);
});

describe('docs/request-walks.md', () => {
  const walks = read('docs/request-walks.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      files: [...section.matchAll(/^\| `(src\/[^`]+)`/gm)].map(([, path]) => path!),
    }));
  const importsOf = (path: string): string[] =>
    [...read(path).matchAll(/(?:from|import) '(\.[^']+)\.js'/g)].map(([, to]) => join(dirname(path), `${to}.ts`));
  const areLinked = (a: string, b: string) => importsOf(a).includes(b) || importsOf(b).includes(a);

  it('walks the edge, a hold, an order, a notice, an expiry and a read', () => {
    expect(walks.map(({ title }) => title.split(',')[0])).toEqual([
      ...['The edge', 'A hold', 'An order', 'A notice', 'An expiry', 'A read'],
    ]);
  });

  it.each(walks)('$title: each file is there, and uses one before it or is used by it', ({ files }) => {
    expect(files.length).toBeGreaterThan(4);
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const strayed = files.slice(1).filter((path, index) => {
      const before = files.slice(0, index + 1);
      return !before.some((other) => areLinked(other, path));
    });
    expect(strayed).toEqual([]);
  });
});
