import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/env-reader.js';

const REQUIRED = { DB_HOST: 'db.example', REDIS_HOST: 'redis.example' };
const PRODUCTION = { APP_ENV: 'production', WEBHOOK_SECRETS: 'a-secret' };

/** The variables that a refused start names. */
function namedIn(env: Record<string, string>): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.split(' ')[0]!);
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('needs nothing but the hosts, and gives every setting its documented default', () => {
    expect(loadConfig(REQUIRED)).toMatchObject({
      appEnv: 'local',
      logLevel: 'info',
      http: { host: '127.0.0.1', port: 3000, requestTimeoutMs: 10_000, rateLimitPerMinute: 0 },
      database: { host: 'db.example', port: 3306, name: 'checkout', username: 'root', password: '' },
      redis: { host: 'redis.example', port: 6379, password: '', database: 0 },
      holds: { ttlSeconds: 120, quantityMax: 10 },
      orders: { paymentTtlSeconds: 900 },
      webhookSecrets: [],
    });
  });

  it('refuses limits that no timer can wait for, and dates that never come', () => {
    const limits = [
      'HTTP_REQUEST_TIMEOUT_MS',
      'HTTP_KEEP_ALIVE_MS',
      'DB_STATEMENT_TIMEOUT_MS',
      'REDIS_COMMAND_TIMEOUT_MS',
      'SHUTDOWN_TIMEOUT_MS',
    ];
    for (const name of limits) expect(namedIn({ ...REQUIRED, [name]: '2147483648' })).toEqual([name]);
    expect(namedIn({ ...REQUIRED, RETENTION_CRON: '0 0 0 30 2 *' })).toEqual(['RETENTION_CRON']);
    expect(namedIn({ ...REQUIRED, RETENTION_CRON: '0 0 0 29 2 *' })).toEqual([]);
  });

  it('refuses a currency whose amounts the columns can not keep, and says why', () => {
    for (const CURRENCY of ['EUR', 'JPY', 'KWD']) expect(namedIn({ ...REQUIRED, CURRENCY })).toEqual([]);
    expect(() => loadConfig({ ...REQUIRED, CURRENCY: 'CLF' })).toThrow(
      'CURRENCY is CLF, which has 4 decimals, and amounts are kept with 3 at most',
    );
  });

  it('names every variable that is wrong, not only the first', () => {
    const wrong = { ...REQUIRED, PORT: 'http', HOLD_TTL_SECONDS: '0', APP_ENV: 'staging', DB_POOL_SIZE: '1.5' };
    expect(namedIn(wrong).sort()).toEqual(['APP_ENV', 'DB_POOL_SIZE', 'HOLD_TTL_SECONDS', 'PORT']);
  });

  it('names both hosts when neither is set', () => {
    expect(namedIn({})).toEqual(['DB_HOST', 'REDIS_HOST']);
  });

  it('takes sentinels in place of the host of Redis', () => {
    const { sentinels } = loadConfig({
      DB_HOST: 'db.example',
      REDIS_SENTINELS: 'one.example, two.example:5000,[::1]:26380,192.0.2.1',
    }).redis;
    expect(sentinels).toEqual([
      { host: 'one.example', port: 26_379 },
      { host: 'two.example', port: 5000 },
      { host: '::1', port: 26_380 },
      { host: '192.0.2.1', port: 26_379 },
    ]);
  });

  it.each(['one:0', 'one:65536', 'one:', ':1', 'redis://one', '::1', 'one two'])(
    'refuses REDIS_SENTINELS=%s',
    (value) => {
      expect(namedIn({ ...REQUIRED, REDIS_SENTINELS: value })).toEqual(['REDIS_SENTINELS']);
    },
  );

  it.each(['-1', '65536', '3e3', '0x10', '12 12', '1.0', 'NaN', '99999999999999999999'])(
    'refuses PORT=%s instead of guessing',
    (port) => {
      expect(namedIn({ ...REQUIRED, PORT: port })).toEqual(['PORT']);
    },
  );

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318?key=x'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'the-key-alone'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key=%E0%A4%A'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', '1%'],
  ])('refuses %s=%s, and prints no key', (name, value) => {
    const env = { ...REQUIRED, [name]: value };
    expect(namedIn(env)).toEqual([name]);
    expect(() => loadConfig(env)).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching(/the-key-alone|%E0/) }),
    );
  });

  it('takes the settings of tracing as OpenTelemetry names them', () => {
    const { tracing } = loadConfig({
      ...REQUIRED,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otlp/',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, tenant=shop',
      OTEL_SERVICE_NAME: 'checkout-eu',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '.01',
    });
    expect(tracing).toMatchObject({ serviceName: 'checkout-eu', sampler: 'parentbased_traceidratio', ratio: 0.01 });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...REQUIRED, PORT: '  ', LOG_LEVEL: '' })).toMatchObject({
      http: { port: 3000 },
      logLevel: 'info',
    });
  });

  it('can not be changed after it was made, at any depth', () => {
    const config = loadConfig(REQUIRED);
    expect(() => Object.assign(config.holds, { ttlSeconds: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config, { adminToken: 'x' })).toThrow(TypeError);
    expect(config.holds.ttlSeconds).toBe(120);
  });

  it('listens on all interfaces and limits the rate only in production', () => {
    expect(loadConfig({ ...REQUIRED, ...PRODUCTION })).toMatchObject({
      http: { host: '0.0.0.0', rateLimitPerMinute: 600 },
    });
  });

  it.each([undefined, '', '  ', ' , '])('refuses to start in production with WEBHOOK_SECRETS %j', (secrets) => {
    expect(() => loadConfig({ ...REQUIRED, ...PRODUCTION, WEBHOOK_SECRETS: secrets })).toThrow(
      /WEBHOOK_SECRETS is not set/,
    );
    expect(loadConfig({ ...REQUIRED, WEBHOOK_SECRETS: secrets }).webhookSecrets).toEqual([]);
  });

  it('starts in production with the secrets of any one provider', () => {
    const config = loadConfig({ ...REQUIRED, APP_ENV: 'production', STRIPE_WEBHOOK_SECRETS: 'one,other' });
    expect(config.payments.stripe.webhookSecrets).toEqual(['one', 'other']);
  });

  it.each([
    [{}, true],
    [{ HOST: '::1' }, true],
    [{ HOST: 'localhost' }, true],
    [{ HOST: '127.0.0.9' }, true],
    [{ WEBHOOK_SECRETS: 'a' }, false],
    [{ STRIPE_WEBHOOK_SECRETS: 'a' }, false],
    [PRODUCTION, false],
  ])('with %j, says of notices that nobody signed whether they are taken: %s', (env, isTaken) => {
    expect(loadConfig({ ...REQUIRED, ...env }).takesUnsignedNotices).toBe(isTaken);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'checkout.example', '127.example'])(
    'refuses to listen at %s without secrets, whatever the environment is called',
    (HOST) => {
      expect(namedIn({ ...REQUIRED, HOST })).toEqual(['WEBHOOK_SECRETS']);
      expect(namedIn({ ...REQUIRED, HOST, APP_ENV: 'test' })).toEqual(['WEBHOOK_SECRETS']);
      expect(namedIn({ ...REQUIRED, HOST, STRIPE_WEBHOOK_SECRETS: 'a-secret' })).toEqual([]);
      expect(namedIn({ ...REQUIRED, HOST, WEBHOOK_SECRETS: 'a-secret', ADMIN_TOKEN: 'short' })).toEqual([
        'ADMIN_TOKEN',
      ]);
    },
  );

  it.each([
    'a',
    'x'.repeat(31),
    'x'.repeat(64),
    'abcabcabcabcabcabcabcabcabcabcabcabc',
    '<token of the admin calls, 32 characters or more>',
  ])('refuses ADMIN_TOKEN=%s in production, where it could be guessed, and does not print it', (token) => {
    const env = { ...REQUIRED, ...PRODUCTION, ADMIN_TOKEN: token };
    expect(namedIn(env)).toEqual(['ADMIN_TOKEN']);
    expect(() => loadConfig(env)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(` ${token} `) }),
    );
  });

  it('takes a random token in production, and any on a local start', () => {
    const token = randomBytes(16).toString('hex');
    expect(loadConfig({ ...REQUIRED, ...PRODUCTION, ADMIN_TOKEN: token }).adminToken).toBe(token);
    expect(loadConfig({ ...REQUIRED, ADMIN_TOKEN: 'mine' }).adminToken).toBe('mine');
  });

  it('refuses an admin token that looks like an API key, wherever it is', () => {
    const token = `fsk_${randomBytes(16).toString('hex')}`;
    expect(namedIn({ ...REQUIRED, ADMIN_TOKEN: token })).toEqual(['ADMIN_TOKEN']);
    expect(namedIn({ ...REQUIRED, ...PRODUCTION, ADMIN_TOKEN: token })).toEqual(['ADMIN_TOKEN']);
  });

  it('refuses plain http to Stripe in production, where it would show the key', () => {
    const env = { ...REQUIRED, ...PRODUCTION };
    expect(namedIn({ ...env, STRIPE_API_BASE: 'http://stripe.example' })).toEqual(['STRIPE_API_BASE']);
    expect(namedIn({ ...env, STRIPE_API_BASE: 'https://stripe.example' })).toEqual([]);
    expect(namedIn({ ...REQUIRED, STRIPE_API_BASE: 'http://127.0.0.1:1' })).toEqual([]);
  });

  it('refuses the provider that moves no money in production', () => {
    const env = { ...REQUIRED, SIMULATED_WEBHOOK_SECRETS: 'a-secret' };
    expect(loadConfig(env).payments.simulated.webhookSecrets).toEqual(['a-secret']);
    expect(namedIn({ ...env, ...PRODUCTION })).toEqual(['SIMULATED_WEBHOOK_SECRETS']);
    expect(() => loadConfig({ ...env, ...PRODUCTION })).toThrow(/it moves no money, and in production/);
  });

  it.each([
    { CURRENCY: 'eur' },
    { PAYMENT_FAILED_POLICY: 'refund' },
    { WEBHOOK_UNMATCHED_AFTER_SECONDS: '0' },
    { PUBLIC_ORIGIN: 'https://checkout.example/shop' },
    { STRIPE_API_BASE: 'https://api.stripe.com/v1' },
  ])('refuses to start with %j', (wrong) => {
    expect(() => loadConfig({ ...REQUIRED, ...wrong })).toThrow(new RegExp(Object.keys(wrong)[0]!));
  });

  it('makes up an admin token on a local start only', () => {
    const [one, other] = [loadConfig(REQUIRED).adminToken, loadConfig(REQUIRED).adminToken];
    expect(one.length).toBeGreaterThanOrEqual(32);
    expect(one).not.toBe(other);
    expect(loadConfig({ ...REQUIRED, ...PRODUCTION }).adminToken).toBe('');
    expect(loadConfig({ ...REQUIRED, ADMIN_TOKEN: 'mine' }).adminToken).toBe('mine');
  });

  it('reads secrets from files, and splits lists at commas', () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const path = join(dir, 'secret');
      writeFileSync(path, ' from-a-file\n');
      const config = loadConfig({ ...REQUIRED, DB_PASSWORD_FILE: path, WEBHOOK_SECRETS: 'new, old,,' });
      expect(config.database.password).toBe('from-a-file');
      expect(config.webhookSecrets).toEqual(['new', 'old']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('refuses a secret file with nothing in it, or none, where one was to be read', () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const path = join(dir, 'empty');
      writeFileSync(path, ' \n');
      expect(namedIn({ ...REQUIRED, STRIPE_API_KEY_FILE: path })).toEqual(['STRIPE_API_KEY_FILE']);
      expect(namedIn({ ...REQUIRED, STRIPE_WEBHOOK_SECRETS_FILE: '' })).toEqual(['STRIPE_WEBHOOK_SECRETS_FILE']);
      expect(namedIn({ ...REQUIRED, STRIPE_WEBHOOK_SECRETS: '' })).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('names the variable of a secret file that can not be read, and not its path', () => {
    const env = { ...REQUIRED, ADMIN_TOKEN_FILE: '/nowhere/secret' };
    expect(namedIn(env)).toEqual(['ADMIN_TOKEN_FILE']);
    expect(() => loadConfig(env)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('/nowhere') }),
    );
  });
});
