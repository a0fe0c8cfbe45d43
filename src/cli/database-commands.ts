import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Config } from '../config/config.js';
import { databaseTls } from '../config/tls.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { FIRST_VERSION } from '../products/products.types.js';
import { print } from './output.js';

/** The example products. Product 1 with its ten units is the one that README and tests speak of. */
const SEED_PRODUCTS = [
  { id: 1, name: 'Limited sneaker', price: '99.99', stock_total: 10 },
  { id: 2, name: 'Concert ticket', price: '59.50', stock_total: 500 },
  { id: 3, name: 'Game console', price: '449.00', stock_total: 100 },
  { id: 4, name: 'Poster', price: '12.00', stock_total: 1000 },
] as const;

export async function migrate(config: Config): Promise<void> {
  await createDatabase(config);
  await withDataSource(config, async (dataSource) => {
    const done = await dataSource.runMigrations();
    print(done.length === 0 ? 'The schema is up to date.' : `Migrated: ${done.map(({ name }) => name).join(', ')}.`);
  });
}

export async function revertMigration(config: Config): Promise<void> {
  await withDataSource(config, async (dataSource) => {
    await dataSource.undoLastMigration();
    print('The newest migration is taken back.');
  });
}

/** Idempotent: an existing product keeps its name, price and stock. */
export async function seed(config: Config): Promise<void> {
  await withDataSource(config, async (dataSource) => {
    for (const { id, name, price, stock_total } of SEED_PRODUCTS) {
      await dataSource.query(
        `INSERT INTO products (id, name, price, stock_total, stock_version) VALUES (?, ?, ?, ?, ${FIRST_VERSION})
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
  await createDatabase(config);
  await withDataSource(config, (dataSource) => dataSource.dropDatabase());
  await migrate(config);
  await seed(config);
}

async function createDatabase({ database }: Config): Promise<void> {
  const { host, port, username: user, password, name } = database;
  const connection = await createConnection({ host, port, user, password, ...databaseTls(database) });
  try {
    const [existing] = await connection.query('SELECT 1 FROM information_schema.schemata WHERE schema_name = ?', [
      name,
    ]);
    if ((existing as unknown[]).length === 0)
      await connection.query('CREATE DATABASE ?? CHARACTER SET utf8mb4', [name]);
  } finally {
    await connection.end();
  }
}

async function withDataSource(config: Config, work: (dataSource: DataSource) => Promise<void>): Promise<void> {
  const dataSource = await new DataSource({ ...dataSourceOptions(config), migrations }).initialize();
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
