import * as mysql2 from 'mysql2';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { databaseTls } from '../config/tls.js';

/**
 * Every connection gets these before its first statement. READ COMMITTED takes no gap locks and reads
 * fresh rows after a lock was waited for; the lock wait is shorter than a client's patience.
 */
const SESSION_SETTINGS = `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 1,
  sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE'`;

/** mysql2 whose pools prepare the session of each new connection; TypeORM has no hook for it. */
const driver = {
  ...mysql2,
  createPool(options: mysql2.PoolOptions): mysql2.Pool {
    const pool = mysql2.createPool(options);
    // The pool tells of a connection before it hands it out, and a connection runs its commands in order.
    pool.on('connection', (connection) => {
      connection.query(SESSION_SETTINGS, (error) => {
        if (error) connection.destroy();
      });
    });
    return pool;
  },
};

/** How to reach the database: for the application, the CLI and the migrations alike. */
export function dataSourceOptions(config: Config): DataSourceOptions {
  const { database } = config;
  return {
    type: 'mysql',
    driver,
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
    connectTimeout: 3000,
    // The driver would capture a stack for every statement, in case it fails.
    trace: false,
    synchronize: false,
    migrationsTransactionMode: 'each',
    extra: { waitForConnections: true, queueLimit: 1000, enableKeepAlive: true, maxIdle: database.poolSize },
  };
}
