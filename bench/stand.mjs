// The test stand of a row: a database and a Redis emptied before it, the built service in production settings,
// the echo, the naive baseline and the commit proxy, each a process of its own that the stand ends after the row.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';

import { builtCli, localDir, root } from '../scripts/checkout.mjs';
import { runTool, spawnOwned } from '../scripts/owned.mjs';
import { findFreePort, getStatus } from '../scripts/ports.mjs';
import { checkHoldsAreStored, checkStockIdentity } from './stock-identity.mjs';

const here = import.meta.dirname;
const DATABASE = 'checkout_bench';
const NAIVE_DATABASE = 'checkout_bench_naive';
const START_CAP_MS = 30_000;
const BUFFER_POOL_BYTES = 1024 ** 3;
/** All that is taken over from the shell: a stray variable in it must not change a figure. */
const PASSED_ON = /^(PATH|HOME|LANG|LC_ALL|DB_(HOST|PORT|USERNAME|PASSWORD)|REDIS_(HOST|PORT|PASSWORD))$/;
// Written by Node or by Fastify itself, from the answer at hand.
const MADE_ANEW = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

/** How `npm run start:prod` starts the service: the flags are part of what is measured. */
export function startCommand() {
  const text = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts['start:prod'];
  const [program, ...args] = text.split(' ').filter((word) => word !== 'exec');
  if (program !== 'node') throw new Error(`start:prod is expected to run node: ${text}`);
  return { flags: args.slice(0, -1), entry: join(root, args.at(-1)), text };
}

export class Stand {
  /** @type {any} a connection of mysql2, whose answers have no type of their own; there from `open` on */
  database;
  /** @type {any} an ioredis; there from `open` on */
  redis;
  /** @type {Record<string, number | null>} */
  pids = {};
  #processes = [];
  #counts = new Map();
  #olderHolds = 0;

  /** @param {{ wrk: string }} options  the path of the load generator */
  constructor({ wrk }) {
    this.wrk = wrk;
    this.pidDir = join(localDir, 'bench');
    this.profileDir = join(this.pidDir, 'profiles');
    this.isProfiling = false;
    this.proxyPid = null;
    const key = randomBytes(12).toString('hex');
    this.webhookKey = key;
    this.settings = {
      APP_ENV: 'production',
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_PER_MINUTE: '0',
    };
    this.secrets = {
      WEBHOOK_SECRETS: `whsec_${Buffer.from(key).toString('base64')}`,
      ADMIN_TOKEN: randomBytes(24).toString('hex'),
    };
    this.env = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
  }

  /** Connects to the private servers that run.mjs has started. */
  async open() {
    const { DB_HOST: host, DB_PORT, DB_USERNAME: user, DB_PASSWORD: password, REDIS_HOST, REDIS_PORT } = process.env;
    if (!host || !REDIS_HOST) throw new Error('There are no servers: run this with `npm run bench`.');
    this.database = await mysql.createConnection({ host, port: Number(DB_PORT), user, password });
    const redisPassword = process.env.REDIS_PASSWORD ? { password: process.env.REDIS_PASSWORD } : {};
    this.redis = new Redis({ host: REDIS_HOST, port: Number(REDIS_PORT), ...redisPassword });
    await this.database.query('SET GLOBAL innodb_buffer_pool_size = ?', [BUFFER_POOL_BYTES]);
    await this.#refuseFastAndLoose();
    this.pids = await this.#findServerPids();
  }

