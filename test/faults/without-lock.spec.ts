import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execute, query, withConnection } from '../support/database.js';
import { countByStatus, expectStockIdentity } from '../support/expectations.js';
import { createProduct, requestHold, stockOf } from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Service, startService } from '../support/service.js';

/**
 * The control: the same race for the same table, decided by a plain read and a later write. If it did not
 * oversell, the races of this suite would prove nothing.
 */
const STOCK = 100;
const BUYERS = 150;
/** Buyers that are on their way at the same time, one connection each. */
const PARALLEL = 30;

let service: Service;

beforeAll(async () => {
  service = await startService();
});

/** Reads what is available and, if it is enough, writes what it decided: nothing holds the figure in between. */
async function holdWithoutLock(productId: number): Promise<boolean> {
  return withConnection(async (connection) => {
    const [rows] = await connection.query('SELECT stock_total, stock_held, stock_sold FROM products WHERE id = ?', [
      productId,
    ]);
    const [{ stock_total, stock_held, stock_sold }] = rows as [Record<string, number>];
    if (stock_total! - stock_held! - stock_sold! < 1) return false;
    // The time that a decision takes; without it this race is won by chance.
    await new Promise((decided) => setTimeout(decided, 10));
    await connection.query('UPDATE products SET stock_held = stock_held + 1 WHERE id = ?', [productId]);
    return true;
  });
}

/** All buyers, `PARALLEL` at a time. */
async function race(buy: () => Promise<boolean>): Promise<number> {
  let [left, granted] = [BUYERS, 0];
  const lane = async (): Promise<void> => {
    while (left-- > 0) if (await buy()) granted++;
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return granted;
}

describe('without the constraint', () => {
  beforeAll(() => execute('ALTER TABLE products DROP CONSTRAINT products_never_oversold'));

  afterAll(async () => {
    await execute(
      'UPDATE products SET stock_total = stock_held + stock_sold WHERE stock_held + stock_sold > stock_total',
    );
    await execute(
      'ALTER TABLE products ADD CONSTRAINT products_never_oversold CHECK (stock_sold + stock_held <= stock_total)',
    );
  });

  it('the race oversells when it is decided without a lock', async () => {
    const { id } = await createProduct(service, { stock_total: STOCK });
    const granted = await race(() => holdWithoutLock(id));
    expect(granted).toBeGreaterThan(STOCK);
    expect(await stockOf(id)).toMatchObject({ stock_held: granted, available: STOCK - granted });
  });

  it('the service does not oversell even where no constraint would refuse it, on two instances', async () => {
    const fleet = [service, await startService()];
    const { id } = await createProduct(service, { stock_total: STOCK });
    const answers = await inParallel(BUYERS, (n) => requestHold(fleet[n % 2]!, id));
    expect(countByStatus(answers)).toEqual({ 201: STOCK, 409: BUYERS - STOCK });
    await expectStockIdentity(id);
  });
});

describe('with the guards back', () => {
  it('the database itself refuses to oversell, whatever the code decides', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    await execute('UPDATE products SET stock_held = 1 WHERE id = ?', [id]);
    const overselling = execute('UPDATE products SET stock_held = stock_held + 1 WHERE id = ?', [id]);
    await expect(overselling).rejects.toThrow(/products_never_oversold/);
    expect(await query('SELECT stock_held FROM products WHERE id = ?', [id])).toEqual([{ stock_held: 1 }]);
  });

  it('the service grants exactly the stock in the same race', async () => {
    const { id } = await createProduct(service, { stock_total: STOCK });
    expect(countByStatus(await inParallel(BUYERS, () => requestHold(service, id)))).toEqual({ 201: 100, 409: 50 });
    await expectStockIdentity(id);
  });
});
