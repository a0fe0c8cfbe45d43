import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/child-service.js';
import { commandsOf } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { sendRaw } from '../support/raw-requests.js';
import { expectNothingLost, type Query } from './support/expectations.js';
import { podman, Project } from './support/project.js';
import { Rush, type Send } from './support/rush.js';

const PROJECT = 'checkout-production';
const REPLICAS = 3;

/** The blocks of lines that the page has for this way of deploying, run as they are printed. */
const [MAKE_SECRETS, START, OPERATE, RESTART, BACKUP, RESTORE] = commandsOf('docs/deploying.md', 'compose').map(
  ({ code }) => code,
) as [string, string, string, string, string, string];

let project: Project;
let rush: Rush | undefined;
let ports: { http: number; https: number; operators: number };
let certificate: string;
const secret = (name: string): string => project.read(`deploy/secrets/${name}`).trim();
const send: Send = (method, path, body, headers) =>
  sendRaw(method, path, body, { port: ports.https, ca: certificate, headers });
const sendAsOperator: Send = (method, path, body, headers) =>
  sendRaw(method, path, body, {
    port: ports.operators,
    headers: { authorization: `Bearer ${secret('admin_token')}`, ...headers },
  });
const query: Query = async (sql) => {
  const command = 'MYSQL_PWD="$(cat /run/secrets/db_root_password)" mysql -N --host=127.0.0.1 --user=root checkout';
  const answer = await project.exec('database', 'sh', '-c', `${command} -e "${sql}"`);
  return answer.split('\n').filter(Boolean);
};

async function createProduct(wanted: object): Promise<number> {
  const { status, body } = await sendAsOperator('POST', '/api/admin/products', wanted);
  expect(status).toBe(201);
  return body.id as number;
}

/** Looks at the arguments of all processes of this machine, those of the containers among them, until told to stop. */
class ArgumentWatch {
  readonly seen = new Set<string>();
  private readonly timer = setInterval(() => this.look(), 50);

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        this.seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // It has ended.
      }
    }
  }
}

beforeAll(async () => {
  ports = { http: await freePort(), https: await freePort(), operators: await freePort() };
  const published = {
    HTTP_PUBLISHED_PORT: `127.0.0.1:${ports.http}`,
    HTTPS_PUBLISHED_PORT: `127.0.0.1:${ports.https}`,
    OPERATORS_PUBLISHED_PORT: String(ports.operators),
  };
  const edit = (text: string): string =>
    text
      // All buyers of the test are one client.
      .replace("PORT: '3000'", "$&\n    RATE_LIMIT_PER_MINUTE: '0'")
      // On a busy machine a check takes longer than anybody would wait.
      .replaceAll(/retries: \d+/g, 'retries: 500')
      // Podman has a name server for each network, Docker one for all.
      .replace("NGINX_ENTRYPOINT_LOCAL_RESOLVERS: '1'", 'NGINX_LOCAL_RESOLVERS: 172.31.250.1');
  project = new Project(PROJECT, 'deploy/compose.production.yml', published, edit);
  await project.shell(
    'openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out certificate.pem',
  );
  await project.shell(MAKE_SECRETS, {
    SHOP_CERTIFICATE: 'certificate.pem',
    SHOP_KEY: 'key.pem',
    STRIPE_API_KEY: 'sk_test_of-the-containers-test',
    STRIPE_WEBHOOK_SECRETS: 'whsec_of-the-containers-test',
  });
  certificate = project.read('certificate.pem');
});

afterAll(async () => {
  // One that failed would go on for ever.
  await rush?.stop();
  await project.down();
});

