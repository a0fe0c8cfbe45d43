// The naive baseline: the same calls as a plain, correct implementation makes them. One transaction a request on
// a pool of connections; the product's row is locked, availability is the sum over its holds. It has the index
// that this sum needs, and a schema of its own with nothing that only the service would use.
//
//   PORT=… DB_…=… node naive.mjs        the database is made anew

import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import mysql from 'mysql2/promise';

const HOLD_SECONDS = 120;
const POOL_SIZE = 10;
const { DB_HOST: host, DB_PORT, DB_USERNAME: user, DB_PASSWORD: password, DB_DATABASE: database } = process.env;
const address = { host, port: Number(DB_PORT), user, password };

const TABLES = [
  `CREATE TABLE products (
     id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(255) NOT NULL, price DECIMAL(15,3) NOT NULL,
     stock_total INT UNSIGNED NOT NULL) ENGINE=InnoDB`,
  `CREATE TABLE holds (
     id CHAR(36) CHARACTER SET ascii PRIMARY KEY, product_id BIGINT UNSIGNED NOT NULL, qty INT UNSIGNED NOT NULL,
     status VARCHAR(10) CHARACTER SET ascii NOT NULL, expires_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
     KEY (product_id, status, expires_at, qty)) ENGINE=InnoDB`,
  `CREATE TABLE orders (
     id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, hold_id CHAR(36) CHARACTER SET ascii NOT NULL UNIQUE,
     status VARCHAR(20) NOT NULL, amount DECIMAL(15,3) NOT NULL) ENGINE=InnoDB`,
  `CREATE TABLE payments (
     transaction_id VARCHAR(255) CHARACTER SET ascii PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB`,
];

/** Units that are taken: holds that are not expired, and those that became orders. */
const TAKEN = `
  SELECT COALESCE(SUM(qty), 0) AS taken FROM holds
  WHERE product_id = ? AND (status = 'used' OR (status = 'active' AND expires_at > NOW(3)))`;

async function makeTables() {
  const connection = await mysql.createConnection(address);
  await connection.query('DROP DATABASE IF EXISTS ??', [database]);
  await connection.query('CREATE DATABASE ?? CHARACTER SET utf8mb4', [database]);
  await connection.changeUser({ database });
  for (const table of TABLES) await connection.query(table);
  await connection.end();
}

await makeTables();
/** @type {any} mysql2's answers have no type of their own */
const pool = mysql.createPool({ ...address, database, connectionLimit: POOL_SIZE, timezone: 'Z' });
const app = Fastify();

class Refusal extends Error {
  constructor(statusCode, code, more) {
    super(code);
    this.statusCode = statusCode;
    this.body = { status: statusCode, code, ...more };
  }
}

app.setErrorHandler((/** @type {Partial<Refusal> & Error} */ error, _request, reply) =>
  reply.code(error.statusCode ?? 500).send(error.body ?? { status: 500, code: error.message }),
);

async function transaction(work) {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const result = await work(connection);
    await connection.commit();
    return result;
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}

app.get('/api/products/:id', async (/** @type {any} */ { params: { id } }) => {
  const [[product]] = await pool.query('SELECT id, name, price, stock_total FROM products WHERE id = ?', [id]);
  if (!product) throw new Refusal(404, 'PRODUCT_NOT_FOUND');
  const [[{ taken }]] = await pool.query(TAKEN, [id]);
  return { ...product, available_stock: product.stock_total - Number(taken) };
});

app.post('/api/holds', async (/** @type {any} */ { body: { product_id, quantity } }, reply) => {
  const id = randomUUID();
  const expiresAt = new Date(Date.now() + HOLD_SECONDS * 1000);
  await transaction(async (tx) => {
    const [[product]] = await tx.query('SELECT stock_total FROM products WHERE id = ? FOR UPDATE', [product_id]);
    if (!product) throw new Refusal(404, 'PRODUCT_NOT_FOUND');
    const [[{ taken }]] = await tx.query(TAKEN, [product_id]);
    const available = product.stock_total - Number(taken);
    if (available < quantity) throw new Refusal(409, 'INSUFFICIENT_STOCK', { available_stock: available });
    const row = [id, product_id, quantity, 'active', expiresAt];
    await tx.query('INSERT INTO holds (id, product_id, qty, status, expires_at) VALUES (?)', [row]);
  });
  reply.code(201).header('location', `/api/holds/${id}`);
  return { hold_id: id, product_id, quantity, expires_at: expiresAt, status: 'active' };
});

app.post('/api/orders', async (/** @type {any} */ { body: { hold_id } }, reply) => {
  const order = await transaction(async (tx) => {
    const [[hold]] = await tx.query(
      `SELECT h.product_id, h.qty, h.status, h.expires_at <= NOW(3) AS is_expired, h.qty * p.price AS amount
       FROM holds h JOIN products p ON p.id = h.product_id WHERE h.id = ? FOR UPDATE`,
      [hold_id],
    );
    if (!hold) throw new Refusal(404, 'HOLD_NOT_FOUND');
    if (hold.status !== 'active') throw new Refusal(409, 'HOLD_ALREADY_USED');
    if (hold.is_expired) throw new Refusal(410, 'HOLD_EXPIRED');
    await tx.query("UPDATE holds SET status = 'used' WHERE id = ?", [hold_id]);
    const row = [hold_id, 'pending_payment', hold.amount];
    const [{ insertId }] = await tx.query('INSERT INTO orders (hold_id, status, amount) VALUES (?)', [row]);
    return { order_id: insertId, hold_id, product_id: hold.product_id, quantity: hold.qty, amount: hold.amount };
  });
  reply.code(201);
  return { ...order, status: 'pending_payment', payment_due_at: new Date(Date.now() + 900_000) };
});

app.post('/api/payments/webhook', async (/** @type {any} */ { body: { order_id, transaction_id } }) => {
  await transaction(async (tx) => {
    const [[order]] = await tx.query('SELECT status FROM orders WHERE id = ? FOR UPDATE', [order_id]);
    if (!order) throw new Refusal(404, 'ORDER_NOT_FOUND');
    await tx.query('INSERT INTO payments (transaction_id, order_id) VALUES (?)', [[transaction_id, order_id]]);
    await tx.query("UPDATE orders SET status = 'paid' WHERE id = ?", [order_id]);
  });
  return { result: 'applied', order_id, order_status: 'paid' };
});

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
process.send?.('ready');
