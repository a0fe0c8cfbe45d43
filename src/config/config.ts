import { randomBytes } from 'node:crypto';
import { isLoopback } from '../common/is-loopback.js';
import { DECIMALS_MAX, decimalsOf } from '../common/money.js';
import { EnvReader } from './env-reader.js';

/** Characters that a token needs for nobody to guess it. */
const ADMIN_TOKEN_LENGTH_MIN = 32;

/** What all API keys begin with, so that they are told from any other token at sight; the admin token may not. */
export const API_KEY_PREFIX = 'fsk_';

/** Injection token of the validated {@link Config}. */
export const CONFIG = Symbol('CONFIG');

/** The service's settings: nested, read-only, each field documented with its unit in `.env.example`. */
export type Config = ReturnType<typeof loadConfig>;

/**
 * Validates the environment once, before the application is built.
 *
 * @throws ConfigError naming every variable that is wrong or missing.
 */
export function loadConfig(source: Readonly<Record<string, string | undefined>>) {
  const env = new EnvReader(source);
  const appEnv = env.oneOf('APP_ENV', ['local', 'test', 'production'], 'local');
  const isLocal = appEnv !== 'production';
  const config = {
    appEnv,
    logLevel: env.oneOf('LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'info'),
    http: {
      host: env.string('HOST', isLocal ? '127.0.0.1' : '0.0.0.0'),
      port: env.integer('PORT', 3000, { max: 65_535 }),
      requestTimeoutMs: env.milliseconds('HTTP_REQUEST_TIMEOUT_MS', 10_000, { min: 100 }),
      rateLimitPerMinute: env.integer('RATE_LIMIT_PER_MINUTE', isLocal ? 0 : 600),
      /** Of one API key that makes buyers' calls, in place of the limit on its address. */
      keyRateLimitPerMinute: env.integer('KEY_RATE_LIMIT_PER_MINUTE', isLocal ? 0 : 60_000),
      /** How long a connection may be idle between two requests. */
      keepAliveMs: env.milliseconds('HTTP_KEEP_ALIVE_MS', 72_000, { min: 1000 }),
      connectionsMax: env.integer('HTTP_CONNECTIONS_MAX', 16_384, { min: 1 }),
      /** Streams that are open at once, of all clients and of one; 0: of one as many as of all. */
      streamsMax: env.integer('HTTP_STREAMS_MAX', 8192, { max: 1_000_000 }),
      streamsPerClientMax: env.integer('HTTP_STREAMS_PER_CLIENT_MAX', isLocal ? 0 : 256),
      trustedProxies: env.addresses('TRUSTED_PROXIES'),
      corsOrigins: env.origins('CORS_ORIGINS'),
      /** Where buyers reach the service; empty where they reach it as this machine does. */
      publicOrigin: env.matching(
        'PUBLIC_ORIGIN',
        /^(https?:\/\/[^/\s*]+)?$/,
        '',
        'an origin such as https://checkout.example',
      ),
    },
    metrics: {
      isEnabled: env.boolean('METRICS_ENABLED', true),
      productsMax: env.integer('METRICS_PRODUCTS_MAX', 50, { max: 1000 }),
    },
    tracing: {
      /** Of an OTLP collector; empty: there is no tracing. */
      endpoint: env.matching(
        'OTEL_EXPORTER_OTLP_ENDPOINT',
        /^$|^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
        '',
        'the address of a collector that takes OTLP over HTTP, such as http://localhost:4318',
      ),
      protocol: env.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf'], 'http/protobuf'),
      headers: env.secret('OTEL_EXPORTER_OTLP_HEADERS'),
      serviceName: env.string('OTEL_SERVICE_NAME', 'flash-sale-checkout'),
      sampler: env.oneOf(
        'OTEL_TRACES_SAMPLER',
        [
          'always_on',
          'always_off',
          'traceidratio',
          'parentbased_always_on',
          'parentbased_always_off',
          'parentbased_traceidratio',
        ],
        'parentbased_always_on',
      ),
      /** The share of traces that is recorded, where the sampler goes by one. */
      ratio: Number(
        env.matching('OTEL_TRACES_SAMPLER_ARG', /^(0|1|0?\.\d+|[01]\.0+)$/, '1', 'a share from 0 to 1, such as 0.01'),
      ),
    },
    database: {
      host: env.string('DB_HOST', ''),
      port: env.integer('DB_PORT', 3306, { min: 1, max: 65_535 }),
      name: env.string('DB_DATABASE', 'checkout'),
      username: env.string('DB_USERNAME', 'root'),
      password: env.secret('DB_PASSWORD'),
      poolSize: env.integer('DB_POOL_SIZE', 10, { min: 2, max: 1000 }),
      statementTimeoutMs: env.milliseconds('DB_STATEMENT_TIMEOUT_MS', 3000, { min: 100 }),
      isEncrypted: env.boolean('DB_TLS', false),
      /** PEM; empty for the certificate authorities that Node.js knows. */
      tlsCa: env.secret('DB_TLS_CA'),
    },
    redis: {
      host: env.string('REDIS_HOST', ''),
      port: env.integer('REDIS_PORT', 6379, { min: 1, max: 65_535 }),
      /** Who knows which server is the master; none for the one server of `host` and `port`. */
      sentinels: env.servers('REDIS_SENTINELS', 26_379),
      sentinelMaster: env.string('REDIS_SENTINEL_MASTER', 'mymaster'),
      sentinelPassword: env.secret('REDIS_SENTINEL_PASSWORD'),
      password: env.secret('REDIS_PASSWORD'),
      database: env.integer('REDIS_DATABASE', 0, { max: 1023 }),
      commandTimeoutMs: env.milliseconds('REDIS_COMMAND_TIMEOUT_MS', 250, { min: 10 }),
      isEncrypted: env.boolean('REDIS_TLS', false),
      tlsCa: env.secret('REDIS_TLS_CA'),
    },
    holds: {
      ttlSeconds: env.integer('HOLD_TTL_SECONDS', 120, { min: 1, max: 86_400 }),
      quantityMax: env.integer('HOLD_QUANTITY_MAX', 10, { min: 1, max: 1000 }),
      /** How often a hold may be extended. */
      extensions: env.integer('HOLD_EXTENSIONS', 1, { max: 10 }),
    },
    buyers: {
      /** Whether the shop's tokens for its customers are looked at, and whether a hold needs one. */
      tokens: env.oneOf('BUYER_TOKENS', ['off', 'optional', 'required'], 'off'),
      /** Of a JWK set with the keys that the shop signs with; read again when it changes. */
      jwksFile: env.string('BUYER_TOKEN_JWKS_FILE', ''),
      /** What the claims `iss` and `aud` must say; empty where they may say anything. */
      issuer: env.string('BUYER_TOKEN_ISSUER', ''),
      audience: env.string('BUYER_TOKEN_AUDIENCE', ''),
    },
    orders: {
      paymentTtlSeconds: env.integer('ORDER_PAYMENT_TTL_SECONDS', 900, { min: 1, max: 2_592_000 }),
      /** How long a payment that takes days keeps its order; 0: not at all. */
      processingSeconds: env.integer('PROCESSING_SECONDS', 0, { max: 2_592_000 }),
    },
    payments: {
      currency: env.matching('CURRENCY', /^[A-Z]{3}$/, 'EUR', 'an ISO 4217 code such as EUR'),
      /** What a failed payment does with the units: free them at once, or keep them until the deadline for another try. */
      failedPolicy: env.oneOf('PAYMENT_FAILED_POLICY', ['release', 'keep'], 'release'),
      /** How long before its order a payment event may come, in seconds; to one that is made later it does nothing. */
      earlySeconds: env.integer('WEBHOOK_EARLY_SECONDS', isLocal ? 3600 : 5, { min: 1, max: 31_536_000 }),
      /** How long money that a person has to look at keeps its order from the payment deadline. */
      reviewSeconds: env.integer('REVIEW_SECONDS', 86_400, { max: 2_592_000 }),
      /** How long a payment event waits for its order before it is listed as unmatched. */
      unmatchedAfterSeconds: env.integer('WEBHOOK_UNMATCHED_AFTER_SECONDS', 86_400, { min: 1, max: 31_536_000 }),
      /** Where a provider's page may send buyers afterwards. */
      returnOrigins: env.origins('PAYMENT_RETURN_ORIGINS'),
      stripe: {
        apiKey: env.secret('STRIPE_API_KEY'),
        apiBase: env.matching(
          'STRIPE_API_BASE',
          isLocal ? /^https?:\/\/[^/]+$/ : /^https:\/\/[^/]+$/,
          'https://api.stripe.com',
          'an address such as https://host:port; plain http, which shows the key, is for tests',
        ),
        webhookSecrets: env.secretList('STRIPE_WEBHOOK_SECRETS'),
      },
      /** Of the provider that moves no money, which is there only where it has one. */
      simulated: { webhookSecrets: env.secretList('SIMULATED_WEBHOOK_SECRETS') },
    },
    deliveries: {
      /** Whether events may be sent to this machine and to private networks, and without TLS. */
      isPrivateAllowed: env.boolean('WEBHOOK_ENDPOINTS_PRIVATE', isLocal),
    },
    groupCommit: {
      batchSizeMax: env.integer('GROUP_COMMIT_BATCH_MAX', 128, { min: 1, max: 5000 }),
      waitingMax: env.integer('GROUP_COMMIT_WAITING_MAX', 10_000, { min: 1 }),
      deadlineMs: env.milliseconds('GROUP_COMMIT_DEADLINE_MS', 5000, { min: 100, max: 600_000 }),
    },
    /** What this process does besides being built: answer requests, work on queued jobs, start the scheduled work. */
    roles: env.someOf('ROLES', ['api', 'worker', 'scheduler']),
    schedules: {
      expiry: env.cron('EXPIRY_CRON', '* * * * * *'),
      paymentDeadline: env.cron('PAYMENT_DEADLINE_CRON', '*/2 * * * * *'),
      paymentSessions: env.cron('PAYMENT_SESSIONS_CRON', '* * * * * *'),
      reconciliation: env.cron('RECONCILIATION_CRON', '*/10 * * * * *'),
      outsideRefunds: env.cron('OUTSIDE_REFUNDS_CRON', '*/10 * * * * *'),
      deliveries: env.cron('DELIVERIES_CRON', '* * * * * *'),
      saleEdges: env.cron('SALE_EDGES_CRON', '* * * * * *'),
      availability: env.cron('AVAILABILITY_CRON', '* * * * * *'),
      stockAudit: env.cron('STOCK_AUDIT_CRON', '30 * * * * *'),
      retention: env.cron('RETENTION_CRON', '0 */10 * * * *'),
    },
    retention: {
      holdsDays: env.integer('RETENTION_HOLDS_DAYS', 90, { min: 1, max: 36_500 }),
      webhookLogsDays: env.integer('RETENTION_WEBHOOK_LOGS_DAYS', 90, { min: 1, max: 36_500 }),
      eventsDays: env.integer('RETENTION_EVENTS_DAYS', 90, { min: 1, max: 36_500 }),
      auditDays: env.integer('RETENTION_AUDIT_DAYS', 730, { min: 1, max: 36_500 }),
    },
    /** Processes that answer behind the one port. */
    webConcurrency: env.integer('WEB_CONCURRENCY', 1, { min: 1, max: 256 }),
    /** The commit that was built, for the health checks. */
    gitCommit: env.string('GIT_COMMIT', ''),
    /** How long a process that was told to end says that it is not ready, and goes on. */
    shutdownDelayMs: env.milliseconds('SHUTDOWN_DELAY_MS', 0, { max: 600_000 }),
    shutdownTimeoutMs: env.milliseconds('SHUTDOWN_TIMEOUT_MS', 15_000, { min: 1000 }),
    adminToken: env.secret('ADMIN_TOKEN') || (appEnv === 'local' ? randomBytes(24).toString('base64url') : ''),
    /** Of the generic provider; those of others stand with their settings. */
    webhookSecrets: env.secretList('WEBHOOK_SECRETS'),
  };
  for (const name of ['DB_HOST', 'REDIS_HOST']) {
    const isFound = name === 'REDIS_HOST' && config.redis.sentinels.length > 0;
    if (!env.has(name) && !isFound)
      env.reject(name, 'is not set; `npm start` sets it to a private server, here it is needed');
  }
  if (config.buyers.tokens !== 'off' && config.buyers.jwksFile === '') {
    env.reject('BUYER_TOKEN_JWKS_FILE', `is not set; BUYER_TOKENS=${config.buyers.tokens} needs the keys of the shop`);
  }
  if (!areHeaders(config.tracing.headers)) {
    env.reject(
      'OTEL_EXPORTER_OTLP_HEADERS',
      'must be "name=value" pairs, separated by commas, with %-escapes in values',
    );
  }
  const { currency } = config.payments;
  if (decimalsOf(currency) > DECIMALS_MAX) {
    const decimals = `${decimalsOf(currency)} decimals, and amounts are kept with ${DECIMALS_MAX} at most`;
    env.reject('CURRENCY', `is ${currency}, which has ${decimals}`);
  }
  if (config.adminToken.startsWith(API_KEY_PREFIX))
    env.reject('ADMIN_TOKEN', `begins with ${API_KEY_PREFIX}, as API keys do; it needs to be told from them`);
  if (!isLocal && config.payments.simulated.webhookSecrets.length > 0) {
    env.reject(
      'SIMULATED_WEBHOOK_SECRETS',
      'is set, which turns the simulated provider on: it moves no money, and in production orders would be paid by nothing',
    );
  }
  const isUnsigned = config.webhookSecrets.length === 0 && config.payments.stripe.webhookSecrets.length === 0;
  // Who can be called by others believes only what is signed, and lets in only who can't have guessed the token.
  if (!isLocal || !isLoopback(config.http.host)) {
    const where = isLocal ? `with HOST=${config.http.host}, beyond loopback,` : 'in production';
    if (isUnsigned) {
      env.reject(
        'WEBHOOK_SECRETS',
        `is not set, nor is STRIPE_WEBHOOK_SECRETS; ${where} every payment notice must be signed`,
      );
    }
    if (config.adminToken !== '' && !isUnguessable(config.adminToken)) {
      env.reject(
        'ADMIN_TOKEN',
        `can be guessed; ${where} it needs ${ADMIN_TOKEN_LENGTH_MIN} random characters, as "openssl rand -hex 32" makes them`,
      );
    }
  }
  env.finish();
  /** Whether notices that nobody signed are believed: only where no secret is set at all and nobody else can call. */
  const takesUnsignedNotices = isUnsigned;
  return deepFreeze({ ...config, takesUnsignedNotices });
}

/** Pairs as OpenTelemetry has them; what can't be read would be left out in silence. */
function areHeaders(text: string): boolean {
  if (!/^$|^\s*[\w.-]+\s*=[^,;]+(,\s*[\w.-]+\s*=[^,;]+)*$/.test(text)) return false;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Long enough, and neither a sentence that stands for a token in an example nor one letter many times. */
function isUnguessable(token: string): boolean {
  return token.length >= ADMIN_TOKEN_LENGTH_MIN && /^[\x21-\x7e]+$/.test(token) && new Set(token).size > 5;
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

function deepFreeze<T extends object>(value: T): DeepReadonly<T> {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) deepFreeze(child as object);
  }
  return Object.freeze(value) as DeepReadonly<T>;
}