  async #refuseFastAndLoose() {
    const [[{ flush }]] = await this.database.query('SELECT @@innodb_flush_log_at_trx_commit AS flush');
    if (flush !== 1) throw new Error(`innodb_flush_log_at_trx_commit is ${flush}: holds would not be durable`);
  }

  async #findServerPids() {
    const [[{ pidFile }]] = await this.database.query('SELECT @@pid_file AS pidFile');
    const database = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : null;
    const redis = Number(/process_id:(\d+)/.exec(await this.redis.info('server'))?.[1]);
    return { database, redis };
  }

  async close() {
    await this.reset();
    await this.database.end();
    await this.redis.quit();
  }

  /** Ends what the last row started. */
  async reset() {
    const processes = this.#processes.reverse();
    this.#processes = [];
    this.proxyPid = null;
    for (const { end } of processes) await end();
    this.#counts = new Map();
    this.#olderHolds = 0;
  }

  /** A database as the migrations make it, and an empty Redis. */
  async prepare() {
    await this.reset();
    await this.redis.flushall();
    for (const name of [DATABASE, NAIVE_DATABASE]) await this.database.query('DROP DATABASE IF EXISTS ??', [name]);
    await runTool(process.execPath, [builtCli, 'migrate'], {
      name: 'migrate',
      cwd: this.pidDir,
      pidDir: this.pidDir,
      env: this.serviceEnv(),
    });
    await this.database.changeUser({ database: DATABASE });
  }

  /**
   * The built service. It runs in a folder without `.env`, so its settings are those of here.
   * @param {{ name?: string, env?: Record<string, string>, databasePort?: number, preload?: string }} options  a second
   *   one needs another name, which begins with `service` too; `preload` is a module that is loaded before it
   */
  startService({ name = 'service', env = {}, databasePort, preload } = {}) {
    const { flags, entry } = startCommand();
    const before = preload === undefined ? [] : ['--import', preload];
    return this.#start(name, [...flags, ...before, ...this.#profileFlags(name), entry], {
      ...this.settings,
      ...this.secrets,
      DB_DATABASE: DATABASE,
      ...(databasePort && { DB_PORT: String(databasePort) }),
      ...env,
    });
  }

  /** The environment of a process that is to be built like the service. */
  serviceEnv() {
    return { ...this.env, ...this.settings, ...this.secrets, DB_DATABASE: DATABASE };
  }

  /** Takes one real answer of the service for each call, and echoes it. */
  async startEcho(service, calls) {
    const routes = [];
    for (const call of calls) routes.push(await sampleAnswer(service, call, routes));
    const { flags } = startCommand();
    const echo = await this.#start('echo', [...flags, ...this.#profileFlags('echo'), join(here, 'echo.mjs')], {
      NODE_ENV: 'production',
      ECHO_ROUTES: JSON.stringify(routes),
    });
    await refuseOtherBytes(echo, calls, routes);
    // The samples were holds too.
    this.count(service, { answered: 0, connections: calls.length });
    return echo;
  }

  /** @param {{ databasePort?: number }} options */
  startNaive({ databasePort } = {}) {
    const { flags } = startCommand();
    return this.#start('naive', [...flags, join(here, 'naive.mjs')], {
      NODE_ENV: 'production',
      DB_DATABASE: NAIVE_DATABASE,
      ...(databasePort && { DB_PORT: String(databasePort) }),
    });
  }

  /** @returns {Promise<{ port: number, delayCommits(ms: number): Promise<void> }>} */
  async startCommitProxy() {
    const { child } = this.#spawn('commit-proxy', [join(here, 'commit-proxy.mjs'), process.env.DB_PORT], {});
    this.proxyPid = child.pid;
    const answer = () => new Promise((resolve) => child.once('message', resolve));
    const { port } = await answer();
    const delayCommits = async (delayMs) => {
      child.send({ delayMs });
      await answer();
    };
    return { port, delayCommits };
  }

  async #start(name, args, env) {
    const port = await findFreePort();
    const isService = name.startsWith('service');
    const { child, exited, end } = this.#spawn(name, args, { ...env, HOST: '127.0.0.1', PORT: String(port) });
    const server = { name, isService, pid: child.pid, port, end };
    let hasEnded = false;
    let isReady = false;
    void exited.then(() => (hasEnded = true));
    child.once('message', () => (isReady = true));
    const deadline = Date.now() + START_CAP_MS;
    while (!hasEnded && Date.now() < deadline) {
      if (isService ? (await getStatus(`http://127.0.0.1:${port}/health/ready`)) === 200 : isReady) return server;
      await sleep(25);
    }
    throw new Error(`${name} did not start; the end of its output:\n${this.outputOf(name).slice(-2000)}`);
  }

  #spawn(name, args, env) {
    mkdirSync(this.pidDir, { recursive: true });
    const out = openSync(this.#logFile(name), 'w');
    const options = { cwd: this.pidDir, env: { ...this.env, ...env }, stdio: ['ignore', out, out, 'ipc'] };
    /** @type {import('../scripts/owned.mjs').Ownership} */
    const as = { name, role: 'app', pidDir: this.pidDir, graceMs: 20_000 };
    const spawned = spawnOwned(process.execPath, args, options, as);
    closeSync(out);
    this.#processes.push(spawned);
    return spawned;
  }

  #logFile(name) {
    return join(this.pidDir, `${name}.log`);
  }

  /** What a process printed: in production settings the service is silent unless something is wrong. */
  outputOf(name) {
    return existsSync(this.#logFile(name)) ? readFileSync(this.#logFile(name), 'utf8') : '';
  }

  #profileFlags(name) {
    if (!this.isProfiling) return [];
    rmSync(join(this.profileDir, `${name}.cpuprofile`), { force: true });
    return ['--cpu-prof', `--cpu-prof-dir=${this.profileDir}`, `--cpu-prof-name=${name}.cpuprofile`];
  }

  /** Puts products on sale, in the service's tables and, when it runs, in those of the naive baseline. */
  async addProducts(count, stockTotal) {
    const rows = Array.from({ length: count }, (_, index) => [index + 1, `product ${index + 1}`, '99.99', stockTotal]);
    for (const database of await this.#databases()) {
      const columns = 'id, name, price, stock_total';
      await this.database.query(`INSERT INTO ??.products (${columns}) VALUES ?`, [database, rows]);
    }
  }

  async #databases() {
    const [found] = await this.database.query('SHOW DATABASES LIKE ?', [NAIVE_DATABASE]);
    return found.length > 0 ? [DATABASE, NAIVE_DATABASE] : [DATABASE];
  }

  /** Holds of long ago, released, in both schemas. */
  async addReleasedHolds(productId, count, idPrefix) {
    const digits =
      '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';
    const numbers = `(SELECT a.d*100000 + b.d*10000 + c.d*1000 + e.d*100 + f.d*10 + g.d AS n
      FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f, ${digits} g) numbers`;
    const hexId = `CONCAT('${idPrefix}', LPAD(HEX(n), 10, '0'), '70008000000000000000')`;
    const expiry = 'NOW(3) - INTERVAL 1 DAY + INTERVAL n MICROSECOND';
    await this.database.query(
      `INSERT INTO ${DATABASE}.holds (id, product_id, qty, expires_at, used, released)
       SELECT UNHEX(${hexId}), ?, 1, ${expiry}, 0, 1 FROM ${numbers} WHERE n < ? ORDER BY n`,
      [productId, count],
    );
    this.#olderHolds += count;
    if (!(await this.#databases()).includes(NAIVE_DATABASE)) return;
    await this.database.query(
      `INSERT INTO ${NAIVE_DATABASE}.holds (id, product_id, qty, status, expires_at)
       SELECT ${hexId}, ?, 1, 'released', ${expiry} FROM ${numbers} WHERE n < ? ORDER BY n`,
      [productId, count],
    );
  }

  /** Remembers how many holds the service has answered, for `check`. */
  count(server, { answered, connections, isHolds = true }) {
    const counts = this.#counts.get(server) ?? { answered: 0, unansweredMax: 0 };
    if (isHolds) counts.answered += answered;
    counts.unansweredMax += connections;
    this.#counts.set(server, counts);
  }

  /** Recounts the stock. @throws Error when a promise was broken, which fails the whole run. */
  async check({ countsHolds = false } = {}) {
    await checkStockIdentity(this.database);
    if (!countsHolds) return;
    const services = [...this.#counts].filter(([server]) => server.isService).map(([, counts]) => counts);
    const sum = (pick) => services.reduce((total, counts) => total + pick(counts), 0);
    await checkHoldsAreStored(this.database, this.#olderHolds, {
      answered: sum(({ answered }) => answered),
      unansweredMax: sum(({ unansweredMax }) => unansweredMax),
    });
  }
}

/**
 * @param {{ port: number }} server
 * @param {{ method?: string, path: string, body?: object, headers?: Record<string, string> }} call
 * @returns {Promise<{ status: number | undefined, headers: http.IncomingHttpHeaders, body: string }>}
 */
export function callOnce({ port }, { method = 'GET', path, body, headers = {} }) {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = payload === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { ...type, ...headers }, agent: false };
    const request = http.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject).end(payload);
  });
}

async function sampleAnswer(service, call, earlier) {
  const { method = 'GET', path, ...rest } = typeof call === 'function' ? call(earlier) : call;
  const { status, headers, body } = await callOnce(service, { method, path, ...rest });
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !MADE_ANEW.has(name)));
  return { method, path, status, headers: kept, body };
}

/** An echo that answers with other bytes than the service would flatter one of the two. */
async function refuseOtherBytes(echo, calls, routes) {
  for (const [index, call] of calls.entries()) {
    const { method = 'GET', path, ...rest } = typeof call === 'function' ? call(routes.slice(0, index)) : call;
    const { status, headers, body } = await callOnce(echo, { method, path, ...rest });
    const wanted = routes[index];
    const isSame =
      status === wanted.status &&
      body === wanted.body &&
      Object.entries(wanted.headers).every(([name, value]) => headers[name] === value) &&
      Object.keys(headers).every((name) => MADE_ANEW.has(name) || name in wanted.headers);
    if (!isSame) throw new Error(`The echo answers ${method} ${path} otherwise than the service`);
  }
}
