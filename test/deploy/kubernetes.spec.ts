import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { eventually } from '../support/eventually.js';
import { type Service, startService } from '../support/service.js';
import { knownVariables, settingsOf } from '../support/settings.js';

/** The manifests as kustomize resolves them, against the schemas of Kubernetes, the configuration and a running service. */
const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/kubernetes');

interface Container {
  readonly image: string;
  readonly command?: string[];
  readonly env?: { readonly name: string; readonly value: string }[];
  readonly ports?: { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } };
}

interface Pod {
  readonly containers: [Container];
  readonly initContainers?: Container[];
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
  readonly volumes: { readonly name: string; readonly secret: { readonly secretName: string } }[];
}

interface Selector {
  readonly matchLabels: Record<string, string>;
}

interface Spec {
  readonly replicas?: number;
  readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: Pod };
  readonly selector: Selector & Record<string, string>;
  readonly podSelector: Selector;
  readonly ports: { readonly name: string; readonly targetPort: string }[];
  readonly scaleTargetRef: object;
  readonly jobLabel: string;
  readonly endpoints: { readonly port: string; readonly path: string }[];
  readonly ingress: { readonly ports: { readonly port: string }[] }[];
  readonly tls: [{ readonly secretName: string }];
  readonly rules: {
    readonly http: { readonly paths: { path: string; pathType: string; backend: { service: object } }[] };
  }[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: Spec;
  readonly data: Record<string, string>;
}

const parseAll = (text: string): Manifest[] => parseAllDocuments(text).map((document) => document.toJS() as Manifest);

let objects: Manifest[];
let service: Service;
let pod: Pod;
let migration: Pod;
let env: Record<string, string>;

const find = (kind: string, name?: string): Manifest =>
  objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name))!;

beforeAll(async () => {
  service = await startService();
  objects = parseAll(execFileSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' }));
  pod = find('Deployment').spec.template.spec;
  migration = find('Job').spec.template.spec;
  env = find('ConfigMap').data;
});

describe('the Kubernetes manifests', () => {
  it('are true to the schemas of Kubernetes', () => {
    const load = createRequire(import.meta.url);
    const errors = objects.flatMap((object) => {
      const isOfPrometheus = object.apiVersion.startsWith('monitoring.coreos.com/');
      const schemas = isOfPrometheus ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
      const models = load(`${schemas}/${object.apiVersion}/${object.kind}`) as Record<
        string,
        new (data: object) => { validate(): void }
      >;
      try {
        new models[object.kind]!(object).validate();
        return [];
      } catch (error) {
        return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
      }
    });
    expect(errors).toEqual([]);
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Ingress',
      'Job',
      'NetworkPolicy',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceMonitor',
    ]);
  });

  it('set only variables that there are, to values that start', () => {
    const known = knownVariables();
    const named = [...Object.keys(env), ...migration.containers[0].env!.map(({ name }) => name)];
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const encrypted = { isEncrypted: true };
    expect(settingsOf(env)).toMatchObject({ appEnv: 'production', database: encrypted, redis: encrypted });
  });

  it('probe routes that answer, on the port that the service listens on', async () => {
    const [container] = pod.containers;
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(env.PORT) }]);
    expect(find('Service').spec.ports).toMatchObject([{ name: 'http', targetPort: 'http' }]);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      const { path, port } = container[probe]!.httpGet;
      expect(port).toBe('http');
      // A database that is slow for a moment, as on a busy machine, makes an instance not ready for that moment.
      await eventually(async () => expect((await service.call('GET', path)).status).toBe(200));
    }
    expect(container.livenessProbe!.httpGet.path).toBe('/health/live');
  });

  it('grant more time than the pause before and the shutdown take', () => {
    const { shutdownDelayMs, shutdownTimeoutMs } = settingsOf(env);
    expect(shutdownDelayMs).toBeGreaterThan(0);
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(shutdownDelayMs + shutdownTimeoutMs);
  });

  it('choose the pods that the deployment makes, and leave their number to the autoscaler', () => {
    const { metadata, spec } = find('Deployment');
    const { labels } = spec.template.metadata;
    for (const selector of [
      find('Service').spec.selector,
      find('PodDisruptionBudget').spec.selector.matchLabels,
      find('NetworkPolicy', 'checkout').spec.podSelector.matchLabels,
      spec.selector.matchLabels,
    ]) {
      expect(labels).toMatchObject(selector);
    }
    expect(find('Job').spec.template.metadata.labels).toMatchObject(
      find('NetworkPolicy', 'checkout-migrate').spec.podSelector.matchLabels,
    );
    expect(find('HorizontalPodAutoscaler').spec.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: metadata.name,
    });
    expect(spec.replicas).toBeUndefined();
  });

  it('give the public its calls, and none of the operators’', () => {
    const paths = find('Ingress').spec.rules.flatMap(({ http }) => http.paths);
    for (const { backend } of paths) expect(backend.service).toEqual({ name: 'checkout', port: { name: 'http' } });
    const isOpen = (path: string) =>
      paths.some((rule) => path === rule.path || (rule.pathType === 'Prefix' && path.startsWith(`${rule.path}/`)));
    for (const path of [
      '/',
      '/assets/index-1a2b3c4d.js',
      '/api/products/1',
      '/api/holds',
      '/api/orders',
      '/api/payments/webhook',
      '/docs/json',
    ])
      expect({ path, isOpen: isOpen(path) }).toEqual({ path, isOpen: true });
    for (const path of ['/metrics', '/admin/queues', '/api/admin/products', '/health/ready', '/admin'])
      expect({ path, isOpen: isOpen(path) }).toEqual({ path, isOpen: false });
  });

  it('let Prometheus scrape under the very job that the alerts name', async () => {
    const { jobLabel, selector, endpoints } = find('ServiceMonitor').spec;
    const { labels } = find('Service').metadata;
    expect(labels).toMatchObject(selector.matchLabels);
    expect(endpoints).toMatchObject([{ port: find('Service').spec.ports[0]!.name }]);
    expect((await service.call('GET', endpoints[0]!.path)).status).toBe(200);
    expect(find('NetworkPolicy', 'checkout').spec.ingress[0]!.ports[0]!.port).toBe('http');
    const alerts = readFileSync(join(ROOT, 'deploy/observability/prometheus/alerts.yml'), 'utf8');
    const jobs = [...alerts.matchAll(/job="(\w+)"/g)].map(([, job]) => job);
    expect([...new Set(jobs)]).toEqual([labels[jobLabel]]);
  });

  it('run all of a release from one image, with no more rights than it needs', () => {
    const containers = [...pod.containers, ...pod.initContainers!, ...migration.containers];
    for (const { image, securityContext } of containers) {
      expect(image).toBe(containers[0]!.image);
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
    }
    for (const { securityContext } of [pod, migration]) expect(securityContext).toMatchObject({ runAsNonRoot: true });
  });

  it('migrate by a job of the release’s own name, and let its pods wait for it by a command that there is', () => {
    const { images } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')) as {
      images: [{ newTag: string }];
    };
    const [{ newTag }] = images;
    expect(find('Job').metadata.name).toBe(`checkout-migrate-${newTag}`);
    const commands = readFileSync(join(ROOT, 'src/cli/commands.ts'), 'utf8');
    for (const [container, name] of [
      [migration.containers[0], 'migrate'],
      [pod.initContainers![0]!, 'migrate:wait'],
    ] as const) {
      expect(container.command).toEqual(['node', 'dist/src/cli/main.js', name]);
      expect(commands).toContain(`.command('${name}')`);
    }
  });
});

