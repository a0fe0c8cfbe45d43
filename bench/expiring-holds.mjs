// Holds and orders put beside the service, as if it had made them.

const DIGITS =
  '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';

/**
 * Inserts `count` (up to a million) active holds of one unit and counts them as held, in one transaction.
 * @param {string} expiry  SQL of their end; may use `n`, the number of the hold
 */
export async function addActiveHolds(database, productId, count, expiry) {
  const letters = ['a', 'b', 'c', 'e', 'f', 'g'];
  const number = letters.map((letter, index) => `${letter}.d * ${10 ** index}`).join(' + ');
  const numbers = `(SELECT ${number} AS n FROM ${letters.map((letter) => `${DIGITS} ${letter}`).join(', ')}) numbers`;
  await database.query('START TRANSACTION');
  await database.query('UPDATE products SET stock_held = stock_held + ? WHERE id = ?', [count, productId]);
  await database.query(
    `INSERT INTO holds (id, product_id, qty, expires_at)
     SELECT RANDOM_BYTES(16), ?, 1, ${expiry} FROM ${numbers} WHERE n < ?`,
    [productId, count],
  );
  await database.query('COMMIT');
}

/** How many holds of the product are due and still count as held. */
export async function countDue(database, productId) {
  const [[{ due }]] = await database.query(
    `SELECT COUNT(*) AS due FROM holds
     WHERE product_id = ? AND used = 0 AND released = 0 AND expires_at <= NOW(3)`,
    [productId],
  );
  return Number(due);
}

/**
 * Inserts `count` unpaid orders of used holds of one unit.
 * @returns {Promise<number>} the number of the first; the others follow without gaps
 */
export async function addUnpaidOrders(database, productId, count) {
  const [[{ begin }]] = await database.query('SELECT NOW(3) + INTERVAL 6 HOUR AS begin');
  await addActiveHolds(database, productId, count, 'NOW(3) + INTERVAL 7 HOUR');
  const [[{ last }]] = await database.query('SELECT COALESCE(MAX(id), 0) AS last FROM orders');
  await database.query('SET @number = ?', [Number(last)]);
  await database.query(
    `INSERT INTO orders (id, hold_id, status, amount, payment_due_at, due_at)
     SELECT @number := @number + 1, id, 'pending_payment', 99.99, NOW(3) + INTERVAL 7 HOUR, NOW(3) + INTERVAL 7 HOUR
     FROM holds WHERE product_id = ? AND used = 0 AND released = 0 AND expires_at > ?`,
    [productId, begin],
  );
  await database.query(
    'UPDATE holds SET used = 1 WHERE product_id = ? AND used = 0 AND released = 0 AND expires_at > ?',
    [productId, begin],
  );
  return Number(last) + 1;
}
