import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments, parse } from 'yaml';
import { loadConfig } from '../../src/config/config.js';
import { type Service, startService } from '../support/service.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A part of a manifest, in whose place we know what to look for. */
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return */
type Part = any;

const FOLDER = 'deploy/kubernetes';
const objects: Part[] = readdirSync(join(ROOT, FOLDER)).flatMap((file) =>
  parseAllDocuments(read(`${FOLDER}/${file}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  }),
);
const kind = (name: string): Part => objects.find((object) => object.kind === name);
const compose = (path: string): Part => parse(read(path), { merge: true });

/** The variables that the configuration reads, by what it asks for. */
function knownVariables(): Set<string> {
  const known = new Set<string>();
  const recorder = new Proxy<Record<string, string>>(
    { DB_HOST: 'x', REDIS_HOST: 'x' },
    {
      get: (target, name: string) => {
        known.add(name);
        return target[name];
      },
    },
  );
  loadConfig(recorder);
  return known;
}

/** The settings as the service reads them, with a secret in place of each file, which this machine does not have. */
function load(env: Record<string, string>) {
  return loadConfig(
    Object.fromEntries(
      Object.entries(env).map(([name, value]) =>
        name.endsWith('_FILE') ? [name.slice(0, -5), 'a-secret'] : [name, value],
      ),
    ),
  );
}

let service: Service;
beforeAll(async () => {
  service = await startService();
});

describe('the Kubernetes manifests', () => {
  const pod = kind('Deployment').spec.template.spec;
  const [container] = pod.containers as Part[];
  const env = kind('ConfigMap').data as Record<string, string>;

  it('have what they need of every object', () => {
    const kinds = [
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Job',
      'PodDisruptionBudget',
      'Secret',
      'Secret',
      'Service',
    ];
    expect(objects.map((object) => object.kind as string).sort()).toEqual(kinds);
    for (const object of objects)
      expect(object).toMatchObject({ apiVersion: expect.any(String), metadata: { name: expect.any(String) } });
  });

  it('set only variables that there are, to values that start', () => {
    const known = knownVariables();
    const all = [
      ...Object.keys(env),
      ...kind('Job').spec.template.spec.containers[0].env.map((entry: Part) => entry.name),
    ];
    expect(all.filter((name: string) => !known.has(name))).toEqual([]);
    expect(load(env)).toMatchObject({
      appEnv: 'production',
      database: { isEncrypted: true },
      redis: { isEncrypted: true },
    });
  });

  it('name only secret files that the secrets have', () => {
    const files = Object.entries(env)
      .filter(([name]) => name.endsWith('_FILE'))
      .map(([, path]) => path);
    const job = kind('Job').spec.template.spec.containers[0].env.map((entry: Part) => entry.value as string);
    const secrets = objects.filter((object) => object.kind === 'Secret');
    const paths = secrets.flatMap((secret) =>
      Object.keys(secret.stringData).map((key) => `/run/secrets/${secret.metadata.name}/${key}`),
    );
    const named = [...files, ...job.filter((value: string) => value.startsWith('/'))];
    expect(named.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it('probe routes that answer, on the port that the service listens on', async () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(env.PORT) }]);
    expect(kind('Service').spec.ports[0].targetPort).toBe('http');
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { path, port } = container[probe].httpGet as { path: string; port: string };
      expect(port).toBe('http');
      expect((await service.call('GET', path)).status).toBe(200);
    }
    expect(container.livenessProbe.httpGet.path).toBe('/health/live');
    const { annotations } = kind('Deployment').spec.template.metadata;
    expect((await service.call('GET', annotations['prometheus.io/path'])).status).toBe(200);
  });

  it('grant more time than the pause before and the shutdown take', () => {
    const [, pauseSeconds] = container.lifecycle.preStop.exec.command as [string, string];
    const shutdownSeconds = load(env).shutdownTimeoutMs / 1000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(pauseSeconds) + shutdownSeconds);
  });

  it('choose the pods that the deployment makes, and run them with no more rights than they need', () => {
    const { labels } = kind('Deployment').spec.template.metadata;
    for (const selector of [
      kind('Service').spec.selector,
      kind('PodDisruptionBudget').spec.selector.matchLabels,
      kind('Deployment').spec.selector.matchLabels,
    ]) {
      expect(labels).toMatchObject(selector);
    }
    expect(kind('HorizontalPodAutoscaler').spec.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: kind('Deployment').metadata.name,
    });
    for (const spec of [pod, kind('Job').spec.template.spec]) {
      expect(spec.securityContext.runAsNonRoot).toBe(true);
      expect(spec.containers[0].securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
      });
      expect(spec.containers[0].image).toBe(container.image);
    }
  });

  it('run a command of the image before the service', () => {
    const { command } = kind('Job').spec.template.spec.containers[0] as { command: string[] };
    expect(command).toEqual(['node', 'dist/src/cli/main.js', 'migrate']);
    expect(read('src/cli/commands.ts')).toContain(".command('migrate')");
  });
});

describe.each(['docker-compose.yml', 'deploy/compose.production.yml'])('%s', (file) => {
  const { services, volumes = {}, networks = {}, secrets = {} } = compose(file);
  const entries = Object.entries(services as Record<string, Part>);

  it('names only services, volumes, networks, secrets and files that there are', () => {
    for (const [, part] of entries) {
      const dependencies = Array.isArray(part.depends_on)
        ? (part.depends_on as string[])
        : Object.keys(part.depends_on ?? {});
      expect(Object.keys(services)).toEqual(expect.arrayContaining(dependencies));
      expect(Object.keys(networks)).toEqual(expect.arrayContaining(part.networks ?? []));
      expect(Object.keys(secrets)).toEqual(expect.arrayContaining(part.secrets ?? []));
      for (const volume of (part.volumes ?? []) as string[]) {
        const [source] = volume.split(':') as [string];
        if (source.startsWith('.')) expect(existsSync(join(ROOT, file, '..', source))).toBe(true);
        else expect(Object.keys(volumes)).toContain(source);
      }
    }
  });

  it('sets only variables of the service that there are', () => {
    const known = knownVariables();
    for (const [, { build, environment }] of entries) {
      if (build === undefined) continue;
      expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it('keeps Redis from dropping jobs', () => {
    expect([services.redis.command].flat().join(' ')).toContain('maxmemory-policy noeviction');
  });

  it('grants a stop more time than the shutdown takes', () => {
    const { shutdownDelayMs, shutdownTimeoutMs } = loadConfig({
      DB_HOST: 'database',
      REDIS_HOST: 'redis',
      SHUTDOWN_DELAY_MS: services.app.environment.SHUTDOWN_DELAY_MS,
      SHUTDOWN_TIMEOUT_MS: services.app.environment.SHUTDOWN_TIMEOUT_MS,
    });
    const graceMs = Number.parseInt(services.app.stop_grace_period, 10) * 1000;
    expect(graceMs).toBeGreaterThan(shutdownDelayMs + shutdownTimeoutMs);
  });

  it('gives no password to a process as an argument', () => {
    for (const [name, { command, healthcheck }] of entries) {
      const text = [command ?? [], healthcheck?.test ?? []].flat().join(' ');
      expect([name, /--(password|requirepass|pass)\b|\s-p\S|\s-a\s/.test(text)]).toEqual([name, false]);
    }
  });
});

describe('docker-compose.yml', () => {
  const { services } = compose('docker-compose.yml');

  it('gives the whole .env to the service, but for where the containers are', () => {
    for (const name of ['app', 'migrate']) {
      expect(services[name].env_file).toBe('${ENV_FILE:-.env}');
      const { environment } = services[name] as { environment: Record<string, string> };
      const own = Object.entries(environment).filter(([variable, value]) => !value.startsWith(`\${${variable}:`));
      for (const [variable] of own) expect(variable).toMatch(/^(HOST|PORT|(DB|REDIS)_\w+)$/);
    }
  });

  it('shows Grafana to those on the machine, without a login that could be guessed', () => {
    expect(services.grafana.ports[0]).toMatch(/^127\.0\.0\.1:/);
    expect(services.grafana.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_BASIC_ENABLED: 'false',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
    });
  });
});

describe('deploy/compose.production.yml', () => {
  const { services, networks } = compose('deploy/compose.production.yml');

  it('starts the service with these settings', () => {
    const config = load(services.app.environment);
    expect(config).toMatchObject({
      appEnv: 'production',
      database: { username: 'checkout_app' },
      http: { port: 3000 },
    });
    expect(config.http.trustedProxies).toEqual([networks.inside.ipam.config[0].subnet]);
  });

  it('mounts each secret that a variable of the service names', () => {
    for (const name of ['app', 'migrate']) {
      const { environment, secrets } = services[name] as { environment: Record<string, string>; secrets: string[] };
      const files = Object.entries(environment)
        .filter(([variable]) => variable.endsWith('_FILE'))
        .map(([, path]) => path);
      expect(files.sort()).toEqual(secrets.map((secret) => `/run/secrets/${secret}`).sort());
    }
  });

  it('runs the migrations to their end before the replicas, and those before the load balancer', () => {
    expect(services.app.depends_on.migrate).toEqual({ condition: 'service_completed_successfully' });
    expect(services.balancer.depends_on.app).toEqual({ condition: 'service_healthy' });
    expect(services.app.deploy.replicas).toBeGreaterThan(1);
    expect(services.app.ports).toBeUndefined();
  });

  it('checks a route that answers, and has a load balancer that sends to the replicas', async () => {
    const [, path] = /127\.0\.0\.1:3000(\/[\w/]+)/.exec(services.app.healthcheck.test.join(' '))!;
    expect((await service.call('GET', path!)).status).toBe(200);
    const nginx = read('deploy/nginx/nginx.conf');
    const listens = [...nginx.matchAll(/listen (\d+)/g)].map(([, port]) => port);
    expect(services.balancer.ports.map((port: string) => port.split(':').at(-1))).toEqual(listens);
    // Operators come by the machine itself.
    expect(services.balancer.ports.at(-1)).toMatch(/^127\.0\.0\.1:/);
    expect(nginx).toContain(`server app:${services.app.environment.PORT} resolve max_fails=0;`);
    // The balancer closes its idle connections first, or a request would meet one that is being closed.
    const [, idle] = /keepalive 128;[^]*?keepalive_timeout (\d+)s;/.exec(nginx)!;
    expect(Number(idle) * 1000).toBeLessThan(load(services.app.environment).http.keepAliveMs);
  });

  it('lets out only the service, which calls the payment provider', () => {
    expect(networks.inside.internal).toBe(true);
    const reach = Object.entries(services as Record<string, Part>).map(([name, part]) => [name, part.networks]);
    expect(Object.fromEntries(reach)).toEqual({
      app: ['inside', 'egress'],
      migrate: ['inside', 'egress'],
      balancer: ['inside', 'outside'],
      database: ['inside'],
      redis: ['inside'],
    });
  });

  it('makes the database’s users by a script that the shell can read', () => {
    for (const script of [
      'deploy/database/create-users.sh',
      'deploy/database/init.sh',
      'scripts/backup.sh',
      'scripts/restore.sh',
      'scripts/database-client.sh',
    ]) {
      execFileSync('sh', ['-n', join(ROOT, script)]);
    }
  });
});
