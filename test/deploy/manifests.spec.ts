import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { commandsOf } from '../support/documents.js';
import type { ApiDocument } from '../support/openapi.js';
import { type Service, startService } from '../support/service.js';
import { knownVariables, settingsOf } from '../support/settings.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What is looked at of a compose file. */
interface ComposeService {
  readonly build?: object;
  readonly depends_on?: string[] | Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: string[];
  readonly secrets?: string[];
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly env_file?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: string | string[];
  readonly healthcheck?: { readonly test: string | string[] };
  readonly stop_grace_period: string;
  readonly deploy: { readonly replicas: number };
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: object;
  readonly networks?: Readonly<
    Record<string, { readonly internal?: boolean; readonly ipam?: { readonly config: [{ readonly subnet: string }] } }>
  >;
  readonly secrets?: object;
}

const compose = (path: string): Compose => parse(read(path), { merge: true }) as Compose;

/** A service that the file must have. */
function serviceIn({ services }: Compose, name: string): ComposeService {
  const found = services[name];
  if (found === undefined) throw new Error(`There is no service ${name}`);
  return found;
}

/** How long the feed of events has its readers wait at most. */
function longestWaitSeconds(): number {
  const { paths } = JSON.parse(read('docs/openapi.json')) as ApiDocument;
  return Number(paths['/api/admin/events']!.get!.parameters!.find(({ name }) => name === 'wait')!.schema.maximum);
}

let service: Service;
beforeAll(async () => {
  service = await startService();
});

