import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { testFlow } from '../../src/cli/test-flow.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { GivingBack } from '../../src/orders/settling/giving-back.js';
import { isWithinLimit } from '../../src/holds/granting/rules/is-within-limit.js';
import { Settling } from '../../src/orders/settling/settling.js';
import { ProductsService } from '../../src/products/products.service.js';
import { KeyFile, shopKey } from '../support/buyers.js';
import { capturePrinted } from '../support/cli.js';
import { query } from '../support/database.js';
import { expectStockIdentity } from '../support/expectations.js';
import { type RawAnswer, sendRaw } from '../support/raw-requests.js';
import { type Service, startService } from '../support/service.js';
import { SIMULATED_SETTINGS } from '../support/simulated-sales.js';

/** The walk through a sale, as a function; what it prints is kept. */
let config: Config;
let service: Service;
const printed = capturePrinted();
const listening: Server[] = [];

beforeAll(async () => {
  config = loadConfig(process.env);
  service = await startService();
});

afterEach(() => {
  for (const server of listening.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** The product of the latest walk, with what became of it. */
async function lastProduct() {
  const [product] = await query<{ id: number; is_archived: number; stock_held: number; stock_sold: number }>(
    `SELECT id, is_archived, stock_held, stock_sold FROM products WHERE name LIKE 'test:flow%' ORDER BY id DESC LIMIT 1`,
  );
  return product!;
}

async function countProducts(): Promise<number> {
  const [row] = await query<{ count: number }>('SELECT COUNT(*) AS count FROM products');
  return Number(row!.count);
}

function lastOrders(productId: number) {
  return query<{ id: number; status: string; amount: string }>(
    'SELECT o.id, o.status, o.amount FROM orders o JOIN holds h ON h.id = o.hold_id WHERE h.product_id = ? ORDER BY o.id',
    [productId],
  );
}

describe('test:flow', () => {
  it('walks through a running service and keeps all promises', async () => {
    await testFlow(config, service.url);
    expect(printed.text).toContain('All promises were kept.');
    expect(printed.text).not.toContain('BROKEN');
    await expectStockIdentity((await lastProduct()).id);
  });

  it('walks through a service of its own when none is named', async () => {
    await testFlow(config);
    expect(printed.text).toContain('All promises were kept.');
    expect(await lastProduct()).toMatchObject({ is_archived: 1, stock_held: 0 });
  });

  it('walks over the page of the simulated provider where that is there, in a service of its own and in another', async () => {
    const own = loadConfig({ ...process.env, ...SIMULATED_SETTINGS });
    const shop = await startService(SIMULATED_SETTINGS);
    for (const url of [undefined, shop.url]) {
      printed.text = '';
      await testFlow(own, url);
      expect(printed.text).toMatch(/ok {2}a declined card ends nothing {2}\(303/);
      expect(printed.text).toMatch(/ok {2}the provider’s notice pays the order {2}\(200 .*"succeeded"/);
      expect(printed.text).toContain('paid at the simulated provider: no call takes a paid order back');
      const product = await lastProduct();
      expect(product).toMatchObject({ is_archived: 1, stock_held: 0, stock_sold: 3 });
      await expectStockIdentity(product.id);
    }
    await shop.stop();
  });

  it.each(['optional', 'required'] as const)(
    'walks as a customer where tokens are %s, up to the limit',
    async (tokens) => {
      const env = new KeyFile([shopKey('HS256')]).env(tokens);
      const shop = await startService(env);
      await testFlow(loadConfig({ ...process.env, ...env }), shop.url);
      expect(printed.text).toContain('All promises were kept.');
      expect(printed.text).toMatch(/ok {2}a customer gets no more than the limit {2}\(409 .*"remaining":0/);
      expect(printed.text).toMatch(/ok {2}nobody else finds his hold {2}\(404/);
      await expectStockIdentity((await lastProduct()).id);
    },
  );

  it('fails where a customer gets more than the limit, and takes back what he got', async () => {
    jest.spyOn(isWithinLimit, 'refuse').mockReturnValue(null);
    const env = new KeyFile([shopKey('HS256')]).env('optional');
    const shop = await startService(env);
    await expect(testFlow(loadConfig({ ...process.env, ...env }), shop.url)).rejects.toThrow(/CUSTOMER_LIMIT_REACHED/);
    expect(await lastProduct()).toMatchObject({ is_archived: 1, stock_held: 0 });
  });

  it('fails at the first promise that is broken, and shows it', async () => {
    // Failed payments that free no stock.
    jest.spyOn(service.app.get(Settling), 'settle').mockImplementation(() => undefined);
    await expect(testFlow(config, service.url)).rejects.toThrow(/Expected \{"status":200.*available_stock/);
    expect(printed.text).toMatch(/BROKEN {2}\d+ of 10 units are available/);
    expect(printed.text).not.toContain('All promises were kept.');
  });
});

describe('what test:flow made', () => {
  it('is on sale no more after the walk, and the paid order that stays is named with its amount', async () => {
    await testFlow(config, service.url);
    const product = await lastProduct();
    expect(product).toMatchObject({ is_archived: 1, stock_held: 0, stock_sold: 2 });
    const [paid, failed] = await lastOrders(product.id);
    expect([paid!.status, failed!.status]).toEqual(['paid', 'cancelled']);
    expect(printed.text).toContain(`product ${product.id} is on sale no more`);
    expect(printed.text).toMatch(
      new RegExp(`STAYS {2}order ${paid!.id} of 200\\.00 EUR, paid by flow-${paid!.id}-paid`),
    );
    expect(printed.text).toContain('no provider took money');
    expect(printed.text.match(/STAYS/g)).toHaveLength(1);
  });

  it('is taken back when the walk fails in the middle', async () => {
    const signed = await startService({ WEBHOOK_SECRETS: 'a secret that the walk does not have' });
    await expect(testFlow(config, signed.url)).rejects.toThrow(/got status 401/);
    const product = await lastProduct();
    expect(product).toMatchObject({ is_archived: 1, stock_held: 0, stock_sold: 0 });
    expect(await lastOrders(product.id)).toMatchObject([{ status: 'cancelled' }]);
    expect(printed.text).toContain(`product ${product.id} is on sale no more`);
    expect(printed.text).not.toContain('STAYS');
  });

  it('is named, and the command fails, when it can not be taken back', async () => {
    jest.spyOn(service.app.get(ProductsService), 'changeProduct').mockRejectedValue(new Error('no'));
    jest.spyOn(service.app.get(GivingBack), 'giveBack').mockRejectedValue(new Error('no'));
    await expect(testFlow(config, service.url)).rejects.toThrow(/more stays/);
    const { id } = await lastProduct();
    expect(printed.text).toMatch(new RegExp(`STAYS {2}product ${id} .*products:archive ${id}`));
    expect(printed.text.match(/STAYS {2}hold /g)).toHaveLength(2);
  });

  it.each(['/api/admin/products', '/api/holds', '/api/orders'])(
    'is made once and taken back when the first answer of POST %s was lost',
    async (path) => {
      const products = await countProducts();
      let lost = 0;
      const losing = await listen((request, response) => {
        void forward(request).then(({ status, body }) => {
          if (request.url === path && lost++ === 0) response.destroy();
          else response.writeHead(status).end(status === 204 ? '' : JSON.stringify(body));
        });
      });
      await testFlow(config, losing.url);
      expect(lost).toBeGreaterThan(1);
      expect(await countProducts()).toBe(products + 1);
      const product = await lastProduct();
      expect(product).toMatchObject({ is_archived: 1, stock_held: 0, stock_sold: 2 });
      expect(await lastOrders(product.id)).toHaveLength(2);
      expect(printed.text).toContain(`product ${product.id} is on sale no more`);
      expect(printed.text.match(/STAYS/g)).toHaveLength(1);
      await expectStockIdentity(product.id);
    },
  );

  it('is named by its name when no try to make it was answered', async () => {
    const silent = await listen((_request, response) => response.destroy());
    await expect(testFlow(config, silent.url)).rejects.toThrow('POST /api/admin/products');
    expect(printed.text).toMatch(/STAYS {2}perhaps a product "test:flow \d+"/);
  });
});

describe('the admin token', () => {
  it.each([
    'http://shop.example',
    'http://192.0.2.1:3000',
    'http://127.0.0.1.shop.example',
    'http://127.0.0.1@shop.example',
    'ftp://127.0.0.1',
    'shop.example',
  ])('is not sent to %s, nor is anything else', async (url) => {
    const sent = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('sent'));
    await expect(testFlow(config, url)).rejects.toThrow(/https.*admin token/);
    expect(sent).not.toHaveBeenCalled();
  });

  it.each(['https://shop.example', 'http://localhost:1', 'http://[::1]:1', 'http://127.0.0.1:1/'])(
    'may be sent to %s',
    async (url) => {
      const sent = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('sent'));
      await expect(testFlow(config, url)).rejects.toThrow('sent');
      expect(sent.mock.calls[0]![0]).toBe(`${url.replace(/\/$/, '')}/api/admin/products`);
    },
  );

  it('follows no redirect', async () => {
    const received: unknown[] = [];
    const elsewhere = await listen((request, response) => {
      received.push(request.headers);
      response.end('{}');
    });
    const moved = await listen((request, response) => {
      response.writeHead(307, { location: `${elsewhere.url}${request.url}` }).end();
    });
    await expect(testFlow(config, moved.url)).rejects.toThrow(/redirect/);
    expect(received).toEqual([]);
  });
});

/** Sends a request on to the service, whose answer is for the caller to pass on. */
async function forward(request: IncomingMessage): Promise<RawAnswer> {
  const { method, url, headers } = request;
  return sendRaw(method!, url!, await text(request), { port: new URL(service.url).port, headers });
}

/** Another service on this machine, until the test ends. */
async function listen(answer: RequestListener): Promise<{ url: string }> {
  const server = createServer(answer);
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
