import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { blocksOf, commandsOf, DOCUMENTS, filesBelow, readDocument as read, ROOT } from '../support/documents.js';

/** A heading's name in an address, as GitHub makes it. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

const SOURCES = filesBelow('src').map(read);

/** The names that stand at the head of a member, in the body of the class or interface. */
function membersOf(owner: string): Set<string> {
  const declaration = new RegExp(`^export (?:class|interface) ${owner}\\b[^]*?^}`, 'm');
  const body = SOURCES.map((source) => declaration.exec(source)?.[0]).find(Boolean) ?? '';
  return new Set(
    [...body.matchAll(/^ {2}(?:(?:private|readonly|async|static|get) )*(\w+)[(<?!:; ]/gm)].map(([, name]) => name!),
  );
}

/** Names that say by themselves what a file is. */
const ROLES = /[.](module|controller|service|repository|entity|errors|types|processor|schedule|dto|decorator)[.]ts$/;

describe('where is what decided', () => {
  it('is said by each source file in a comment, unless its role is its name', () => {
    const silent = filesBelow('src').filter((path) => !ROLES.test(path) && !/^\/(?:\*\*|\/)/m.test(read(path)));
    expect(silent).toEqual([]);
  });

  it('is told of each room in ARCHITECTURE.md', () => {
    const told = [...read('ARCHITECTURE.md').matchAll(/^\| `src\/([\w-]+)\/`/gm)].map(([, room]) => room!);
    const rooms = filesBelow('src').flatMap((path) => (path.split('/').length > 2 ? [path.split('/')[1]!] : []));
    expect(told.sort()).toEqual([...new Set(rooms)].sort());
  });
});

describe('the versions of Node', () => {
  it('are the same in the README, in package.json and in what refuses an older one; the image ships the LTS', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const [, oldest, lts] = /Node\.js \((\d+\.\d+) or newer; (\d+), the LTS,/.exec(read('README.md'))!;
    expect(engines.node).toBe(`>=${oldest}`);
    expect(read('scripts/node-version.mjs')).toContain(`needs Node ${oldest} or newer`);
    expect([...read('Dockerfile').matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major)).toContain(lts);
    expect(Number(lts) % 2).toBe(0);
  });
});

describe('the packages in ARCHITECTURE.md', () => {
  const [, section] = /\n## What each package is for\n([^]*?)(?:\n## |$(?![^]))/.exec(read('ARCHITECTURE.md'))!;
  const tables = section!.split('For development only:');
  const told = (table: string) =>
    [...table.matchAll(/^\| `([^`]+)` +\| (.*?) *\|$/gm)].map(([, name, why]) => ({ name, why }));
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;

  it.each([
    ['of the service', tables[0]!, dependencies!],
    ['for development', tables[1]!, devDependencies!],
  ])('%s are those of package.json, each with what it is for', (_which, table, packages) => {
    expect(told(table).map(({ name }) => name)).toEqual(Object.keys(packages).sort());
    expect(told(table).filter(({ why }) => why === '')).toEqual([]);
  });
});

describe('one word for one thing', () => {
  const fixedNames = /`[^`]*`|\]\([^)]*\)|Standard Webhooks|WEBHOOK_\w+|webhook_\w+|\bwebhooks\/|^\| webhook /gm;
  const withWebhook = (lines: string[]) => lines.filter((line) => /webhook/i.test(line.replace(fixedNames, '')));

  it('what comes from a provider is a notice on every page, and a webhook only in fixed names', () => {
    const prose = DOCUMENTS.flatMap((document) =>
      read(document)
        .replace(/^```[^]*?^```$/gm, '')
        .split('\n'),
    );
    expect(withWebhook(prose)).toEqual([]);
  });

  it('and in the comments of the sources', () => {
    const comments = SOURCES.flatMap((source) => source.match(/^\s*(?:\/\*\*|\*|\/\/).*$/gm) ?? []);
    expect(comments.length).toBeGreaterThan(500);
    expect(withWebhook(comments)).toEqual([]);
  });
});

