import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { eventually } from '../support/eventually.js';
import { createProduct } from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { PATIENT, startService } from '../support/service.js';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/observability');
const PROMETHEUS = join(FOLDER, 'prometheus');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook: string };
}

const read = (path: string): string => readFileSync(join(FOLDER, path), 'utf8');
const alerts = (parse(read('prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

/** The metrics that an expression asks for. */
function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\b([a-z0-9_]+)\{/g)].map(([, name]) => name!);
}

let exported: Set<string>;
beforeAll(async () => {
  const service = await startService({
    ...PATIENT,
    WEBHOOK_SECRETS: 'secret',
    STRIPE_API_KEY: 'sk_test_key',
    STRIPE_API_BASE: 'http://127.0.0.1:9',
  });
  await createProduct(service);
  // Until all that is asked for figures has answered.
  const { text } = await eventually(async () => {
    const figures = await scrape(service);
    expect(figures.text).not.toMatch(/^checkout_scrape_source_up\{.*\} 0$/m);
    return figures;
  });
  exported = new Set([...text.matchAll(/^([a-z0-9_]+)(?:\{| )/gm)].map(([, name]) => name!));
});

const promtool = (...args: string[]): string => execFileSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' });

describe('the files for Prometheus', () => {
  it('are valid configuration and rules', () => {
    expect(promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
    expect(promtool('check', 'rules', 'alerts.yml')).toContain(`${alerts.length} rules found`);
  });

  it('let each alert fire in one case, and not in another one', () => {
    expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
    const { tests } = parse(read('prometheus/alerts.test.yml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    for (const fires of [true, false]) {
      const tried = cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname);
      expect(tried.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    }
  });

  it.each(alerts)('ask only for metrics that the service has: $alert', ({ expr }) => {
    const names = metricsIn(expr).filter((name) => name !== 'up');
    expect(names.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('name the runbook entry of each alert', () => {
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/operating.md#${alert.toLowerCase()}`);
    }
  });
});

describe('the file for Alertmanager', () => {
  const amtool = (...args: string[]): string =>
    execFileSync('amtool', args, { cwd: join(FOLDER, 'alertmanager'), encoding: 'utf8', stdio: 'pipe' });

  it('is valid, and the one that Prometheus and compose name', () => {
    expect(amtool('check-config', 'alertmanager.yml')).toContain('2 receivers');
    const { alerting } = parse(read('prometheus/prometheus.yml')) as {
      alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
    };
    const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as { services: object };
    const [target] = alerting.alertmanagers[0]!.static_configs[0]!.targets;
    expect(Object.keys(services)).toContain(target!.split(':')[0]);
  });

  it.each(alerts)('sends $alert to those whom it concerns', ({ alert, labels }) => {
    const route = ['config', 'routes', 'test', '--config.file=alertmanager.yml'];
    const receiver = amtool(...route, `alertname=${alert}`, `severity=${labels.severity}`).trim();
    expect(receiver).toBe({ page: 'on-call', ticket: 'tickets' }[labels.severity]);
  });

  it('silences only alerts that there are', () => {
    const { inhibit_rules } = parse(read('alertmanager/alertmanager.yml')) as {
      inhibit_rules: Record<string, string[]>[];
    };
    const named = inhibit_rules.flatMap((rule) => Object.values(rule).flat());
    const names = named.map((matcher) => /^alertname="(\w+)"$/.exec(matcher)![1]);
    expect(alerts.map(({ alert }) => alert)).toEqual(expect.arrayContaining(names));
  });
});

describe('the Grafana dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly type: string;
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly { readonly expr: string }[];
  }
  const { panels } = JSON.parse(read('grafana/dashboards/checkout.json')) as { panels: Panel[] };
  const graphs = panels.filter(({ type }) => type !== 'row');

  it.each(graphs)('asks only for metrics that the service has: $title', ({ targets }) => {
    const names = targets!.flatMap(({ expr }) => metricsIn(expr));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('shows every metric of the service', () => {
    const shown = new Set(graphs.flatMap(({ targets }) => targets!.flatMap(({ expr }) => metricsIn(expr))));
    const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
    const shownBases = new Set([...shown].map(base));
    const own = [...exported].filter((name) => /^(checkout|http)_/.test(name)).map(base);
    // A limit that only says how large the pool is.
    expect([...new Set(own)].filter((name) => !shownBases.has(name))).toEqual(['checkout_pool_size']);
  });

  it('is provisioned with the data source that it names', () => {
    const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string; url: string }[];
    };
    const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as {
      services: Record<string, { profiles?: string[]; volumes?: string[] }>;
    };
    for (const { datasource } of graphs) expect(datasource!.uid).toBe(datasources[0]!.uid);
    expect(Object.keys(services)).toContain(new URL(datasources[0]!.url).hostname);
    for (const name of ['prometheus', 'grafana']) expect(services[name]!.profiles).toEqual(['observability']);
    const { providers } = parse(read('grafana/provisioning/dashboards/checkout.yml')) as {
      providers: { options: { path: string } }[];
    };
    const mounts = services.grafana!.volumes!.map((volume) => volume.split(':')[1]);
    expect(mounts).toContain(providers[0]!.options.path);
  });
});
