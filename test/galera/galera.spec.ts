import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { startCluster } from '../../scripts/servers/galera.mjs';
import type { DatabaseServer } from '../../scripts/servers.mjs';
import { resetDatabase } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { eventually } from '../support/eventually.js';
import {
  adminHeaders,
  createProduct,
  createSale,
  giveBack,
  hex,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
  type Order,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';
import { SwitchingProxy } from '../support/switching-proxy.js';

/**
 * A Galera cluster of three nodes that all take writes: what was answered is there, on every node, and counted. Seconds
 * and kills are few here; `GALERA_SECONDS` and `GALERA_KILLS` make more of them.
 */
const SECONDS = Number(process.env.GALERA_SECONDS ?? 20);
const KILLS = Number(process.env.GALERA_KILLS ?? 2);
const BUYERS = 16;
const START_TIMEOUT_MS = 180_000;
/** A killed node is missed after five seconds; then the others go on. */
const FAILOVER_TIMEOUT_MS = 60_000;

let cluster: { nodes: DatabaseServer[]; stop(): Promise<void> };
let database: string;

async function select<Row>(node: DatabaseServer, sql: string, values: unknown[] = []): Promise<Row[]> {
  const { host, port, username: user, password } = node;
  const connection = await createConnection({ host, port, user, password, connectTimeout: 2000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, values);
    return rows as Row[];
  } finally {
    await connection.end();
  }
}

function waitUntilSynced(node: DatabaseServer): Promise<void> {
  return eventually(async () => {
    const [state] = await select<{ Value: string }>(node, "SHOW STATUS LIKE 'wsrep_local_state_comment'");
    expect(state?.Value).toBe('Synced');
  }, FAILOVER_TIMEOUT_MS);
}

const environment = ({ host, port, username, password }: DatabaseServer): Record<string, string> => ({
  DB_HOST: host,
  DB_PORT: String(port),
  DB_USERNAME: username,
  DB_PASSWORD: password,
});

beforeAll(async () => {
  cluster = await startCluster({ waitUntilSynced });
  const config = loadConfig({ ...process.env, ...environment(cluster.nodes[0]!) });
  database = config.database.name;
  await resetDatabase(config, false);
}, START_TIMEOUT_MS);

afterAll(() => cluster.stop(), START_TIMEOUT_MS);

/** What was answered with success. */
interface Acknowledged {
  readonly holds: string[];
  readonly ordered: string[];
  readonly paid: number[];
  /** Answers that were neither a success nor one of the contract's refusals. */
  readonly odd: string[];
}

/** Buys from any of the services until told to stop: a third gives back, a third orders, a third pays too. */
async function buy(at: Service[], products: number[], told: Acknowledged, isOver: () => boolean): Promise<void> {
  const any = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;
  const note = ({ status, text }: { status: number; text: string }): number => {
    if (![200, 201, 202, 204, 409, 503].includes(status)) told.odd.push(`${status} ${text.slice(0, 200)}`);
    return status;
  };
  while (!isOver()) {
    const hold = await requestHold(any(at), any(products));
    if (note(hold) !== 201) continue;
    const holdId = hold.body.hold_id as string;
    told.holds.push(holdId);
    const choice = any(['give back', 'order', 'pay']);
    if (choice === 'give back') {
      note(await giveBack(any(at), holdId));
      continue;
    }
    const order = await requestOrder(any(at), holdId);
    if (note(order) !== 201) continue;
    told.ordered.push(holdId);
    if (choice === 'order') continue;
    const { order_id } = order.body as unknown as Order;
    if (note(await notify(any(at), noticeOf({ order_id }))) === 200) told.paid.push(order_id);
  }
}

/** On each node: nothing that was answered is missing, and the counters say what the rows say. */
async function expectNothingLost(told: Acknowledged, products: number[]): Promise<void> {
  for (const node of cluster.nodes) {
    const rows = <Row>(sql: string, values: unknown[] = []) =>
      select<Row>(node, sql.replaceAll('db.', `${database}.`), values);
    const holds = new Set(
      (await rows<{ id: string }>('SELECT LOWER(HEX(id)) AS id FROM db.holds')).map(({ id }) => id),
    );
    const orders = await rows<{ id: number; hold: string; status: string }>(
      'SELECT id, LOWER(HEX(hold_id)) AS hold, status FROM db.orders',
    );
    const ordered = new Set(orders.map(({ hold }) => hold));
    const paid = new Set(orders.filter(({ status }) => status === 'paid').map(({ id }) => id));
    expect({
      holds: told.holds.filter((id) => !holds.has(hex(id))),
      orders: told.ordered.filter((id) => !ordered.has(hex(id))),
      paid: told.paid.filter((id) => !paid.has(id)),
    }).toEqual({ holds: [], orders: [], paid: [] });
    const counted = await rows<{ id: number; held: number; sold: number }>(
      `SELECT p.id, p.stock_held - COALESCE(SUM(IF(h.released = 0 AND COALESCE(o.status, 'pending_payment') = 'pending_payment', h.qty, 0)), 0) AS held,
         p.stock_sold - COALESCE(SUM(o.quantity_sold), 0) AS sold
       FROM db.products p LEFT JOIN db.holds h ON h.product_id = p.id LEFT JOIN db.orders o ON o.hold_id = h.id
       WHERE p.id IN (?) GROUP BY p.id`,
      [products],
    );
    expect(counted.map(({ held, sold }) => [Number(held), Number(sold)])).toEqual(products.map(() => [0, 0]));
  }
}

function nothingYet(): Acknowledged {
  return { holds: [], ordered: [], paid: [], odd: [] };
}

async function productsFor(service: Service): Promise<number[]> {
  const products = [
    await createProduct(service, { stock_total: 100_000 }),
    await createProduct(service, { stock_total: 100_000 }),
  ];
  return products.map(({ id }) => id);
}

describe('two instances that write through different nodes', () => {
  it(
    'lose nothing that was answered, and count it right',
    async () => {
      const services = await Promise.all(cluster.nodes.slice(0, 2).map((node) => startService(environment(node))));
      const products = await productsFor(services[0]!);
      const [told, endsAt] = [nothingYet(), Date.now() + SECONDS * 1000];
      const isOver = () => Date.now() > endsAt;
      await Promise.all(Array.from({ length: BUYERS }, () => buy(services, products, told, isOver)));
      console.log(`${told.holds.length} holds, ${told.ordered.length} orders, ${told.paid.length} paid`);
      expect(told.paid.length).toBeGreaterThan(0);
      expect(told.odd).toEqual([]);
      await expectNothingLost(told, products);
      await Promise.all(services.map((service) => service.stop()));
    },
    SECONDS * 1000 + 120_000,
  );
});

describe('a customer’s limit over the products of a sale', () => {
  it('holds where he asks for two of them at the same moment, at instances that write through different nodes', async () => {
    const services = await Promise.all(cluster.nodes.slice(0, 2).map((node) => startService(environment(node))));
    const [first] = services;
    const { id } = await createSale(first!, { max_per_customer: 1 });
    const products = [
      await createProduct(first!, { sale_id: id, stock_total: 1000 }),
      await createProduct(first!, { sale_id: id, stock_total: 1000 }),
    ];
    const holdAt = (service: Service, product_id: number, customer: string) => {
      const headers = { ...adminHeaders(service), 'on-behalf-of': customer };
      return service.call('POST', '/api/holds', { product_id, quantity: 1 }, headers);
    };
    for (let round = 0; round < 50; round++) {
      const asked = services.map((service, index) => holdAt(service, products[index]!.id, `c_${round}`));
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect([round, ...statuses.sort()]).toEqual([round, 201, 409]);
    }
    await Promise.all(services.map((service) => service.stop()));
  });
});

describe('one writer behind a proxy that switches', () => {
  it(
    'loses nothing that was answered when the writer is killed',
    async () => {
      const proxy = await SwitchingProxy.start(cluster.nodes[0]!);
      const service = await startService({ ...environment(cluster.nodes[0]!), ...proxy.env });
      const products = await productsFor(service);
      const told = nothingYet();
      let isDone = false;
      const buyers = Array.from({ length: BUYERS }, () => buy([service], products, told, () => isDone));
      for (let kill = 0; kill < KILLS; kill++) {
        const [writer, next] = [cluster.nodes[kill % 3]!, cluster.nodes[(kill + 1) % 3]!];
        const before = told.paid.length;
        await eventually(() => Promise.resolve(expect(told.paid.length).toBeGreaterThan(before)), FAILOVER_TIMEOUT_MS);
        writer.kill('SIGKILL');
        await writer.gone();
        proxy.switchTo(next);
        const atKill = told.paid.length;
        await eventually(() => Promise.resolve(expect(told.paid.length).toBeGreaterThan(atKill)), FAILOVER_TIMEOUT_MS);
        await writer.restart();
        await waitUntilSynced(writer);
      }
      isDone = true;
      await Promise.all(buyers);
      expect(told.odd).toEqual([]);
      await expectNothingLost(told, products);
      await service.stop();
      await proxy.stop();
    },
    KILLS * 120_000 + 60_000,
  );
});
