import * as mysql2 from 'mysql2';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { databaseTls } from '../config/tls.js';
import { createGuardedPool } from './pool.js';

/**
 * Every connection gets these before its first statement: all that our statements depend on and a server may have set
 * otherwise. READ COMMITTED takes no gap locks and reads fresh rows after a lock was waited for; the wait for a row is
 * shorter than a client's patience, and the one for a table (a backup's lock) ends by itself after its client has gone.
 */
function sessionSettings({ statementTimeoutMs }: Config['database']): string {
  return `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION autocommit = 1, completion_type = 0, time_zone = '+00:00',
  innodb_lock_wait_timeout = 1, lock_wait_timeout = ${Math.ceil(statementTimeoutMs / 1000) + 1},
  foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, sql_select_limit = DEFAULT, sql_big_selects = 1,
  sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE'`;
}

/** How to reach the database: for the application, the CLI and the migrations alike. */
export function dataSourceOptions(config: Config): DataSourceOptions {
  const { database } = config;
  return {
    type: 'mysql',
    // TypeORM has no hook for what a new connection needs, nor for how long one is waited for.
    driver: {
      ...mysql2,
      createPool: (options: mysql2.PoolOptions) =>
        createGuardedPool(options, {
          sessionSettings: sessionSettings(database),
          acquireTimeoutMs: config.groupCommit.deadlineMs,
        }),
    },
    host: database.host,
    port: database.port,
    username: database.username,
    password: database.password,
    database: database.name,
    ...databaseTls(database),
    poolSize: database.poolSize,
    charset: 'utf8mb4',
    timezone: 'Z',
    dateStrings: true,
    bigNumberStrings: false,
    // Transactions send several statements in one round trip. Their values are escaped by the driver, or
    // literals of src/database/sql.ts.
    multipleStatements: true,
    connectTimeout: 2000,
    // The driver would capture a stack for every statement, in case it fails.
    trace: false,
    synchronize: false,
    migrationsTransactionMode: 'each',
    extra: { waitForConnections: true, queueLimit: 1000, enableKeepAlive: true, maxIdle: database.poolSize },
  };
}
