import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/**
 * Who touches which table, read off the SQL that stands in the sources: a room writes its own tables only, by its
 * repository; it may read those of its own room and of the rooms that it may import, and its repository says so.
 */
const ROOT = join(import.meta.dirname, '../..');

/** Each room's table, and who else owns one. */
const OWNERS: Readonly<Record<string, string>> = {
  payment_sessions: 'src/payment-sessions/payment-sessions.repository.ts',
  products: 'src/products/products.repository.ts',
  product_availability: 'src/products/availability.repository.ts',
  sales: 'src/sales/sales.repository.ts',
  holds: 'src/holds/holds.repository.ts',
  customer_holds: 'src/holds/customer-holds.repository.ts',
  orders: 'src/orders/',
  payments: 'src/refunds/',
  refunds: 'src/refunds/',
  webhook_logs: 'src/webhooks/webhooks.repository.ts',
  idempotency_keys: 'src/idempotency/idempotency.repository.ts',
  commit_marks: 'src/database/',
  audit_log: 'src/access/audit.repository.ts',
  event_inbox: 'src/events/events.repository.ts',
  event_sequence: 'src/events/events.repository.ts',
  events: 'src/events/events.repository.ts',
  webhook_endpoints: 'src/deliveries/endpoints.repository.ts',
  webhook_deliveries: 'src/deliveries/deliveries.repository.ts',
  api_keys: 'src/access/api-keys.repository.ts',
  operator_sessions: 'src/access/operator-sessions.repository.ts',
};

/** Each with its reason in ARCHITECTURE.md, "Who may import whom, and touch which table". */
const EXCEPTIONS: Readonly<Record<string, { reads: string[]; writes: string[] }>> = {
  'src/observability/readiness.ts': { reads: ['products'], writes: ['products'] },
  'src/cli/database-commands.ts': { reads: ['migrations'], writes: ['products'] },
};

/** The rooms in the order in which they import each other. */
const ROOMS = [
  ...readFileSync(join(ROOT, '.dependency-cruiser.cjs'), 'utf8').matchAll(
    /^const (?:FOUNDATIONS|FEATURES|COMPOSING) = (\[[^\]]*\])/gm,
  ),
].flatMap(([, list]) => [...list!.matchAll(/'([\w-]+)'/g)].map(([, room]) => room!));

const roomOf = (path: string): number => ROOMS.indexOf(path.split('/')[1]!);

type Sources = Readonly<Record<string, string>>;

const WRITES = /\b(?:INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?) +`?(\w+)/g;
const READS = /\b(?:FROM|(?:STRAIGHT_)?JOIN) +`?([a-z]\w*)/g;

const tablesIn = (text: string, verbs: RegExp): Set<string> =>
  new Set([...text.matchAll(verbs)].map(([, name]) => name!));

/** What a source does that it may not do, in words. */
function faultsOf(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    const said = [...source.matchAll(/[* ]Reads (`[^.]*)/g)].flatMap(([, list]) =>
      [...list!.matchAll(/`(\w+)`/g)].map(([, table]) => table!),
    );
    const code = source.replace(/^\s*(?:\/\*\*|\*|\/\/).*$/gm, '').replace(/^(?:import|export) [^]*? from '.*;$/gm, '');
    const owns = (table: string): boolean => OWNERS[table] !== undefined && path.startsWith(OWNERS[table]);
    const allowed = EXCEPTIONS[path] ?? { reads: [], writes: [] };
    const known = (tables: Set<string>): string[] =>
      [...tables].filter((table) => table in OWNERS || table === 'migrations');
    const writes = known(tablesIn(code, WRITES))
      .filter((table) => !owns(table) && !allowed.writes.includes(table))
      .map((table) => `${path} writes ${table}`);
    const read = known(tablesIn(code.replaceAll('DELETE FROM', 'DELETE'), READS)).filter(
      (table) => !owns(table) && !allowed.reads.includes(table),
    );
    const reads = read.flatMap((table) => {
      if (!path.endsWith('.repository.ts')) return [`${path} reads ${table} and is no repository`];
      if (roomOf(OWNERS[table]!) > roomOf(path)) return [`${path} reads ${table}, which is to its right`];
      return said.includes(table) ? [] : [`${path} reads ${table} and does not say so`];
    });
    const unread = said
      .filter((table) => !read.includes(table))
      .map((table) => `${path} does not read ${table}, but says so`);
    return [...writes, ...reads, ...unread];
  });
}

function sources(): Sources {
  const paths = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return Object.fromEntries(paths.map((path) => [`src/${path}`, readFileSync(join(ROOT, 'src', path), 'utf8')]));
}

describe('the SQL of the sources', () => {
  it('touches each table from where it may', () => {
    expect(faultsOf(sources())).toEqual([]);
  });

  it('has an owner for each table that the migrations make', () => {
    const migrations = readdirSync(join(ROOT, 'migrations')).map((name) =>
      readFileSync(join(ROOT, 'migrations', name), 'utf8'),
    );
    const made = migrations.flatMap((text) =>
      [...text.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, table]) => table!),
    );
    expect(Object.keys(OWNERS).sort()).toEqual(made.sort());
  });

  it('knows the rooms in their order', () => {
    expect(Object.values(OWNERS).map(roomOf)).not.toContain(-1);
    expect(roomOf('src/holds/')).toBeGreaterThan(roomOf('src/products/'));
  });

  it.each([
    ['src/orders/orders.repository.ts', 'writes holds', 'tx.write(`UPDATE holds SET used = 1`, 1);'],
    ['src/orders/orders.repository.ts', 'writes holds', "tx.write('DELETE FROM holds', 1);"],
    ['src/webhooks/webhooks.service.ts', 'writes orders', 'tx.insert(`INSERT INTO orders (id) VALUES (1)`);'],
    ['src/holds/holds.service.ts', 'writes holds', "tx.write('UPDATE holds SET used = 1', 1);"],
    ['src/holds/holds.service.ts', 'reads holds and is no repository', "tx.read('SELECT 1 FROM holds');"],
    ['src/products/products.repository.ts', 'reads holds, which is to its right', "tx.read('SELECT 1 FROM holds');"],
    [
      'src/refunds/refunds.repository.ts',
      'reads orders and does not say so',
      '/** All SQL of `refunds`. */\ntx.read(`SELECT 1 FROM refunds JOIN orders ON 1`);',
    ],
    [
      'src/holds/holds.repository.ts',
      'does not read products, but says so',
      '/** Reads `products` too, for prices. */',
    ],
    ['src/operations/sale-report.ts', 'writes commit_marks', "run('DELETE FROM commit_marks');"],
  ])('is refused where %s %s', (path, fault, source) => {
    expect(faultsOf({ [path]: source })).toContain(`${path} ${fault}`);
  });
});