describe.each(DOCUMENTS)('%s', (document) => {
  // The benchmark's tool writes what stands between its marks.
  const text = read(document).replace(/<!-- bench:begin -->[^]*<!-- bench:end -->/, '');

  it('names only files that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|scripts|migrations|docs|bench)\/[\w./-]+)`/g)].map(
      ([, path]) => path!,
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!);
    expect(linked.filter((path) => !existsSync(join(ROOT, dirname(document), path)))).toEqual([]);
  });

  it('links only to headings that there are', () => {
    const linked = [...text.matchAll(/\]\(((?!https?:)[^)#]*)#([^)]+)\)/g)].map(([, path, anchor]) => ({
      page: path === '' ? document : join(dirname(document), path!),
      anchor: anchor!,
    }));
    expect(linked.filter(({ page, anchor }) => !anchorsOf(page).includes(anchor))).toEqual([]);
  });

  it('names only calls of the API that exist', () => {
    const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, object> };
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
    );
    const named = [...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/api\/[\w/{}$-]*)/g)].map(
      ([, method, path]) => `${method} ${path!.replaceAll(/\{\w+\}|\$\w+/g, '{}')}`,
    );
    expect(named.filter((call) => !calls.includes(call))).toEqual([]);
  });

  it('names only methods that their class has', () => {
    const named = [...text.matchAll(/`([A-Z]\w+)\.([a-z]\w+)`/g)].map(([, owner, method]) => ({ owner, method }));
    expect(named.filter(({ owner, method }) => !membersOf(owner!).has(method!))).toEqual([]);
  });

  it('names only metrics and contexts of the log that there are', () => {
    const metrics = [...text.matchAll(/`([a-z_]+_(?:total|up|seconds))(?:\{[^`]*\})?`/g)].map(([, name]) => name!);
    const contexts = [...text.matchAll(/context\s+`(\w+)`/g)].map(([, name]) => `new Logger('${name}')`);
    expect([...metrics, ...contexts].filter((name) => !SOURCES.some((source) => source.includes(name)))).toEqual([]);
  });

  it('names only tests that exist', () => {
    const paths = filesBelow('test').filter((path) => path.endsWith('.spec.ts'));
    const named = [...text.matchAll(/npm test -- ([\w./-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !paths.some((path) => path.includes(`/${name}`)))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script!);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});

/** What runs the commands of the pages, by the word after a block's language. */
const RUN_BY: Readonly<Record<string, string>> = {
  newcomer: 'scripts/rooms/newcomer.mjs',
  tour: 'test/project/docs.spec.ts',
  database: 'test/deploy/deploying.spec.ts',
  compose: 'test/containers/production.spec.ts',
  operator: 'test/deploy/operating.spec.ts',
  saleday: 'test/deploy/sale-day.spec.ts',
  package: 'test/clients/package.spec.ts',
  integrating: 'test/clients/integrating.spec.ts',
  payments: 'test/clients/payments.spec.ts',
  simulated: 'test/clients/payments.spec.ts',
  stripe: 'test/clients/payments.spec.ts',
};

describe.each(DOCUMENTS.filter((document) => read(document).includes('```')))('the blocks of %s', (document) => {
  const blocks = blocksOf(document);

  it('each have a language', () => {
    expect(read(document).match(/^ *```/gm)).toHaveLength(2 * blocks.length);
  });

  it('are answers, or commands that something runs', () => {
    const shown = ['http', 'json', 'text', 'ts'];
    const commands = blocks.filter(({ language }) => !shown.includes(language));
    expect(commands).toEqual(commandsOf(document));
    expect(commands.filter(({ runBy }) => RUN_BY[runBy ?? 'nothing'] === undefined)).toEqual([]);
    for (const mark of new Set(commands.map(({ runBy }) => runBy!))) {
      expect(read(RUN_BY[mark]!)).toContain(`'${document}'`);
      expect(read(RUN_BY[mark]!)).toMatch(new RegExp(`'${mark}'|\\b(?:console|sh) ${mark}\\b`));
    }
  });
});

const withoutImports = (code: string): string => code.replace(/^import .*;\n+/gm, '').trim();

describe('code on the pages', () => {
  const files = [...SOURCES, ...filesBelow('test').map(read)].map(withoutImports);
  const shown = DOCUMENTS.flatMap((document) => blocksOf(document)).filter(({ language }) => language === 'ts');

  it('stands in a file that is compiled, as it is printed', () => {
    expect(shown.length).toBeGreaterThan(0);
    expect(
      shown.map(({ code }) => code).filter((code) => !files.some((file) => file.includes(withoutImports(code)))),
    ).toEqual([]);
  });
});

/** What operators and integrators type. Decisions, in the folder below, are only read; lists of commands are held above. */
const COMMANDS_IN_TABLES = ['docs/commands.md', 'docs/from-laravel.md'];
const PAGES = DOCUMENTS.filter((path) => /^docs\/[^/]+$/.test(path) && !COMMANDS_IN_TABLES.includes(path));

describe.each(PAGES)('%s', (page) => {
  it('prints no command in its running text that no block has', () => {
    const text = read(page).replace(/^```[^]*?^```$/gm, '');
    const inline = [
      ...text.matchAll(/`((?:npm|node|sh|curl|docker|podman|kubectl|mariadb|mysql|redis-cli) [^`]+|SHOW [^`]+)`/g),
    ].map(([, command]) => command!);
    const run = DOCUMENTS.flatMap((document) => commandsOf(document)).map(({ code }) => code);
    expect(inline.filter((command) => !run.some((code) => code.includes(command)))).toEqual([]);
  });
});
