import { DataSource } from 'typeorm';
import type { GuardedPool } from '../../src/database/pool.js';
import { type Environment, type Service, startService } from './service.js';

export function poolOf({ app }: Service): GuardedPool {
  return (app.get(DataSource).driver as unknown as { readonly pool: GuardedPool }).pool;
}

/** A service whose connections wait for a row's lock until the test has done with it, and not for a second only. */
export async function startPatientService(connectionCount = 2, overrides: Environment = {}): Promise<Service> {
  const limits = { DB_STATEMENT_TIMEOUT_MS: '60000', GROUP_COMMIT_DEADLINE_MS: '120000' };
  const patient = await startService({ DB_POOL_SIZE: String(connectionCount), ...limits, ...overrides });
  const pool = poolOf(patient);
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => pool.getWriteConnection()));
  for (const connection of connections) {
    await connection.promise().query('SET SESSION innodb_lock_wait_timeout = 60');
    connection.release();
  }
  return patient;
}
