// Events as orders leave them, without the orders.

/** Of the size of an order's. */
export const EVENT = {
  type: 'order.paid',
  data: JSON.stringify({ order_id: 1, reference: 'A-1001', customer_id: 'c_42', note: 'x'.repeat(500) }),
};

/**
 * Puts events into the inbox, where they wait for their numbers.
 * @param {any} database
 * @param {number} count
 */
export async function addEvents(database, count) {
  const rows = Array.from({ length: count }, () => [EVENT.type, EVENT.data]);
  await database.query('INSERT INTO event_inbox (type, data) VALUES ?', [rows]);
}
