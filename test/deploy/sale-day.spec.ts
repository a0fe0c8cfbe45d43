import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { layCheckout } from '../support/checkout-folder.js';
import { commandsOf, Shell } from '../support/documents.js';
import {
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  inSeconds,
  moveSale,
  orderOf,
  stockOf,
} from '../support/factories.js';
import { createRefund, createReview } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

/** Every command of docs/sale-day.md, run as it is printed, one after the other, on a day on which each has something to do. */
const PAGE = 'docs/sale-day.md';
const checkout = mkdtempSync(join(tmpdir(), 'sale-day-'));

let service: Service;
let shell: Shell;

beforeAll(async () => {
  service = await startService({ ROLES: 'api' });
  layCheckout(checkout);
  mkdirSync(join(checkout, 'deploy/secrets'));
  writeFileSync(join(checkout, 'deploy/secrets/admin_token'), `${service.config.adminToken}\n`);
  const OPERATORS_PUBLISHED_PORT = new URL(service.url).port;
  shell = new Shell({ cwd: checkout, env: { ...process.env, OPERATORS_PUBLISHED_PORT, URL: service.url } });
  const [tools] = commandsOf('docs/operating.md', 'operator');
  await shell.run(tools!.code);
});

afterAll(async () => {
  await shell.close();
  rmSync(checkout, { recursive: true });
});

it('is a page whose every step does what it says', async () => {
  const sale = await createSale(service, { starts_at: inSeconds(3600) });
  const { id: product } = await createProduct(service, { sale_id: sale.id, stock_total: 20 });
  const refund = await createRefund(service);
  const underReview = await createOrder(service);
  const event = await createReview(service, underReview);
  await moveSale(sale.id, { startsIn: -60 });
  const { order_id } = await createPaidOrder(service, { product_id: product, quantity: 2 });
  await moveSale(sale.id, { startsIn: 3600 });
  for (const [name, value] of Object.entries({
    SALE: sale.id,
    PRODUCT: product,
    REFUND: refund,
    EVENT: event,
    ORDER: order_id,
  }))
    await shell.run(`${name}=${value}`);
  const said = new Map<string, string>();
  for (const { heading, code } of commandsOf(PAGE, 'saleday')) {
    if (heading === 'During the sale') await moveSale(sale.id, { startsIn: -60 });
    said.set(heading, `${said.get(heading) ?? ''}${await shell.run(code)}`);
  }
  const expected: Record<string, RegExp> = {
    'The day before': /with --plan nothing was[^]*All is as the file says\.[^]*"items":\[/,
    'The hour before': /^\{"status":"(ok|degraded)"[^]*"state":"scheduled"/m,
    'The minutes': / paused [^]* scheduled /,
    'During the sale': /^checkout_stock_units[^]*^checkout_payments_in_review/m,
    'Cases of money': new RegExp(`"status":"confirmed"[^]*Of order ${order_id} 1 units count as sold`),
    Afterwards: / ended [^]*order_id/,
  };
  expect([...said.keys()]).toEqual(Object.keys(expected));
  for (const [heading, output] of said) expect(output).toMatch(expected[heading]!);
  expect(await stockOf(product)).toMatchObject({ stock_total: 30, stock_sold: 1 });
  expect(await orderOf(underReview.hold_id)).toMatchObject([{ status: 'paid' }]);
}, 240_000);
