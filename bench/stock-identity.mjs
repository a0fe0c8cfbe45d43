// Recounting the promise from the tables: stock_total = available + held + sold, each part as the rows prove it.

const RECOUNT = `
  SELECT p.id, p.stock_total, p.stock_held, p.stock_sold, COALESCE(r.held, 0) AS held, COALESCE(r.sold, 0) AS sold
  FROM products p LEFT JOIN (
    SELECT h.product_id,
      SUM(IF(h.released = 0 AND COALESCE(o.status, 'pending_payment') = 'pending_payment', h.qty, 0)) AS held,
      COALESCE(SUM(o.quantity_sold), 0) AS sold
    FROM holds h LEFT JOIN orders o ON o.hold_id = h.id GROUP BY h.product_id
  ) r ON r.product_id = p.id`;

function isWhole({ stock_total, stock_held, stock_sold, held, sold }) {
  return Number(held) === stock_held && Number(sold) === stock_sold && stock_held + stock_sold <= stock_total;
}

/** @throws Error naming each product whose counters are not what its rows prove */
export async function checkStockIdentity(database) {
  const [products] = await database.query(RECOUNT);
  const wrong = products.filter((product) => !isWhole(product));
  if (wrong.length > 0) {
    throw new Error(`The stock identity is broken: ${JSON.stringify(wrong.slice(0, 5))} (${wrong.length} products)`);
  }
}

/**
 * Every hold that was answered must be in its table; a few more may be, because a generator that ends leaves
 * what it has in flight unanswered.
 * @param {any} database  a connection of mysql2
 * @param {number} older
 * @param {{ answered: number, unansweredMax: number }} counts
 */
export async function checkHoldsAreStored(database, older, { answered, unansweredMax }) {
  const [[{ stored }]] = await database.query('SELECT COUNT(*) AS stored FROM holds');
  const made = Number(stored) - older;
  if (made < answered || made > answered + unansweredMax) {
    throw new Error(`${answered} holds were answered (${unansweredMax} more may be in flight), ${made} are stored`);
  }
}
