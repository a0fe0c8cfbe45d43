import { setTimeout } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { decimalsOf } from '../common/money.js';
import type { Config } from '../config/config.js';
import { databaseTls } from '../config/tls.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { FIRST_VERSION } from '../products/products.types.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';

/** How long a migration waits for another one that is under way. */
const LOCK_TIMEOUT_SECONDS = 600;

/** How often it is asked whether the schema is there. */
const WAIT_POLL_MS = 500;

/** The example products. Product 1 with its ten units is the one that README and tests speak of. */
const SEED_PRODUCTS = [
  { id: 1, name: 'Limited sneaker', price: '99.99', stock_total: 10 },
  { id: 2, name: 'Concert ticket', price: '59.50', stock_total: 500 },
  { id: 3, name: 'Game console', price: '449.00', stock_total: 100 },
  { id: 4, name: 'Poster', price: '12.00', stock_total: 1000 },
] as const;

/** Several at once are harmless: one does the work, the others wait for it. */
export async function migrate(config: Config): Promise<void> {
  await aloneOnSchema(config, async (connection) => {
    await createDatabase(connection, config);
    await withDataSource(config, async (dataSource) => {
      const done = await dataSource.runMigrations();
      print(done.length === 0 ? 'The schema is up to date.' : `Migrated: ${done.map(({ name }) => name).join(', ')}.`);
    });
  });
}

/**
 * Waits until somebody else has migrated: needs no rights but to read.
 *
 * @throws CommandFailedError when that has not happened after `timeoutSeconds`.
 */
export async function waitForSchema(config: Config, timeoutSeconds: number): Promise<void> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (let told = ''; ;) {
    const missing = await missingInSchema(config);
    if (missing === null) return print('The schema is there.');
    if (performance.now() > deadline) throw new CommandFailedError(`After ${timeoutSeconds} s ${missing}.`);
    if (missing !== told) print(`Waiting for the schema: ${missing}.`);
    told = missing;
    await setTimeout(WAIT_POLL_MS);
  }
}

/** Takes the newest migration back. In production only with `isForced`; without it the error tells what would go. */
export async function revertMigration(config: Config, isForced: boolean): Promise<void> {
  await aloneOnSchema(config, () =>
    withDataSource(config, async (dataSource) => {
      const { name, statements } = await newestMigration(dataSource);
      const what = `${name}:\n${statements.map((sql) => `  ${sql}`).join('\n')}`;
      if (config.appEnv === 'production' && !isForced) {
        throw new CommandFailedError(
          `migrate:revert deletes data. It would take back ${what}\nIn production it needs --force.`,
        );
      }
      print(`Taking back ${what}`);
      await dataSource.undoLastMigration();
      print('The newest migration is taken back.');
    }),
  );
}

/** Idempotent: an existing product keeps its name, price and stock. */
export async function seed(config: Config): Promise<void> {
  const decimals = decimalsOf(config.payments.currency);
  await withDataSource(config, async (dataSource) => {
    for (const { id, name, price, stock_total } of SEED_PRODUCTS) {
      await dataSource.query(
        `INSERT INTO products (id, name, price, stock_total, stock_version) VALUES (?, ?, ROUND(?, ${decimals}), ?, ${FIRST_VERSION})
         ON DUPLICATE KEY UPDATE products.id = products.id`,
        [id, name, price, stock_total],
      );
    }
    print(`${SEED_PRODUCTS.length} example products are on sale; product 1 was made with 10 units.`);
  });
}

/** Drops every table. In production only with `isForced`. */
export async function resetDatabase(config: Config, isForced: boolean): Promise<void> {
  if (config.appEnv === 'production' && !isForced) {
    throw new Error('reset deletes all data. In production it needs --force.');
  }
  await aloneOnSchema(config, async (connection) => {
    await createDatabase(connection, config);
    await withDataSource(config, (dataSource) => dataSource.dropDatabase());
  });
  await migrate(config);
  await seed(config);
}

async function createDatabase(connection: Connection, { database }: Config): Promise<void> {
  await connection.query('CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4', [database.name]);
}

/** What of this version's schema is not there, in words; null when all of it is. */
async function missingInSchema(config: Config): Promise<string | null> {
  try {
    const connection = await connect(config, config.database.name);
    try {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT name FROM migrations');
      const done = new Set(rows.map(({ name }) => name as string));
      const names = migrations.map(({ name }) => name).filter((name) => !done.has(name));
      return names.length === 0 ? null : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} missing`;
    } finally {
      connection.destroy();
    }
  } catch (error) {
    return (error as Error).message;
  }
}

/** The newest migration that was run, and the statements that would take it back. */
async function newestMigration(dataSource: DataSource): Promise<{ name: string; statements: string[] }> {
  const [row] = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
  const newest = migrations.find(({ name }) => name === row?.name);
  if (newest === undefined)
    throw new CommandFailedError(`This version has no migration ${row?.name ?? 'to take back'}.`);
  const statements: string[] = [];
  const runner = dataSource.createQueryRunner();
  const recorder = new Proxy(runner, {
    get(target, key) {
      if (key === 'query') return (sql: string) => Promise.resolve(statements.push(sql));
      const member = target[key as keyof typeof target];
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  await new newest().down(recorder).finally(() => runner.release());
  return { name: newest.name, statements };
}

/** Runs `work` while no other process changes the schema of this database; the lock ends with the connection. */
async function aloneOnSchema(config: Config, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await connect(config);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      // Of the digests, SHA2 is the one that every server has; a lock's name holds 64 characters.
      "SELECT GET_LOCK(CONCAT('migrate ', LEFT(SHA2(?, 256), 40)), ?) AS isMine",
      [config.database.name, LOCK_TIMEOUT_SECONDS],
    );
    if (rows[0]!.isMine !== 1) throw new CommandFailedError('Another migration has been running for too long.');
    await work(connection);
  } finally {
    await connection.end();
  }
}

function connect({ database }: Config, name?: string): Promise<Connection> {
  const { host, port, username: user, password } = database;
  return createConnection({
    host,
    port,
    user,
    password,
    ...(name !== undefined && { database: name }),
    ...databaseTls(database),
  });
}

async function withDataSource(config: Config, work: (dataSource: DataSource) => Promise<void>): Promise<void> {
  const dataSource = await new DataSource({ ...dataSourceOptions(config), migrations }).initialize();
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