describe('deploy/compose.production.yml', () => {
  it('starts with the secrets as the documentation makes them, and shows none to a process list or an environment', async () => {
    const watch = new ArgumentWatch();
    await project.shell(START).finally(() => watch.stop());
    await eventually(async () => expect((await send('GET', '/health/ready')).status).toBe(200), 60_000);
    const secrets = readdirSync(join(project.folder, 'deploy/secrets'))
      .filter((name) => !name.startsWith('tls_certificate'))
      .map((name) => [name, secret(name)]);
    const shown = [...watch.seen].join('\n');
    const ids = (await podman('ps', '--all', '--quiet')).split('\n');
    const environments = await podman('inspect', '--format', '{{.Config.Env}} {{.Config.Cmd}}', ...ids);
    for (const [name, value] of secrets) {
      expect([name, shown.includes(value!), environments.includes(value!)]).toEqual([name, false, false]);
    }
  });

  it('runs its replicas, and each service by a user without rights', async () => {
    expect(await project.containers('app')).toHaveLength(REPLICAS);
    for (const [service, user] of [
      ['app', 'node'],
      ['redis', 'redis'],
      ['database', 'mysql'],
    ] as const) {
      for (const id of await project.containers(service)) {
        const users = (await podman('top', id, 'user')).split('\n').slice(1);
        expect([service, ...new Set(users)]).toEqual([service, user]);
      }
    }
  });

  it('lets the service out to its payment provider, and nobody else', async () => {
    const serve = 'require("http").createServer((request, answer) => answer.end("paid")).listen(8080)';
    const network = `${PROJECT}_egress`;
    const provider = await podman('run', '--detach', '--network', network, 'flash-sale-checkout', 'node', '-e', serve);
    const address = await podman(
      ...['inspect', '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, provider],
    );
    const ask = `fetch("http://${address}:8080").then((answer) => answer.text()).then(console.log)`;
    await eventually(async () => expect(await project.exec('app', 'node', '-e', ask)).toBe('paid'), 20_000);
    for (const service of ['database', 'redis']) {
      const connect = `timeout 2 bash -c 'echo > /dev/tcp/${address}/8080'`;
      await expect(project.exec(service, 'sh', '-c', connect)).rejects.toThrow();
    }
    await podman('rm', '--force', '--time', '0', provider);
  });

  it('has ways in for operators: the port of the machine itself, and the CLI', async () => {
    expect((await send('GET', '/api/admin/refunds')).status).toBe(404);
    expect((await sendAsOperator('GET', '/metrics')).status).toBe(200);
    const published = await podman('port', (await project.containers('balancer'))[0]!);
    expect(published).toMatch(new RegExp(`^8081/tcp -> 127\\.0\\.0\\.1:${ports.operators}$`, 'm'));
    const watch = new ArgumentWatch();
    const output = await project.shell(OPERATE).finally(() => watch.stop());
    expect([...watch.seen].join('\n')).not.toContain(secret('admin_token'));
    expect(output).toMatch(/^\{"items":\[\]/);
    expect(output).toMatch(/No drift in 0 products/);
    // For Prometheus, on the inner network, the name leads to all of them.
    expect(await project.exec('database', 'sh', '-c', 'getent ahostsv4 app | grep -c STREAM')).toBe(String(REPLICAS));
  });

  it('has its database backed up and restored in its container', async () => {
    const wanted = { name: 'A backup', price: '9.99', stock_total: 5 };
    const before = await createProduct(wanted);
    await project.shell(BACKUP);
    expect(statSync(join(project.folder, 'checkout.sql.gz')).mode & 0o777).toBe(0o600);
    const after = await createProduct(wanted);
    expect(await project.shell(RESTORE)).toContain('checkout is as it was');
    await eventually(async () => expect((await send('GET', '/health/ready')).status).toBe(200), 60_000);
    expect((await send('GET', `/api/products/${before}`)).status).toBe(200);
    expect((await send('GET', `/api/products/${after}`)).status).toBe(404);
  });

  it('sends those who come without TLS to where it is', async () => {
    const plain = await sendRaw('GET', '/api/products', undefined, { port: ports.http });
    expect([plain.status, plain.headers.location]).toEqual([308, 'https://127.0.0.1/api/products']);
  });

  it('loses nothing that was acknowledged while each container is restarted under load', async () => {
    const product = await createProduct({ name: 'A rush', price: '99.99', stock_total: 1_000_000 });
    rush = new Rush(send, product, secret('webhook_secrets'));
    await rush.more(50);
    await project.shell(RESTART);
    await rush.more(50);
    for (const service of ['redis', 'balancer', 'database']) {
      const [id] = await project.containers(service);
      await project.restart(id!);
      await rush.more(50);
    }
    await expectNothingLost(project, query, await rush.stop());
  });
});
