import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type ChildService, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import {
  createHold,
  createOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  requestHold,
} from '../support/factories.js';
import { standardHeaders } from '../support/payments.js';
import { Prometheus } from '../support/prometheus.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';
import { SIMULATED_SETTINGS } from '../support/simulated-sales.js';

/** The delivered rules and dashboard on a real Prometheus, which scrapes a real service during a rush. */
const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/observability');
const HOME = join(ROOT, `.local/test/prometheus-${process.env.JEST_WORKER_ID ?? '1'}`);
const RUSH_TIMEOUT_MS = 60_000;
const SECRET = 'the-secret-of-the-rush';

const { panels } = JSON.parse(readFileSync(join(FOLDER, 'grafana/dashboards/checkout.json'), 'utf8')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
};
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

/** The delivered configuration, but for where the instances are and how often they are asked. */
function configurationFor(url: string): object {
  const delivered = parse(readFileSync(join(FOLDER, 'prometheus/prometheus.yml'), 'utf8')) as {
    scrape_configs: [{ dns_sd_configs: object[] }];
  };
  const [{ dns_sd_configs: _names, ...job }] = delivered.scrape_configs;
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(FOLDER, 'prometheus/alerts.yml')],
    scrape_configs: [{ ...job, static_configs: [{ targets: [new URL(url).host] }] }],
  };
}

/** A buyer's whole way, with all that shops see of it: sold out, given back, sent twice, forged. */
async function buy(service: Service, productId: number, soldOutId: number): Promise<void> {
  const order = await createOrder(service, { product_id: productId });
  const notice = noticeOf(order);
  const body = JSON.stringify(notice);
  for (let times = 0; times < 2; times++) {
    expect((await notify(service, notice, standardHeaders(SECRET, body))).status).toBe(200);
  }
  expect((await notify(service, notice)).status).toBe(401);
  expect((await requestHold(service, soldOutId)).status).toBe(409);
  const { hold_id } = await createHold(service, { product_id: productId });
  expect((await giveBack(service, hold_id)).status).toBe(204);
  expect((await service.call('GET', `/api/products/${productId}`)).status).toBe(200);
}

let child: ChildService;
let service: Service;
let prometheus: Prometheus;
const rush = { isOn: true, buyers: [] as Promise<void>[] };

beforeAll(async () => {
  // With a provider that makes sessions, and everything that runs beside the API: what they count is shown too.
  child = await startChild({
    ...SIMULATED_SETTINGS,
    ...PATIENT,
    APP_ENV: 'test',
    WEBHOOK_SECRETS: SECRET,
    STOCK_AUDIT_CRON: '* * * * * *',
  });
  service = connectTo(child.url);
  const [product, soldOut] = [
    await createProduct(service, { stock_total: 1_000_000 }),
    await createProduct(service, { stock_total: 0 }),
  ];
  prometheus = await Prometheus.start(HOME, configurationFor(child.url));
  rush.buyers = Array.from({ length: 16 }, async () => {
    while (rush.isOn) await buy(service, product.id, soldOut.id);
  });
});

afterAll(async () => {
  rush.isOn = false;
  await Promise.all(rush.buyers);
  await prometheus.stop();
  child.kill('SIGTERM');
  await child.exited;
});

describe('during a rush', () => {
  it.each(queries)(
    'the dashboard has figures: $title, $expr',
    async ({ expr }) => {
      await eventually(async () => expect(await prometheus.query(expr)).not.toEqual([]), RUSH_TIMEOUT_MS);
    },
    2 * RUSH_TIMEOUT_MS,
  );

  it('every alert can be evaluated, and none fires', async () => {
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    // Somebody forges notices all the time here: on a slow machine for the two minutes that one of them waits.
    const firing = rules.filter(({ state, name }) => state === 'firing' && name !== 'CheckoutSignatureFailures');
    expect(firing.map(({ name }) => name)).toEqual([]);
  });
});
