import { beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../../migrations/index.js';
import { migrate, resetDatabase, revertMigration, seed, waitForSchema } from '../../src/cli/database-commands.js';
import { createProduct, restockProduct } from '../../src/cli/product-commands.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { capturePrinted } from '../support/cli.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { unique } from '../support/factories.js';

/** The commands of the CLI on the database, as functions; what they print is kept. */
let config: Config;
const printed = capturePrinted();

beforeAll(() => {
  config = loadConfig(process.env);
});

async function tables(): Promise<string[]> {
  const rows = await query<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY name',
  );
  return rows.map(({ name }) => name);
}

const TABLES = ['holds', 'migrations', 'orders', 'products', 'webhook_logs'];

describe('migrate', () => {
  it('does nothing to a schema that is up to date', async () => {
    await migrate(config);
    expect(printed.text).toContain('The schema is up to date.');
    expect(await tables()).toEqual(expect.arrayContaining(TABLES));
  });

  it('makes the database when it is missing', async () => {
    const name = `${config.database.name}_made`;
    await execute('DROP DATABASE IF EXISTS ??', [name]);
    await migrate({ ...config, database: { ...config.database, name } });
    const made = await query('SELECT table_name FROM information_schema.tables WHERE table_schema = ?', [name]);
    await execute('DROP DATABASE ??', [name]);
    expect(made.length).toBeGreaterThanOrEqual(TABLES.length);
  });

  it('run by several at once, makes everything once', async () => {
    const name = `${config.database.name}_raced`;
    await execute('DROP DATABASE IF EXISTS ??', [name]);
    const raced = { ...config, database: { ...config.database, name } };
    const runs = await Promise.allSettled(Array.from({ length: 4 }, () => migrate(raced)));
    await execute('DROP DATABASE ??', [name]);
    expect(runs.map((run) => (run.status === 'rejected' ? String(run.reason) : 'done'))).toEqual(Array(4).fill('done'));
    expect(printed.text.match(/^Migrated: /gm)).toHaveLength(1);
  });

  it('can be taken back to nothing, and made again', async () => {
    const [{ count }] = (await query<{ count: number }>('SELECT COUNT(*) AS count FROM migrations')) as [
      { count: number },
    ];
    for (let n = 0; n < count; n++) await revertMigration(config, false);
    expect(await tables()).toEqual(['migrations']);
    await migrate(config);
    expect(await tables()).toEqual(expect.arrayContaining(TABLES));
  });
});

describe('migrate:revert', () => {
  it('refuses in production unless it is forced, and says what it would delete', async () => {
    const production: Config = { ...config, appEnv: 'production' };
    const before = await tables();
    const names = migrations.map(({ name }) => name);
    await expect(revertMigration(production, false)).rejects.toThrow(names.at(-1));
    await expect(revertMigration(production, false)).rejects.toThrow(/DROP (TABLE|COLUMN|KEY)[^]*--force/);
    expect(await tables()).toEqual(before);
    await revertMigration(production, true);
    expect(await query('SELECT name FROM migrations ORDER BY id')).toEqual(
      names.slice(0, -1).map((name) => ({ name })),
    );
    await migrate(config);
  });
});

describe('migrate:wait', () => {
  it('waits for a database and a schema that somebody else makes, and then says so', async () => {
    const name = `${config.database.name}_awaited`;
    await execute('DROP DATABASE IF EXISTS ??', [name]);
    const awaited = { ...config, database: { ...config.database, name } };
    let isThere = false;
    const wait = waitForSchema(awaited, 60).then(() => (isThere = true));
    await eventually(() => expect(printed.text).toContain('Waiting for'));
    expect(isThere).toBe(false);
    await migrate(awaited);
    await wait;
    await execute('DROP DATABASE ??', [name]);
    expect(printed.text).toContain('The schema is there.');
  });

  it('gives up after the time that it was given, and says what is missing', async () => {
    await execute('CREATE TABLE kept_migrations AS SELECT * FROM migrations');
    await execute('DELETE FROM migrations ORDER BY id DESC LIMIT 1');
    await expect(waitForSchema(config, 1)).rejects.toThrow(new RegExp(`${migrations.at(-1)!.name} .*missing`));
    await execute('INSERT INTO migrations SELECT * FROM kept_migrations k ORDER BY id DESC LIMIT 1');
    await execute('DROP TABLE kept_migrations');
    await waitForSchema(config, 1);
  });
});

describe('seed', () => {
  it('puts product 1 on sale with 10 units', async () => {
    await seed(config);
    expect(await query('SELECT stock_total, stock_held, stock_sold FROM products WHERE id = 1')).toEqual([
      { stock_total: 10, stock_held: 0, stock_sold: 0 },
    ]);
  });

  it('leaves existing products as they are', async () => {
    await execute("UPDATE products SET stock_total = 7, name = 'renamed' WHERE id = 1");
    await seed(config);
    expect(await query('SELECT name, stock_total FROM products WHERE id = 1')).toEqual([
      { name: 'renamed', stock_total: 7 },
    ]);
  });
});

describe('reset', () => {
  it('refuses in production unless it is forced, and deletes nothing', async () => {
    const production: Config = { ...config, appEnv: 'production' };
    await expect(resetDatabase(production, false)).rejects.toThrow('--force');
    expect(await query('SELECT name FROM products WHERE id = 1')).toEqual([{ name: 'renamed' }]);
  });

  it('leaves a fresh and seeded database', async () => {
    await resetDatabase(config, false);
    expect(await query('SELECT stock_total FROM products WHERE id = 1')).toEqual([{ stock_total: 10 }]);
    expect(await query('SELECT id FROM holds')).toEqual([]);
  });
});

describe('products', () => {
  it('are created with the same rules as over HTTP', async () => {
    const name = unique('by command');
    await createProduct(config, { name, price: '5', stock: 3 });
    expect(await query('SELECT price, stock_total FROM products WHERE name = ?', [name])).toEqual([
      { price: '5.000', stock_total: 3 },
    ]);
    await expect(createProduct(config, { name, price: '-5', stock: 3 })).rejects.toThrow(/price/);
  });

  it('are restocked by adding units', async () => {
    await restockProduct(config, 1, 5);
    expect(await query('SELECT stock_total FROM products WHERE id = 1')).toEqual([{ stock_total: 15 }]);
    await expect(restockProduct(config, 999_999, 5)).rejects.toMatchObject({ code: 'PRODUCT_NOT_FOUND' });
  });
});