describe('the secrets for Kubernetes', () => {
  const secrets = mkdtempSync(join(tmpdir(), 'kubernetes secrets-'));
  afterAll(() => rmSync(secrets, { recursive: true }));

  const FILES = ['db_app_password', 'redis_password', 'admin_token', 'webhook_secrets', 'db_migrate_password'];
  const FOREIGN = ['db_root_password', 'db_backup_password', 'tls_key'];

  function write(names: string[]): void {
    for (const name of names) writeFileSync(join(secrets, name), `the ${name}`);
  }

  /** What the script would make; nothing is sent to a cluster. */
  function create(): Record<string, string[]> {
    const args = [join(FOLDER, 'create-secrets.sh'), secrets, '--dry-run=client', '--output=yaml'];
    const output = execFileSync('sh', args, { encoding: 'utf8', stdio: 'pipe' });
    const made = output.split(/^(?=apiVersion:)/m).flatMap(parseAll);
    return Object.fromEntries(made.map(({ metadata, data }) => [metadata.name, Object.keys(data).sort()]));
  }

  /** The files below where a pod has its secrets that its variables name. */
  function namedBy(variables: Record<string, string>): string[] {
    return Object.entries(variables)
      .filter(([name]) => name.endsWith('_FILE'))
      .map(([, path]) => path.replace('/run/secrets/', ''));
  }

  it('name the file that is missing', () => {
    write(FILES.slice(1));
    expect(create).toThrow(/db_app_password is missing or empty/);
  });

  it('are those that the pods name, each pod’s alone, whatever else is in the folder', () => {
    write([...FILES, ...FOREIGN]);
    const made = create();
    expect(made).toEqual({
      checkout: ['admin_token', 'db_app_password', 'redis_password', 'webhook_secrets'],
      'checkout-migrate': ['db_migrate_password'],
    });
    const files = Object.entries(made).flatMap(([name, keys]) => keys.map((key) => `${name}/${key}`));
    const job = Object.fromEntries(migration.containers[0].env!.map(({ name, value }) => [name, value]));
    expect(files).toEqual(expect.arrayContaining(namedBy({ ...env, ...job })));
    expect(pod.volumes.map(({ secret }) => secret.secretName)).toEqual(['checkout']);
  });

  it('have the ingress’s certificate where there is one', () => {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=shop.example'];
    const files = ['-keyout', join(secrets, 'tls_key'), '-out', join(secrets, 'tls_certificate')];
    execFileSync('openssl', [...request, ...files], { stdio: 'ignore' });
    const [{ secretName }] = find('Ingress').spec.tls;
    expect(create()[secretName]).toEqual(['tls.crt', 'tls.key']);
  });

  it('have the authorities’ certificates where there are some', () => {
    write(['db_ca.pem', 'redis_ca.pem']);
    expect(create().checkout).toEqual(expect.arrayContaining(['db_ca.pem', 'redis_ca.pem']));
  });
});
