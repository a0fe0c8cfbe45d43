import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { startDatabase } from '../../scripts/servers.mjs';
import { migrate } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { redisTls } from '../../src/config/tls.js';
import { withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createHold, createPaidOrder, createProduct } from '../support/factories.js';
import { startService } from '../support/service.js';

const dir = mkdtempSync(join(tmpdir(), 'connections-'));
const path = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];

/** Signs a certificate for a host as server.pem. */
function signCertificate(host: string): void {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    `/CN=${host}`,
  );
  writeFileSync(path('names'), `subjectAltName=DNS:${host}`);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...authority, '-days', '2', '-extfile', 'names');
}

function makeCertificates(): void {
  openssl('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  openssl('req', '-x509', ...NEW_KEY, '-keyout', 'other.key', '-out', 'other.pem', '-subj', '/CN=Another authority');
  signCertificate('localhost');
}

beforeAll(makeCertificates);

describe('Redis with TLS', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    // Ends the encryption in front of the Redis of the tests.
    server = createServer(
      { key: readFileSync(path('server.key')), cert: readFileSync(path('server.pem')) },
      (socket) => {
        const behind = connect(Number(process.env.REDIS_PORT), process.env.REDIS_HOST);
        socket.on('error', () => behind.destroy()).pipe(behind);
        behind.on('error', () => socket.destroy()).pipe(socket);
      },
    );
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.close();
  });

  const settings = () => ({ REDIS_HOST: 'localhost', REDIS_PORT: String(port), REDIS_TLS: 'true' });

  it('is used when the authority has signed its certificate', async () => {
    const service = await startService({ ...settings(), REDIS_TLS_CA_FILE: path('ca.pem') });
    await eventually(async () => expect((await service.call('GET', '/health/ready')).body.redis).toBe('up'));
    await service.stop();
  });

  it('is not believed when another has', async () => {
    const { redis } = loadConfig({ ...process.env, ...settings(), REDIS_TLS_CA_FILE: path('other.pem') });
    const client = new Redis({
      host: redis.host,
      port: redis.port,
      ...redisTls(redis),
      lazyConnect: true,
      retryStrategy: null,
    });
    const failed = new Promise<Error>((resolve) => client.once('error', resolve));
    await client.connect().catch(() => undefined);
    expect((await failed).message).toMatch(/certificate|issuer|self.signed/i);
    client.disconnect();
  });
});

describe('the database with TLS', () => {
  let database: Awaited<ReturnType<typeof startDatabase>>;
  beforeAll(async () => {
    const flags = [`--ssl-ca=${path('ca.pem')}`, `--ssl-cert=${path('server.pem')}`, `--ssl-key=${path('server.key')}`];
    database = await startDatabase({
      dir: path('database'),
      flags: [...flags, '--require-secure-transport=ON'],
      log: () => undefined,
    });
  });
  afterAll(() => database.stop());

  const settings = () => ({
    DB_HOST: 'localhost',
    DB_PORT: String(database.port),
    DB_USERNAME: database.username,
    DB_PASSWORD: database.password,
    DB_TLS: 'true',
  });

  it('is migrated and used when the authority has signed its certificate', async () => {
    const env = { ...settings(), DB_TLS_CA_FILE: path('ca.pem') };
    await migrate(loadConfig({ ...process.env, ...env }));
    const service = await startService(env);
    expect((await createHold(service)).status).toBe('active');
    await service.stop();
  });

  it('is reached by the scripts of deploy/database, too, which believe as little', () => {
    const runWith = (env: NodeJS.ProcessEnv) => {
      const script = join(import.meta.dirname, '../../deploy/database/sql.sh');
      const options = { env: { ...process.env, ...settings(), ...env }, encoding: 'utf8' } as const;
      return spawnSync('sh', [script, '-e', 'SELECT 1'], options);
    };
    expect(runWith({ DB_TLS_CA_FILE: path('ca.pem') })).toMatchObject({ status: 0, stdout: '1\n' });
    // Without a file it is the machine's own authorities that are believed.
    for (const env of [{}, { DB_TLS_CA_FILE: path('other.pem') }]) {
      expect(runWith(env)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^(?!.*certificate is required).*certificate/is),
      });
    }
    expect(runWith({ DB_TLS_CA: readFileSync(path('ca.pem'), 'utf8') })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('set DB_TLS_CA_FILE in place of DB_TLS_CA'),
    });
    // Not told of a server, they go to none: by its own defaults a client would go to the machine's.
    expect(runWith({ DB_HOST: '' })).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^.*DB_HOST: is not set\n$/),
    });
  });

  it('is not believed when another authority has signed it', async () => {
    const config = loadConfig({ ...process.env, ...settings(), DB_TLS_CA_FILE: path('other.pem') });
    await expect(migrate(config)).rejects.toThrow(/certificate|issuer|self.signed/i);
  });

  it('is not believed when its certificate is of another host', async () => {
    signCertificate('elsewhere.example');
    const { host, port, username: user, password } = database;
    const connection = await createConnection({ host, port, user, password, ssl: { rejectUnauthorized: false } });
    await connection.query(database.engine === 'mariadb' ? 'FLUSH SSL' : 'ALTER INSTANCE RELOAD TLS');
    await connection.end();
    const config = loadConfig({ ...process.env, ...settings(), DB_TLS_CA_FILE: path('ca.pem') });
    await expect(migrate(config)).rejects.toThrow(/altnames|Hostname/i);
  });
});

