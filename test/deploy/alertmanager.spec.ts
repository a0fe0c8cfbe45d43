import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { freePort } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { Alertmanager, Prometheus } from '../support/prometheus.js';

/** The delivered rules and receivers on a real Prometheus and a real Alertmanager: who is on call hears of what is wrong. */
const FOLDER = join(import.meta.dirname, '../../deploy/observability');
const TOKEN = 'the-token-of-who-is-on-call';
const home = mkdtempSync(join(tmpdir(), 'alerts-'));

interface Told {
  readonly authorization: string | undefined;
  readonly receiver: string;
  readonly alerts: { readonly status: string; readonly labels: object; readonly annotations: object }[];
}

const read = <T>(path: string): T => parse(readFileSync(join(FOLDER, path), 'utf8')) as T;

/** What the receiver for pages was told. */
const told: Told[] = [];
const onCall = createServer((request: IncomingMessage, response) => {
  void json(request).then((body) => {
    told.push({ authorization: request.headers.authorization, ...(body as Omit<Told, 'authorization'>) });
    response.end();
  });
});

/** The delivered file, but for where the receiver for pages is, and how long is waited for more of the same. */
function receiversAt(url: string): object {
  interface Delivered {
    readonly route: { readonly routes: object[] };
    readonly receivers: { readonly webhook_configs?: object[] }[];
  }
  const { route, receivers, ...rest } = read<Delivered>('alertmanager/alertmanager.yml');
  writeFileSync(join(home, 'token'), TOKEN);
  const atOnce = { group_wait: '0s', group_interval: '1s' };
  return {
    ...rest,
    route: { ...route, ...atOnce, routes: route.routes.map((one) => ({ ...one, ...atOnce })) },
    receivers: receivers.map(({ webhook_configs: hooks, ...receiver }) => ({
      ...receiver,
      ...(hooks && {
        webhook_configs: hooks.map((hook) => ({
          ...hook,
          url,
          http_config: { authorization: { credentials_file: join(home, 'token') } },
        })),
      }),
    })),
  };
}

/** The delivered rules without their patience, and an instance that is not there. */
function rulesFor(alertmanager: string, instance: string): object {
  const { groups } = read<{ groups: { rules: { for: string }[] }[] }>('prometheus/alerts.yml');
  const impatient = groups.map((group) => ({
    ...group,
    rules: group.rules.map(({ for: _patience, ...rule }) => rule),
  }));
  writeFileSync(join(home, 'alerts.yml'), stringify({ groups: impatient }));
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    rule_files: [join(home, 'alerts.yml')],
    scrape_configs: [{ job_name: 'checkout', static_configs: [{ targets: [instance] }] }],
  };
}

let alertmanager: Alertmanager;
let prometheus: Prometheus;
let instance: string;

beforeAll(async () => {
  onCall.listen(0, '127.0.0.1');
  await once(onCall, 'listening');
  const { port } = onCall.address() as AddressInfo;
  alertmanager = await Alertmanager.start(join(home, 'alertmanager'), receiversAt(`http://127.0.0.1:${port}/alerts`));
  instance = `127.0.0.1:${await freePort()}`;
  prometheus = await Prometheus.start(join(home, 'prometheus'), rulesFor(alertmanager.url, instance));
});

afterAll(async () => {
  await prometheus.stop();
  await alertmanager.stop();
  onCall.close();
  rmSync(home, { recursive: true });
});

describe('an instance that does not answer its scrapes', () => {
  it('is told to who is on call, with what to do, and so is its end', async () => {
    // Another may be told first: nothing is there until the first scrape.
    const down = { labels: expect.objectContaining({ alertname: 'CheckoutDown', instance }) };
    await eventually(() =>
      expect(told.flatMap((one) => one.alerts)).toContainEqual(
        expect.objectContaining({
          status: 'firing',
          labels: expect.objectContaining({ alertname: 'CheckoutDown', severity: 'page', instance }),
          annotations: {
            summary: `${instance} does not answer its scrapes`,
            runbook: 'docs/operating.md#checkoutdown',
          },
        }),
      ),
    );
    expect(told[0]).toMatchObject({ authorization: `Bearer ${TOKEN}`, receiver: 'on-call' });
    const back = createServer((_request, response) =>
      response.setHeader('content-type', 'text/plain').end('up_again 1\n'),
    );
    back.listen(Number(instance.split(':')[1]), '127.0.0.1');
    await eventually(() =>
      expect(told.flatMap((one) => one.alerts)).toContainEqual(
        expect.objectContaining({ ...down, status: 'resolved' }),
      ),
    );
    back.closeAllConnections();
    await new Promise((closed) => back.close(closed));
  });
});
