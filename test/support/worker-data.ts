import { afterAll, beforeAll } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { closeDatabase } from './database.js';
import { emptyRedis } from './redis.js';
import { stopServices } from './service.js';
import { removeTemporaryFolders } from './temporary-folders.js';

/**
 * Every worker of the test run has a database and a Redis database of its own, and every file finds them
 * fresh: the schema is made by the migrations, as in production.
 */
const worker = process.env.JEST_WORKER_ID ?? '1';
process.env.APP_ENV = 'test';
process.env.LOG_LEVEL ??= 'silent';
process.env.DB_DATABASE = `checkout_test_${worker}`;
process.env.REDIS_DATABASE = worker;
process.env.ADMIN_TOKEN = 'the-admin-token-of-the-tests-is-long';
// Background work is for the tests that ask for it; to all others it would be a second actor.
process.env.ROLES = 'api';

if (process.env.DB_HOST === undefined) {
  throw new Error('This suite needs a database and Redis: run it with `npm test`, which starts them.');
}

beforeAll(async () => {
  const config = loadConfig(process.env);
  await Promise.all([makeDatabase(config), emptyRedis()]);
});

afterAll(async () => {
  await stopServices();
  await closeDatabase();
  removeTemporaryFolders();
});

async function makeDatabase(config: Config): Promise<void> {
  const { host, port, username: user, password, name } = config.database;
  const connection = await createConnection({ host, port, user, password });
  await connection.query('DROP DATABASE IF EXISTS ??', [name]);
  await connection.query('CREATE DATABASE ?? CHARACTER SET utf8mb4', [name]);
  await connection.end();
  const dataSource = await new DataSource({ ...dataSourceOptions(config), migrations }).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
}