describe('the database users', () => {
  const PASSWORDS = {
    db_app_password: "app's \\ password",
    db_migrate_password: 'migrate-pw',
    db_backup_password: 'backup-pw',
  };
  const NAME = `${process.env.DB_DATABASE}_users`;
  const envOf = (user: string, password: string) => ({
    ...process.env,
    DB_DATABASE: NAME,
    DB_USERNAME: user,
    DB_PASSWORD: password,
  });
  const USERS = ['checkout_app', 'checkout_migrate', 'checkout_backup'];

  beforeAll(async () => {
    for (const [name, password] of Object.entries(PASSWORDS)) writeFileSync(path(name), `${password}\n`);
    const script = join(import.meta.dirname, '../../deploy/database/create-users.sh');
    const statements = execFileSync('sh', [script, NAME, dir], { encoding: 'utf8' });
    await withConnection(async (connection) => {
      await connection.query(`DROP DATABASE IF EXISTS ${NAME}`);
      // The driver sends one statement at a time; a second run changes nothing.
      for (const statement of [...statements.split('\n'), ...statements.split('\n')].filter((line) => line !== '')) {
        await connection.query(statement);
      }
    });
  });
  afterAll(() =>
    withConnection(async (connection) => {
      for (const user of USERS) await connection.query(`DROP USER ${user}`);
      await connection.query(`DROP DATABASE IF EXISTS ${NAME}`);
    }),
  );

  /** Runs one statement as a user and returns what the server says against it. */
  async function refusalOf(user: string, password: string, statement: string): Promise<string | null> {
    const { database } = loadConfig(envOf(user, password));
    const connection = await createConnection({
      host: database.host,
      port: database.port,
      user,
      password,
      database: database.name,
    });
    try {
      await connection.query(statement);
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await connection.end();
    }
  }

  it('can do their work, and nothing else', async () => {
    await migrate(loadConfig(envOf('checkout_migrate', PASSWORDS.db_migrate_password)));
    const service = await startService({
      DB_DATABASE: NAME,
      DB_USERNAME: 'checkout_app',
      DB_PASSWORD: PASSWORDS.db_app_password,
    });
    const { id } = await createProduct(service);
    await createPaidOrder(service, { product_id: id });
    await service.stop();

    const app = (statement: string) => refusalOf('checkout_app', PASSWORDS.db_app_password, statement);
    for (const statement of [
      'DROP TABLE holds',
      'ALTER TABLE holds ADD x INT',
      'CREATE TABLE x (id INT)',
      'TRUNCATE holds',
    ]) {
      expect(await app(statement)).toBe('ER_TABLEACCESS_DENIED_ERROR');
    }
    expect(await app('SELECT * FROM mysql.user')).toBe('ER_TABLEACCESS_DENIED_ERROR');
    const backup = (statement: string) => refusalOf('checkout_backup', PASSWORDS.db_backup_password, statement);
    expect(await backup('SELECT * FROM holds')).toBeNull();
    expect(await backup('DELETE FROM holds')).toBe('ER_TABLEACCESS_DENIED_ERROR');
  });

  it('can make a backup and restore it', () => {
    const scripts = join(import.meta.dirname, '../../deploy/database');
    const run = (script: string, user: string, secret: string, ...args: string[]) =>
      execFileSync('sh', [join(scripts, script), ...args], {
        env: { ...process.env, DB_DATABASE: NAME, DB_USERNAME: user, DB_PASSWORD: '', DB_PASSWORD_FILE: path(secret) },
        encoding: 'utf8',
      });
    expect(run('backup.sh', 'checkout_backup', 'db_backup_password', path('all.sql.gz'))).toContain('The backup is in');
    expect(run('restore.sh', 'checkout_migrate', 'db_migrate_password', '--replace', path('all.sql.gz'))).toContain(
      'as it was',
    );
  });
});