describe.each(['docker-compose.yml', 'deploy/compose.production.yml'])('%s', (file) => {
  const { services, volumes = {}, networks = {}, secrets = {} } = compose(file);
  const entries = Object.entries(services);
  const app = serviceIn(compose(file), 'app');

  it('names only services, volumes, networks, secrets and files that there are', () => {
    for (const [, part] of entries) {
      const dependencies = Array.isArray(part.depends_on) ? part.depends_on : Object.keys(part.depends_on ?? {});
      expect(Object.keys(services)).toEqual(expect.arrayContaining(dependencies));
      expect(Object.keys(networks)).toEqual(expect.arrayContaining(part.networks ?? []));
      expect(Object.keys(secrets)).toEqual(expect.arrayContaining(part.secrets ?? []));
      for (const volume of part.volumes ?? []) {
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
    expect([serviceIn(compose(file), 'redis').command].flat().join(' ')).toContain('maxmemory-policy noeviction');
  });

  it('grants a stop more time than the shutdown takes', () => {
    const { shutdownDelayMs, shutdownTimeoutMs } = settingsOf({
      DB_HOST: 'database',
      REDIS_HOST: 'redis',
      SHUTDOWN_DELAY_MS: app.environment.SHUTDOWN_DELAY_MS!,
      SHUTDOWN_TIMEOUT_MS: app.environment.SHUTDOWN_TIMEOUT_MS!,
    });
    const graceMs = Number.parseInt(app.stop_grace_period, 10) * 1000;
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
  const file = compose('docker-compose.yml');

  it('gives the whole .env to the service, but for where the containers are', () => {
    for (const name of ['app', 'migrate']) {
      const { environment, env_file } = serviceIn(file, name);
      expect(env_file).toBe('${ENV_FILE:-.env}');
      const own = Object.entries(environment).filter(([variable, value]) => !value.startsWith(`\${${variable}:`));
      for (const [variable] of own) expect(variable).toMatch(/^(HOST|PORT|(DB|REDIS)_\w+)$/);
    }
  });

  it('shows Grafana to those on the machine, without a login that could be guessed', () => {
    const { ports, environment } = serviceIn(file, 'grafana');
    expect(ports![0]).toMatch(/^127\.0\.0\.1:/);
    expect(environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_BASIC_ENABLED: 'false',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
    });
  });
});

describe('deploy/compose.production.yml', () => {
  const file = compose('deploy/compose.production.yml');
  const { services, networks = {} } = file;
  const [app, balancer] = [serviceIn(file, 'app'), serviceIn(file, 'balancer')];

  it('starts the service with these settings', () => {
    const config = settingsOf(app.environment);
    expect(config).toMatchObject({
      appEnv: 'production',
      database: { username: 'checkout_app' },
      http: { port: 3000 },
    });
    expect(config.http.trustedProxies).toEqual([networks.inside!.ipam!.config[0].subnet]);
  });

  const text = read('deploy/compose.production.yml');
  // What the documentation's `sed` leaves for a shop without Stripe.
  const withoutStripe = text.replaceAll(/^.*stripe_.*\n/gm, '');
  it.each([
    ['', text],
    [', also without the lines of Stripe,', withoutStripe],
  ])('mounts each secret that a variable of the service%s names', (_which, kept) => {
    const { services, secrets: made } = parse(kept, { merge: true }) as Compose;
    for (const { environment, secrets = [] } of [services.app!, services.migrate!]) {
      expect(() => settingsOf(environment)).not.toThrow();
      const files = Object.entries(environment)
        .filter(([variable]) => variable.endsWith('_FILE'))
        .map(([, path]) => path);
      expect(files.sort()).toEqual(secrets.map((secret) => `/run/secrets/${secret}`).sort());
      expect(Object.keys(made!)).toEqual(expect.arrayContaining(secrets));
    }
  });

  it('runs the migrations to their end before the replicas, and those before the load balancer', () => {
    expect(app.depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } });
    expect(balancer.depends_on).toMatchObject({ app: { condition: 'service_healthy' } });
    expect(app.deploy.replicas).toBeGreaterThan(1);
    expect(app.ports).toBeUndefined();
  });

  it('checks a route that answers, and has a load balancer that sends to the replicas', async () => {
    const [, path] = /127\.0\.0\.1:3000(\/[\w/]+)/.exec([app.healthcheck!.test].flat().join(' '))!;
    expect((await service.call('GET', path!)).status).toBe(200);
    const nginx = read('deploy/nginx/nginx.conf');
    const listens = [...nginx.matchAll(/listen (\d+)/g)].map(([, port]) => port);
    expect(balancer.ports!.map((port) => port.split(':').at(-1))).toEqual(listens);
    // Operators come by the machine itself.
    expect(balancer.ports!.at(-1)).toMatch(/^127\.0\.0\.1:/);
    expect(nginx).toContain(`server app:${app.environment.PORT} resolve max_fails=0;`);
    // Each connection is a file, and a container may begin with a limit of 1024.
    const [connections, files] = ['worker_connections', 'worker_rlimit_nofile'].map((name) =>
      Number(new RegExp(`${name} (\\d+);`).exec(nginx)![1]),
    );
    expect(files).toBeGreaterThan(connections!);
    // Who waits for an event for as long as he may is answered after that, and not by the balancer.
    const [, patience] = /listen 8081;[^]*?proxy_read_timeout (\d+)s;/.exec(nginx)!;
    expect(Number(patience)).toBeGreaterThanOrEqual(longestWaitSeconds() + 10);
    // The balancer closes its idle connections first, or a request would meet one that is being closed.
    const [, idle] = /keepalive 128;[^]*?keepalive_timeout (\d+)s;/.exec(nginx)!;
    expect(Number(idle) * 1000).toBeLessThan(settingsOf(app.environment).http.keepAliveMs);
  });

  it('is restarted, by the documentation, with a pause in which the load balancer learns of each replica again', () => {
    const [, interval] = /valid=(\d+)s;/.exec(read('deploy/nginx/resolver.conf.template'))!;
    const restart = commandsOf('docs/deploying.md', 'compose').find(({ code }) => code.includes('docker restart'))!;
    const [, pause] = /^ {2}until .* = healthy \]; .*\n {2}sleep (\d+)$/m.exec(restart.code) ?? [];
    expect(Number(pause)).toBeGreaterThanOrEqual(2 * Number(interval));
    expect(read('docs/deploying.md')).toContain(`every ${interval} seconds (\`resolver.conf.template\`)`);
  });

  it('lets out only the service, which calls the payment provider', () => {
    expect(networks.inside!.internal).toBe(true);
    const reach = Object.entries(services).map(([name, part]) => [name, part.networks]);
    expect(Object.fromEntries(reach)).toEqual({
      app: ['inside', 'egress'],
      migrate: ['inside', 'egress'],
      balancer: ['inside', 'outside'],
      database: ['inside'],
      redis: ['inside'],
    });
  });

  it('comes with scripts that the shell can read', () => {
    const scripts = readdirSync(join(ROOT, 'deploy'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sh'),
    );
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) {
      execFileSync('sh', ['-n', join(ROOT, 'deploy', script)]);
    }
  });
});
