import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { sendRaw } from '../support/raw-requests.js';
import { expectNothingLost, type Query } from './support/expectations.js';
import { podman, Project } from './support/project.js';
import { Rush, type Send } from './support/rush.js';

const SETTINGS = {
  DB_PASSWORD: 'the-database-password',
  ADMIN_TOKEN: 'the-admin-token-of-the-containers-test',
  WEBHOOK_SECRETS: 'the-webhook-secret-of-the-containers-test',
  RATE_LIMIT_PER_MINUTE: '0',
  HOLD_TTL_SECONDS: '77',
};
const COMMIT = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();

const envFile = (settings: Record<string, string>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

let project: Project;
let rush: Rush | undefined;
let port: number;
const send: Send = (method, path, body, headers) => sendRaw(method, path, body, { port, headers });
const query: Query = async (sql) => {
  const command = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -N --host=127.0.0.1 --user=root checkout';
  const answer = await project.exec('database', 'sh', '-c', `${command} -e "${sql}"`);
  return answer.split('\n').filter(Boolean);
};

beforeAll(async () => {
  port = await freePort();
  project = new Project('checkout-test', 'docker-compose.yml', {
    APP_PUBLISHED_PORT: String(port),
    DB_PUBLISHED_PORT: String(await freePort()),
    REDIS_PUBLISHED_PORT: String(await freePort()),
  });
  project.write('.env', envFile(SETTINGS));
});

afterAll(async () => {
  // One that failed would go on for ever.
  await rush?.stop();
  await project.down();
});

describe('docker-compose.yml', () => {
  it.each(['DB_PASSWORD', 'ADMIN_TOKEN', 'WEBHOOK_SECRETS'])('says in one line that %s is missing', async (name) => {
    const { [name]: _missing, ...others } = SETTINGS as Record<string, string>;
    project.write('.env', envFile(others));
    const { stderr } = (await project.compose('up').catch((error: unknown) => error)) as { stderr: string };
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => line.includes(name)),
    ).toEqual([expect.stringMatching(new RegExp(`put .*${name}.* into \\.env first`))]);
    project.write('.env', envFile(SETTINGS));
    expect(await podman('ps', '--all', '--quiet')).toBe('');
  });

  it('starts, and tells the commit of which the image was built', async () => {
    await project.shell('docker compose up --build --detach');
    await eventually(async () => expect((await send('GET', '/health/ready')).status).toBe(200), 60_000);
    expect((await send('GET', '/health/startup')).body).toMatchObject({ commit: COMMIT });
  });

  it('runs an image that says what it is, has no tools in it, and is run by a user without rights', async () => {
    const [image] = JSON.parse(await podman('image', 'inspect', 'flash-sale-checkout')) as [
      { Size: number; Config: { Labels: Record<string, string>; User: string } },
    ];
    expect(image.Config.User).toBe('node');
    expect(image.Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'flash-sale-checkout',
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.revision': COMMIT,
    });
    const [base] = JSON.parse(await podman('image', 'inspect', 'node:26-slim')) as [{ Size: number }];
    expect((image.Size - base.Size) / 1e6).toBeLessThan(120);
    const tools = ['jest', 'typescript', '@nestjs/cli', 'eslint', 'supertest'];
    const folders = (await project.exec('app', 'sh', '-c', 'ls node_modules node_modules/@nestjs')).split('\n');
    expect(tools.filter((tool) => folders.includes(tool.split('/').at(-1)!))).toEqual([]);
    const processes = await podman('top', (await project.containers('app'))[0]!, 'user', 'args');
    expect(processes).toMatch(
      /^node +node --max-semi-space-size=64 --no-allocation-site-pretenuring dist\/src\/main\.js *$/m,
    );
    await expect(project.exec('app', 'sh', '-c', 'echo > dist/src/main.js')).rejects.toThrow(/Permission denied/);
  });

  it('gives the service what else is in .env', async () => {
    expect(await project.exec('app', 'printenv', 'HOLD_TTL_SECONDS')).toBe('77');
  });

  it('loses nothing that was acknowledged while each container is restarted under load', async () => {
    const { ADMIN_TOKEN, WEBHOOK_SECRETS } = SETTINGS;
    const product = await send(
      'POST',
      '/api/admin/products',
      { name: 'A rush', price: '99.99', stock_total: 1_000_000 },
      { authorization: `Bearer ${ADMIN_TOKEN}` },
    );
    expect(product.status).toBe(201);
    rush = new Rush(send, product.body.id as number, WEBHOOK_SECRETS);
    await rush.more(50);
    for (const service of ['app', 'redis', 'database']) {
      const [id] = await project.containers(service);
      await project.restart(id!);
      await rush.more(50);
    }
    await expectNothingLost(project, query, await rush.stop());
  });
});
