import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise';

let pool: Pool | undefined;

/** The worker's database, past the service. */
function database(): Pool {
  pool ??= createPool({
    host: process.env.DB_HOST,
    port: Number(process.env.DB_PORT),
    user: process.env.DB_USERNAME,
    password: process.env.DB_PASSWORD ?? '',
    database: process.env.DB_DATABASE,
    connectionLimit: 40,
    timezone: 'Z',
    dateStrings: true,
  });
  return pool;
}

/** Rows of a SELECT. */
export async function query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
  const [rows] = await database().query(sql, values);
  return rows as Row[];
}

/** Runs a statement that changes rows, and returns how many. */
export async function execute(sql: string, values: unknown[] = []): Promise<number> {
  const [result] = await database().query(sql, values);
  return (result as ResultSetHeader).affectedRows;
}

/** Runs `work` on one connection, for transactions of the test's own; closes what it left open. */
export async function withConnection<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  const connection = await database().getConnection();
  try {
    return await work(connection);
  } finally {
    await connection.query('ROLLBACK');
    connection.release();
  }
}

export async function closeDatabase(): Promise<void> {
  await pool?.end();
  pool = undefined;
}

/** Runs `work` while the database refuses to make an order of this hold: a request that no batch can be committed with. */
export async function whilePoisoned(holdId: string, work: () => Promise<void>): Promise<void> {
  await execute(
    `CREATE TRIGGER poison BEFORE INSERT ON orders FOR EACH ROW BEGIN
       IF NEW.hold_id = ? THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644; END IF;
     END`,
    [Buffer.from(holdId.replaceAll('-', ''), 'hex')],
  );
  try {
    await work();
  } finally {
    await execute('DROP TRIGGER poison');
  }
}

/** How many rows each table has: equal before and after means that nothing was written. */
export async function countRows(): Promise<Record<string, number>> {
  const [counts] = await query<Record<string, number>>(
    `SELECT (SELECT COUNT(*) FROM products) AS products, (SELECT COUNT(*) FROM sales) AS sales, (SELECT COUNT(*) FROM holds) AS holds,
       (SELECT COUNT(*) FROM orders) AS orders, (SELECT COUNT(*) FROM webhook_logs) AS webhook_logs,
       (SELECT COUNT(*) FROM refunds) AS refunds, (SELECT COUNT(*) FROM payments) AS payments, (SELECT COUNT(*) FROM idempotency_keys) AS idempotency_keys,
       (SELECT COUNT(*) FROM api_keys) AS api_keys,
       (SELECT COUNT(*) FROM audit_log) AS audit_log, (SELECT COUNT(*) FROM operator_sessions) AS operator_sessions,
       (SELECT COUNT(*) FROM event_inbox) + (SELECT COUNT(*) FROM events) AS events,
       (SELECT COUNT(*) FROM webhook_endpoints) AS webhook_endpoints, (SELECT COUNT(*) FROM webhook_deliveries) AS webhook_deliveries,
       (SELECT COUNT(*) FROM product_availability) AS product_availability,
       (SELECT COUNT(*) FROM customer_holds) AS customer_holds,
       (SELECT COUNT(*) FROM payment_sessions) AS payment_sessions,
       (SELECT COALESCE(SUM(stock_version), 0) FROM products) AS stock_versions`,
  );
  return counts!;
}

/**
 * How many statements of this database wait for a row lock right now. InnoDB renews this table only when nobody
 * has read it for a tenth of a second, so a reader that polls faster would see the first figure for ever.
 */
export async function lockWaits(): Promise<number> {
  await query('SELECT SLEEP(0.11)');
  const [row] = await query<{ waits: number }>(
    `SELECT COUNT(*) AS waits FROM information_schema.innodb_trx t
       JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
     WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
  );
  return row!.waits;
}

/**
 * Connections on which a locking read of this database is under way: with the row locked by the test, those
 * that wait for it. Quicker than `lockWaits`, and true under any polling.
 */
export async function lockingReads(): Promise<number[]> {
  const rows = await query<{ id: number }>(
    `SELECT id FROM information_schema.processlist
     WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command = 'Query' AND info LIKE '%FOR UPDATE%'`,
  );
  return rows.map(({ id }) => id);
}
