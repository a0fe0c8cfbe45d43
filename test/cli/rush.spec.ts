import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rushCommand } from '../../src/cli/rush-command.js';
import { query } from '../support/database.js';
import { expectStockIdentity } from '../support/expectations.js';
import { type Service, startService } from '../support/service.js';

const dir = mkdtempSync(join(tmpdir(), 'rush-'));
let service: Service;
let printed: string;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** What the database has of the latest rush. */
async function lastRush() {
  const [product] = await query<{
    id: number;
    stock_total: number;
    stock_held: number;
    stock_sold: number;
    is_archived: number;
  }>(
    `SELECT id, stock_total, stock_held, stock_sold, is_archived FROM products WHERE name LIKE 'Rush %' ORDER BY id DESC LIMIT 1`,
  );
  return product!;
}

describe('rush', () => {
  it('of 1,000 buyers sells exactly the 100 units that there are, says so, and draws it', async () => {
    const svg = join(dir, 'rush.svg');
    await rushCommand(service.config, { buyers: 1000, units: 100, url: service.url, svg });
    const product = await lastRush();
    expect(product).toMatchObject({ stock_total: 100, stock_held: 0, stock_sold: 100, is_archived: 1 });
    await expectStockIdentity(product.id);
    const [row] = await query<{ count: number }>(
      `SELECT COUNT(*) AS count FROM orders o JOIN holds h ON h.id = o.hold_id WHERE h.product_id = ? AND o.status = 'paid'`,
      [product.id],
    );
    expect(Number(row!.count)).toBe(100);
    expect(printed).toMatch(/\n1000 +100 +100 +900 +0 +0 +\d+ +\d+ +\d+\.\d\d\n/);
    const picture = readFileSync(svg, 'utf8');
    expect(picture).toContain('1,000 buyers, 100 units: 100 sold, oversold 0');
    expect(picture.match(/<rect class="paid"[^>]+width="6"/g)).toHaveLength(100);
    expect(picture.match(/<circle class="refused"[^>]+r="2"/g)).toHaveLength(900);
  });

  it('leaves units that nobody wants', async () => {
    await rushCommand(service.config, { buyers: 3, units: 5, url: service.url });
    expect(await lastRush()).toMatchObject({ stock_total: 5, stock_held: 0, stock_sold: 3 });
  });

  it('is for a service of this machine, and not for production', async () => {
    const plan = { buyers: 1, units: 1, url: service.url };
    await expect(rushCommand({ ...service.config, appEnv: 'production' }, plan)).rejects.toThrow(/local start/);
    await expect(rushCommand(service.config, { ...plan, url: 'https://shop.example' })).rejects.toThrow(/this machine/);
    await expect(rushCommand(service.config, { ...plan, buyers: 20_001 })).rejects.toThrow(/1 to 20000/);
  });
});
